package cli

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/urfave/cli/v3"

	"relock/internal/job"
	"relock/internal/report/progress"
	"relock/internal/reset"
	"relock/internal/sqlite"
	"relock/internal/worker"
)

const workerHelp = `Takes messages from the queue, calls AdminResetUserPassword for each at the pace
that Cognito's quota allows, and records what became of each user in the ledger.
The users being reset need the same quota to choose a new password, so the worker
takes 80 % of it and slows down when somebody else needs it.

It touches users of the pools named with --user-pool-id only, and only targets
that the ledger lists for an open job. It never creates a queue or a ledger. A
service whose table in DynamoDB is empty waits until enqueue begins the ledger.

EXAMPLES
   Check permissions, pool and network, resetting nobody:
      worker --user-pool-id eu-west-1_AbCdEf123 --check
   Work until every user has an outcome, then end with a summary:
      worker --user-pool-id eu-west-1_AbCdEf123 \
         --queue https://sqs.eu-west-1.amazonaws.com/123456789012/relock \
         --ledger file:relock --drain
   As a service, with metrics for Prometheus:
      worker --user-pool-id … --queue … --ledger … --metrics-listen :9464
   With a live page of its progress, at http://127.0.0.1:9470/:
      worker --user-pool-id … --drain --status-listen :9470

SIGTERM or Ctrl-C stops receiving, hands back what is not started, finishes what
is and ends within five seconds. A second signal stops at once. Nothing is lost
either way: start it again.

EXIT CODES
   0 done, or told to stop   1 error   2 wrong usage
   3 done, and some users failed or could not be signed out
   4 halted: fix the cause and start again; with --wait only for a cause that
     does not pass by itself
   130, 143 a drain was interrupted; nothing is lost`

// Worker is the program worker.
func Worker(ctx, now context.Context, s Streams, args []string) int {
	cmd := &cli.Command{
		Name:        "worker",
		Usage:       "reset the users that the queue names",
		UsageText:   "worker --user-pool-id POOL… [flags]",
		Description: workerHelp,
		Version:     ourVersion(),
		Flags:       workerFlags(),
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if cmd.Args().Len() > 0 {
				return noArguments(cmd)
			}
			if cmd.IsSet("job") && !cmd.Bool("drain") {
				return usage("--job goes with --drain: a service works on every open job of its pools")
			}
			if cmd.Bool("wait") && !cmd.Bool("drain") {
				return usage("--wait goes with --drain: a service stays through every halt")
			}
			if _, err := statusAddr(cmd.String(flagStatusListen)); err != nil {
				return err
			}
			if _, _, err := metricsAddr(cmd); err != nil {
				return err
			}
			told, err := newScheduled(cmd, s)
			if err != nil {
				return err
			}
			return told.watch(ctx, now, func() error { return runWorker(ctx, now, cmd, s, told) })
		},
	}
	return run(ctx, s, cmd, args)
}

func runWorker(ctx, now context.Context, cmd *cli.Command, s Streams, told *scheduled) error {
	key, err := signKey(cmd)
	if err != nil {
		return err
	}
	s, sc := newScreen(s)
	p, err := openParts(ctx, cmd, s)
	if err != nil {
		return interrupted(ctx, err)
	}
	defer p.close()
	if cmd.Bool("check") {
		return p.check(ctx, cmd, s)
	}
	told.begin(ctx, p.registry, p.alive, p.log)
	if err := p.open(ctx, cmd); errors.Is(err, errNotAwaited) {
		return nil // a service is told to stop, and does
	} else if err != nil {
		return interrupted(ctx, err)
	}
	stopMetrics, err := p.serve(ctx, cmd)
	if err != nil {
		return err
	}
	defer stopMetrics()

	config, seals := p.config(cmd), newSealer(p.ledger, key, p.log)
	config.Finished, config.Signs = seals.finished, key != nil
	w := worker.New(config)
	stopStatus, err := p.serveStatus(ctx, cmd, w)
	if err != nil {
		return err
	}
	defer stopStatus()
	shown := show(ctx, sc, w, p.log)
	following, unfollow := context.WithCancel(ctx)
	var budgets sync.WaitGroup
	budgets.Go(func() { p.followBudget(following, cmd) })
	res, err := w.Run(ctx, now)
	unfollow()
	budgets.Wait()
	shown()
	if other, ok := errors.AsType[*worker.OtherPoolsError](err); ok {
		return usage("%w", other)
	}
	if err != nil {
		return interrupted(ctx, err)
	}
	seals.into(res.Jobs)
	told.targets(res.Jobs)
	if err := sayJobs(cmd, s.Out, res.Jobs); err != nil {
		return err
	}
	if !cmd.Bool(flagJSON) {
		sayRejected(cmd, s.Out, res.Rejected)
	}
	if res.Drained {
		p.lastScrape(ctx, res.Jobs)
	}
	return verdict(ctx, cmd.Bool("drain"), res)
}

// verdict is the exit code of a run, with the words for it.
func verdict(ctx context.Context, drain bool, res worker.Result) error {
	switch {
	case res.Halt != nil:
		return &exitError{ExitHalted, fmt.Errorf("halted (%s): %s; nothing is lost", progress.HaltText(*res.Halt), afterHalt(*res.Halt, res.Cause))}
	case !drain:
		return nil
	case len(res.Unsent) > 0:
		return fmt.Errorf("the queue is empty, but enqueue has not finished sending job %s, or sends it to another queue; run the same enqueue again to send the rest", res.Unsent[0])
	case !res.Drained:
		return interrupted(ctx, errors.New("interrupted; nothing is lost: run the same command again"))
	}
	var failed int64
	for _, j := range res.Jobs {
		failed += j.Totals.Failed() + j.Totals.SignOuts[job.SignOutFailed]
	}
	if failed > 0 {
		return &exitError{ExitSomeFailed, nil}
	}
	return nil
}

// afterHalt is what to do about a halt that has ended the run. A file that fails says
// itself what is wrong with it.
func afterHalt(h job.Halt, cause error) string {
	if file, ok := errors.AsType[*sqlite.Error](cause); ok && file.Kind != nil {
		return file.Error() + "; then start the worker again with the same command"
	}
	return h.Remedy(false)
}

// checkJSON says that a pool is well; for one that is not, the exit code and
// standard error do.
type checkJSON struct {
	Event string `json:"event"` // check
	Pool  string `json:"user_pool_id"`
	OK    bool   `json:"ok"`
}

// check makes one harmless call for each pool.
func (p *parts) check(ctx context.Context, cmd *cli.Command, s Streams) error {
	for _, pool := range cmd.StringSlice(flagPool) {
		r := p.resets.Check(ctx, pool)
		if r.Class != reset.Done {
			return fmt.Errorf("%s: %w", pool, notWell(r))
		}
		if cmd.Bool(flagJSON) {
			if err := writeJSON(s.Out, checkJSON{"check", pool, true}); err != nil {
				return err
			}
			continue
		}
		say(s.Out, "%s: ok (AdminResetUserPassword is allowed, the pool exists; nobody was reset)\n", pool)
	}
	return nil
}

// notWell says why a check failed. Where Cognito has not answered, the error itself
// says why; nobody is named in it.
func notWell(r reset.Reply) error {
	switch {
	case r.Code == "" && r.Err != nil:
		return r.Err
	case r.Class == reset.Halt:
		return fmt.Errorf("%s %s: %s", r.Code, r.Halt, r.Cause().Fix())
	case r.Class == reset.SlowDown:
		return fmt.Errorf("%s: Cognito asks to slow down; try again in a moment", r.Code)
	default:
		return fmt.Errorf("%s: %s", r.Code, r.Note)
	}
}
