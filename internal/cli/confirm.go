package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/term"

	"relock/internal/intake"
	"relock/internal/number"
)

// attempts is how often the number of users may be typed.
const attempts = 2

var errNotConfirmed = errors.New("not confirmed")

// checkConsent finds out, before anything is read, whether somebody can be asked,
// and that --yes has a bound.
func (e *enqueue) checkConsent(s settings) error {
	if s.dryRun {
		return nil
	}
	if e.cmd.Bool("yes") {
		if e.cmd.Int64("max-users") <= 0 {
			return usage("--yes needs --max-users N: without a person, the number of users is bounded")
		}
		return nil
	}
	_, done, err := e.terminal(s.list.Paths)
	if err == nil {
		done()
	}
	return err
}

// confirm asks to type the number of users, unless --yes is given.
func (e *enqueue) confirm(ctx context.Context, p *plan) error {
	if e.cmd.Bool("yes") {
		return nil
	}
	in, done, err := e.terminal(p.set.list.Paths)
	if err != nil {
		return err
	}
	defer done()
	want := strconv.FormatInt(p.list.Counts.Targets, 10)
	// On standard error: the plan may be kept in a file.
	say(e.s.Err, "\n")
	for _, line := range wrap(p.consequence(), textWidth(e.s.Err)) {
		say(e.s.Err, "%s\n", line)
	}
	lines := typed(in)
	for range attempts {
		say(e.s.Err, "Type the number of users to go on: ")
		select {
		case <-ctx.Done():
			say(e.s.Err, "\n")
			return ctx.Err()
		case line, ok := <-lines:
			switch {
			case !ok:
				say(e.s.Err, "\n")
				return errNotConfirmed
			case line == want || line == number.Group(p.list.Counts.Targets):
				return nil
			}
		}
		say(e.s.Err, "That is not %s.\n", want)
	}
	return errNotConfirmed
}

// consequence is what the operator is asked to agree to.
func (p *plan) consequence() string {
	pool := p.set.pool
	if p.job.Plan.PoolName != "" {
		pool = fmt.Sprintf("%q (%s)", p.job.Plan.PoolName, pool)
	}
	text := fmt.Sprintf("The passwords of %s of the pool %s will stop working, and each of them is sent a code.", users(p.list.Counts.Targets), pool)
	if p.list.Counts.Targets == 1 {
		text = fmt.Sprintf("The password of 1 user of the pool %s will stop working, and a code is sent.", pool)
	}
	if p.job.Policy.SignOut {
		text += " Their sessions are ended."
	}
	return text
}

// typed are the lines of a terminal. A read cannot be taken back, so its goroutine
// may outlive the question; it ends with the program.
func typed(in io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(in); s.Scan(); {
			lines <- strings.TrimSpace(s.Text())
		}
	}()
	return lines
}

// terminal is where a person can be asked: standard input, or, if the list comes
// from there, the terminal itself.
func (e *enqueue) terminal(lists []string) (io.Reader, func(), error) {
	if f, ok := e.s.In.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return f, func() {}, nil
	}
	if slices.Contains(lists, intake.Stdin) {
		if tty, err := os.Open("/dev/tty"); err == nil {
			return tty, func() { _ = tty.Close() }, nil // only read
		}
	}
	return nil, nil, usage("there is no terminal to confirm on; use --yes with --max-users N, or --dry-run")
}
