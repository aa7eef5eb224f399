package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v3"

	"relock/internal/intake"
	"relock/internal/job"
)

const enqueueHelp = `Reads lists of usernames, checks every row, shows a plan, asks for confirmation,
writes the job to the ledger and sends a message for each user to the queue.
Nobody is reset by enqueue: that is the worker's.

A list is CSV with a header: username, cognito:username, user, email, sub or
phone_number names the users (--column for another, --no-header for none). Comma,
semicolon and tab, UTF-8 and UTF-16, gzip and "-" for standard input are
understood. Duplicates are dropped and listed. One row that is not valid, and
nothing is sent, unless --skip-invalid leaves such rows out.

EXAMPLES
   See what would happen, and send nothing:
      enqueue --user-pool-id eu-west-1_AbCdEf123 --dry-run users.csv
   Do it; the number of users has to be typed:
      enqueue --user-pool-id eu-west-1_AbCdEf123 \
         --queue https://sqs.eu-west-1.amazonaws.com/123456789012/relock \
         --ledger file:relock --reason INC-1123 users.csv
   From a timer:
      enqueue --user-pool-id … --queue … --ledger … --job quarter-2026-4 \
         --yes --max-users 50000 users.csv.gz

An interrupted enqueue is started again with the same command and goes on where
it stopped. The same list again is the same job: while it is open it goes on, and
once it has finished it is refused unless --job names a new one.

EXIT CODES
   0 done   1 error   2 wrong usage   130, 143 interrupted; nothing is lost`

// Enqueue is the program enqueue.
func Enqueue(ctx, _ context.Context, s Streams, args []string) int {
	cmd := &cli.Command{
		Name:        "enqueue",
		Usage:       "send a list of users to be reset to the queue",
		UsageText:   "enqueue --user-pool-id POOL [flags] FILE…",
		Description: enqueueHelp,
		Version:     ourVersion(),
		Flags:       enqueueFlags(),
		Action: func(ctx context.Context, cmd *cli.Command) error {
			e := &enqueue{cmd: cmd, s: s}
			return e.run(ctx)
		},
	}
	return run(ctx, s, cmd, args)
}

func enqueueFlags() []cli.Flag {
	flags := []cli.Flag{
		&cli.StringFlag{Name: flagPool, Usage: "`POOL` whose users are to be reset, as in eu-west-1_AbCdEf123", Sources: env(flagPool), Required: true, Category: "Where"},

		&cli.StringFlag{Name: "column", Usage: "`NAME` of the column with the usernames, or its number with --no-header", Sources: env("column"), Category: "List"},
		&cli.BoolFlag{Name: "no-header", Usage: "the first row is a user already", Sources: env("no-header"), Category: "List"},
		&cli.BoolFlag{Name: "skip-invalid", Usage: "leave rows out that are not valid, and write them to --rejects", Sources: env("skip-invalid"), Category: "List"},
		&cli.StringFlag{Name: "rejects", Usage: "`FILE` for the rows left out, with line and reason; defaults to rejects.csv", Sources: env("rejects"), Category: "List"},
		&cli.StringFlag{Name: "duplicates", Usage: "`FILE` for all duplicates, each with both line numbers", Sources: env("duplicates"), Category: "List"},
		&cli.StringSliceFlag{Name: "metadata", Usage: "`KEY=VALUE` for the pool's Lambda triggers, for every user; Cognito does not encrypt it, so nothing sensitive", Sources: env("metadata"), Category: "List"},
		&cli.StringSliceFlag{Name: "metadata-column", Usage: "`NAME[=KEY]` of a column whose values are metadata", Sources: env("metadata-column"), Category: "List"},

		&cli.StringFlag{Name: "job", Usage: "`ID` of the job; defaults to one that follows from pool, list and metadata", Sources: env("job"), Category: "Job"},
		&cli.StringFlag{Name: "reason", Usage: "why, in your `WORDS`, for the record", Sources: env("reason"), Category: "Job"},

		&cli.BoolFlag{Name: "dry-run", Usage: "stop after the plan", Sources: env("dry-run"), Category: "Safety"},
		&cli.BoolFlag{Name: "offline", Usage: "with --dry-run: ask AWS nothing", Sources: env("offline"), Category: "Safety"},
		&cli.BoolFlag{Name: "yes", Usage: "do not ask; needs --max-users", Sources: env("yes"), Category: "Safety"},
		&cli.Int64Flag{Name: "max-users", Usage: "refuse a list of more than `N` users", Sources: env("max-users"), Category: "Safety"},
		&cli.BoolFlag{Name: flagForce, Usage: "let --rate exceed the quota", Sources: env(flagForce), Category: "Safety"},
	}
	flags = append(flags, storeFlags()...)
	flags = append(flags, createTableFlag())
	flags = append(flags, paceFlags()...)
	return append(flags, logFlags()...)
}

// enqueue is one run of the program.
type enqueue struct {
	cmd *cli.Command
	s   Streams
}

func (e *enqueue) run(ctx context.Context) error {
	set, err := e.settings()
	if err != nil {
		return err
	}
	facts := ask(ctx, e.cmd, set)
	list, err := e.read(ctx, set)
	if err != nil {
		return err
	}
	defer func() { _ = list.Close() }() // only read
	p, err := newPlan(ctx, e.cmd, set, list, facts)
	if err != nil {
		return interrupted(ctx, err)
	}
	defer p.close()
	p.print(e.s.Out)
	if set.dryRun {
		say(e.s.Out, "\nThis was a dry run: nothing was sent and nothing was written.\n")
		return nil
	}
	if limit := e.cmd.Int64("max-users"); limit > 0 && list.Counts.Targets > limit {
		return &exitError{ExitError, fmt.Errorf("the list has %d users, more than --max-users %d; nothing was sent", list.Counts.Targets, limit)}
	}
	if err := e.confirm(p); err != nil {
		return err
	}
	return e.send(ctx, set, p, list)
}

// read checks the whole list. Rows left out go to a file.
func (e *enqueue) read(ctx context.Context, set settings) (*intake.List, error) {
	cfg := set.list
	cfg.Stdin = e.s.In
	for _, out := range []struct {
		flag, name string
		wanted     bool
	}{
		{"rejects", set.rejects, cfg.SkipInvalid},
		{"duplicates", e.cmd.String("duplicates"), e.cmd.String("duplicates") != ""},
	} {
		if !out.wanted || set.dryRun && out.flag == "rejects" && !e.cmd.IsSet("rejects") {
			continue
		}
		f, err := os.OpenFile(filepath.Clean(out.name), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			return nil, fmt.Errorf("--%s: %w", out.flag, err)
		}
		defer func() { _ = f.Close() }() // Scan has flushed, and reported errors
		if out.flag == "rejects" {
			cfg.Rejects = f
		} else {
			cfg.DuplicatesOut = f
		}
	}
	list, err := intake.Scan(ctx, cfg)
	if err == nil {
		return list, nil
	}
	if rows, ok := errors.AsType[*intake.RowsError](err); ok {
		return nil, e.rows(rows)
	}
	if errors.Is(err, intake.ErrConfig) {
		return nil, &exitError{ExitUsage, err}
	}
	return nil, interrupted(ctx, err)
}

// rows shows the rows that are not valid.
func (e *enqueue) rows(err *intake.RowsError) error {
	for _, p := range err.Problems {
		say(e.s.Err, "%s\n", p)
	}
	if more := err.Invalid - int64(len(err.Problems)); more > 0 {
		say(e.s.Err, "… and %d more\n", more)
	}
	remedy := "mend them, or leave them out with --skip-invalid"
	if err.None {
		remedy = "no row is left; check --column and the list"
	}
	return fmt.Errorf("%d of %d rows are not valid; nothing was sent; %s", err.Invalid, err.Rows, remedy)
}

// interrupted turns the end of a context into the exit code of its signal.
func interrupted(ctx context.Context, err error) error {
	if sig, ok := errors.AsType[signalError](context.Cause(ctx)); ok {
		return &exitError{ExitSignal + int(sig.sig), err}
	}
	return err
}

// jobState says what to do with a job that the ledger has already.
func jobState(old job.Job, content string, named bool) error {
	switch {
	case old.Content != content && named:
		return fmt.Errorf("the ledger has a job %s already, with another list; choose another --job", old.ID)
	case old.Content != content:
		return fmt.Errorf("the ledger has another job %s already; name this one with --job", old.ID)
	case old.State == job.StateFinished:
		return fmt.Errorf("this list was job %s, which finished on %s; nobody is reset twice by accident: to run it anew, give it a name with --job NAME", old.ID, old.Finished.UTC().Format("2006-01-02 15:04 UTC"))
	case old.State == job.StateCancelled:
		return fmt.Errorf("this list was job %s, which was cancelled on %s; to run it anew, give it a name with --job NAME", old.ID, old.Finished.UTC().Format("2006-01-02 15:04 UTC"))
	default:
		return nil
	}
}
