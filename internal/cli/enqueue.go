package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v3"
)

const enqueueHelp = `Reads lists of usernames, checks every row, shows a plan, asks for confirmation,
writes the job to the ledger and sends a message for each user to the queue.
Nobody is reset by enqueue: that is the worker's.

A list is CSV with a header: username, cognito:username, user, login, email, sub
or phone_number names the users (--column for another, --no-header for none); or
JSON: what list-users prints, an array, or an object a line. Comma, semicolon and
tab, UTF-8 and UTF-16, gzip and "-" for standard input are understood. Duplicates
are dropped and listed; other names of the same user are found with
--unique-users, which looks up every row at 24 calls a second. One row that is not
valid, such as 1.55556E+10 or NULL, and nothing is sent, unless --skip-invalid
leaves such rows out, or --literal takes what only looks wrong. A list with
passwords or hashes is refused.

Instead of a file the pool itself can give the list: --all-users, --group or
--filter, narrowed by --status. Disabled and federated users are on it unless
--status leaves them out; Cognito cannot reset them, and the report says so.
Listings lag behind by moments.

--exclude names users who must not be touched, such as break-glass administrators
and service accounts. Each is looked up in the pool, and left out under whichever
name the list has: username, sub, e-mail address, phone number. One who cannot be
found stops the run. The worker looks once more before each reset.

The plan also asks AWS what will go wrong: mail that cannot be sent, a queue that
forgets too soon, the list of another pool. A hundred users drawn at random are
looked up, and what becomes of all is projected (--sample). A finding that stops
the run has a code: mend it, or go on with --force CODE, which is kept with the
job. docs/preflight.md lists the codes. Where AWS cannot be asked, that stops the
run, too; --offline prepares a job in files without any check.

EXAMPLES
   See what would happen, and send nothing:
      enqueue --user-pool-id eu-west-1_AbCdEf123 --dry-run users.csv
   Do it; the number of users has to be typed:
      enqueue --user-pool-id eu-west-1_AbCdEf123 \
         --queue https://sqs.eu-west-1.amazonaws.com/123456789012/relock \
         --ledger file:relock --reason INC-1123 users.csv
   Everybody but those in spare.csv:
      enqueue --user-pool-id eu-west-1_AbCdEf123 --all-users --status enabled \
         --exclude spare.csv
   Those whom a job could not reset, once more:
      enqueue --retry-failed JOB --outcome gave_up,missing --reason INC-1123
   A list without a header, whose third column names the users:
      enqueue --user-pool-id … --no-header --column 3 export.txt
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
		UsageText:   "enqueue --user-pool-id POOL [flags] FILE… | --all-users | --group NAME |\n   --filter EXPR, or enqueue --retry-failed JOB [flags]",
		Description: enqueueHelp,
		Version:     ourVersion(),
		Flags:       enqueueFlags(),
		// A value of metadata may hold a comma.
		DisableSliceFlagSeparator: true,
		Action: func(ctx context.Context, cmd *cli.Command) error {
			e := &enqueue{cmd: cmd, s: s, text: s.Out}
			if cmd.Bool(flagJSON) {
				e.text = io.Discard
			}
			return e.run(ctx)
		},
	}
	return run(ctx, s, cmd, args)
}

// enqueue is one run of the program.
type enqueue struct {
	cmd *cli.Command
	s   Streams
	// text is for people.
	text io.Writer
	// reports are --rejects and --duplicates; duplicates is what is written to the
	// latter, nil without.
	reports    reports
	duplicates io.Writer
	// parent is the job that is tried again, or nil.
	parent *parent
}

func (e *enqueue) run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, e.reports.close()) }()
	if e.parent, err = e.readParent(ctx); err != nil {
		return nothingSent(interrupted(ctx, err))
	}
	set, err := e.settings()
	if err != nil {
		return err
	}
	for _, text := range exposed(set.queue, set.ledger) {
		say(e.s.Err, "warning: %s\n", text)
	}
	p, err := e.plan(ctx, set)
	if err != nil {
		return nothingSent(interrupted(ctx, err))
	}
	defer p.close()
	switch {
	case set.dryRun:
		say(e.text, "\nThis was a dry run: nothing was sent and nothing was written.\n")
		return nil
	case p.known.sentAll:
		say(e.text, "\nEvery message of job %s was sent before; nothing was sent now. %s\n", p.job.ID, p.known.hint(atLedger(e.cmd)))
		return nil
	}
	if err := e.confirm(ctx, p); err != nil {
		return nothingSent(interrupted(ctx, err))
	}
	return e.send(ctx, set, p)
}

// plan reads the list, asks AWS and the ledger, and shows what will be done. It
// fails where that would be refused.
func (e *enqueue) plan(ctx context.Context, set settings) (*plan, error) {
	asking, stopAsking := context.WithCancel(ctx)
	defer stopAsking()
	answers := ask(asking, e.cmd, set)
	if err := e.gather(ctx, &set, answers); err != nil {
		stopAsking()
		answers().close()
		return nil, err
	}
	list, err := e.read(ctx, set)
	if err != nil {
		stopAsking()
		answers().close()
		return nil, err
	}
	if !set.unique {
		if err := e.writeDuplicates(list); err != nil {
			stopAsking()
			answers().close()
			return nil, errors.Join(err, list.Close())
		}
	}
	p, err := e.newPlan(ctx, set, list, answers())
	if err == nil {
		err = errors.Join(e.writeDuplicates(list), list.Settle())
	}
	if err == nil {
		err = e.show(p)
	}
	if err == nil {
		err = p.refusal(e.cmd.Int64("max-users"))
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// show prints the plan.
func (e *enqueue) show(p *plan) error {
	for _, f := range p.list.Files {
		if len(f.PassedOver) > 0 {
			say(e.s.Err, "%s: users are named by %q, not by %s; --column takes another\n", f.Name, f.Column, quoted(f.PassedOver))
		}
	}
	if e.cmd.Bool(flagJSON) {
		return p.printJSON(e.s.Out)
	}
	p.print(e.text)
	return nil
}

// nothingSent adds to a failure that nobody is affected by it.
func nothingSent(err error) error {
	code := ExitError
	if e, ok := errors.AsType[*exitError](err); ok {
		code, err = e.code, e.err
	}
	if code == ExitUsage {
		return &exitError{code, err} // nobody would think so
	}
	return &exitError{code, fmt.Errorf("%w; nothing was sent", err)}
}
