package cli

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/term"
)

// attempts is how often the number of users may be typed.
const attempts = 2

// checkYes refuses --yes without a bound, before anything is read.
func (e *enqueue) checkYes() error {
	if e.cmd.Bool("yes") && e.cmd.Int64("max-users") <= 0 && !e.cmd.Bool("dry-run") {
		return usage("--yes needs --max-users N: without a person, the number of users is bounded")
	}
	return nil
}

// confirm asks to type the number of users. Without a terminal and without --yes
// it refuses.
func (e *enqueue) confirm(p *plan) error {
	if e.cmd.Bool("yes") {
		return nil
	}
	in, done, err := e.terminal()
	if err != nil {
		return err
	}
	defer done()
	want := strconv.FormatInt(p.list.Counts.Targets, 10)
	say(e.s.Out, "\nThe passwords of %s users of %s will stop working, and each of them is sent a code.\n", want, p.set.pool)
	lines := bufio.NewReader(in)
	for range attempts {
		say(e.s.Out, "Type the number of users to go on: ")
		line, err := lines.ReadString('\n')
		if strings.TrimSpace(line) == want {
			return nil
		}
		if err != nil {
			break
		}
		say(e.s.Out, "That is not %s.\n", want)
	}
	return fmt.Errorf("not confirmed; nothing was sent")
}

// terminal is where a person can be asked: standard input, or, if the list comes
// from there, the terminal itself.
func (e *enqueue) terminal() (io.Reader, func(), error) {
	refuse := usage("there is no terminal to ask on; use --yes with --max-users N, or --dry-run; nothing was sent")
	if f, ok := e.s.In.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return f, func() {}, nil
	}
	if !strings.Contains(" "+strings.Join(e.cmd.Args().Slice(), " ")+" ", " - ") {
		return nil, nil, refuse
	}
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return nil, nil, refuse
	}
	return tty, func() { _ = tty.Close() }, nil // only read
}
