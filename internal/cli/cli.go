// Package cli is the programs: it turns flags into clients and hands them to the
// packages that do the work. Tests and the demo run the programs in process.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"relock/internal/number"

	"github.com/urfave/cli/v3"
)

// The exit codes of every program.
const (
	ExitOK         = 0
	ExitError      = 1
	ExitUsage      = 2
	ExitSomeFailed = 3
	ExitHalted     = 4
	// ExitSignal is added to the number of the signal that interrupted a run
	// which has an end: 130 for SIGINT, 143 for SIGTERM.
	ExitSignal = 128
)

// Streams are what a program reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Program is one of the programs. ctx ends with the first signal, now with the
// second.
type Program func(ctx, now context.Context, s Streams, args []string) int

// signalError is why a context ended.
type signalError struct{ sig syscall.Signal }

func (e signalError) Error() string {
	if e.sig == syscall.SIGINT {
		return "interrupted (SIGINT)"
	}
	return "interrupted (SIGTERM)"
}

// Main runs a program with the process's own streams, arguments and signals, and
// returns its exit code.
func Main(p Program) int {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	now, stopNow := context.WithCancelCause(context.Background())
	defer stopNow(nil)
	ch := make(chan os.Signal, 3)
	signal.Notify(ch, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		for _, stop := range []context.CancelCauseFunc{cancel, stopNow} {
			sig, _ := (<-ch).(syscall.Signal)
			stop(signalError{sig})
		}
		// Whoever signals a third time means it.
		signal.Stop(ch)
	}()
	return p(ctx, now, Streams{os.Stdin, os.Stdout, os.Stderr}, os.Args)
}

// exitError ends a program with a code. A nil err ends it without a word.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// interrupted turns the end of a context into the exit code of its signal, and
// "context canceled" into words.
func interrupted(ctx context.Context, err error) error {
	sig, ok := errors.AsType[signalError](context.Cause(ctx))
	if err == nil || !ok {
		return err
	}
	if errors.Is(err, context.Canceled) {
		err = sig
	}
	return &exitError{ExitSignal + int(sig.sig), err}
}

// run runs a command and turns its error into a message and an exit code.
func run(ctx context.Context, s Streams, cmd *cli.Command, args []string) int {
	cmd.Reader, cmd.Writer, cmd.ErrWriter = s.In, s.Out, s.Err
	cmd.EnableShellCompletion = true
	cmd.ExitErrHandler = func(context.Context, *cli.Command, error) {} // run exits, not the library
	if machine, ok := asksVersion(args); ok {
		return sayVersion(s.Out, cmd.Name, machine)
	}
	b := begun{json: asksJSON(args)}
	prepare(cmd, &b)
	err := cmd.Run(ctx, args)
	if err == nil {
		return ExitOK
	}
	code := exitCode(err)
	if _, ours := errors.AsType[*exitError](err); !b.ran && !ours {
		code, err = ExitUsage, flagError(cmd, err)
	}
	if e, ok := errors.AsType[*exitError](err); ok {
		code, err = e.code, e.err
	}
	if err != nil {
		text := asTyped(plain(err), cmd.Name, args)
		remedy := remedy(err)
		say(s.Err, "%s: %s\n", cmd.Name, text)
		if remedy != "" {
			say(s.Err, "  %s\n", remedy)
		}
		if code == ExitUsage {
			say(s.Err, "see `%s --help`\n", cmd.Name)
		}
		if b.json {
			// Nothing can be done if standard output is gone.
			_ = writeJSON(s.Out, errorJSON{"error", cmd.Name, code, text, remedy})
		}
	}
	return code
}

// errorJSON is why a run failed.
type errorJSON struct {
	Event   string `json:"event"` // error
	Program string `json:"program"`
	Code    int    `json:"exit_code"`
	Message string `json:"message"`
	Remedy  string `json:"remedy,omitempty"`
}

// asksJSON reports whether a command line, or the environment, asks for JSON, for one
// that is not understood.
func asksJSON(args []string) bool {
	for _, a := range args {
		switch name, value, set := strings.Cut(strings.TrimLeft(a, "-"), "="); {
		case a == "--":
			return false
		case name == flagJSON && strings.HasPrefix(a, "-"):
			yes, err := strconv.ParseBool(value)
			return !set || err == nil && yes
		}
	}
	yes, _ := strconv.ParseBool(os.Getenv("RELOCK_JSON"))
	return yes
}

// exitCode is what a program that ran ends with.
func exitCode(err error) int {
	if err == nil {
		return ExitOK
	}
	if e, ok := errors.AsType[*exitError](err); ok {
		return e.code
	}
	return ExitError
}

// env names a flag's environment variable: --max-users is RELOCK_MAX_USERS.
func env(flag string) cli.ValueSourceChain {
	return cli.EnvVars(variableOf(flag))
}

func variableOf(flag string) string {
	return "RELOCK_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

func say(w io.Writer, format string, args ...any) {
	number.Grouped(args)
	// A reader that has gone away (a closed pipe) must not stop the work.
	_, _ = fmt.Fprintf(w, format, args...)
}
