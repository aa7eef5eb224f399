package cli

import (
	"context"
	"errors"
	"time"

	"github.com/urfave/cli/v3"

	"relock/internal/job"
	"relock/internal/number"
	"relock/internal/queue"
)

const pauseHelp = `Workers obey within five seconds: calls under way end, nothing else is begun, and
the messages are handed back. ` + "`job resume JOB`" + ` goes on.`

const cancelHelp = `For good: what is pending gets the outcome cancelled and is not reset, and the list
can be run again only as another job (enqueue --job NAME). Workers obey within five
seconds; calls under way may still end. Messages that an interrupted enqueue left in
a queue in a file are thrown away.`

const resumeHelp = `With a JOB: goes on with it, if it is paused. With or without one: ends the halt
of the account and Region, once its cause is mended.`

func resumeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: flagPool, Usage: "end the halt of this `POOL`'s account and Region", Sources: env(flagPool), Category: "Where"},
	}
}

// stateJSON is a job that was steered.
type stateJSON struct {
	Event string    `json:"event"` // state
	Job   string    `json:"job"`
	State job.State `json:"state"`
	// NotReset is how many targets a cancellation left as they were.
	NotReset *int64 `json:"not_reset,omitempty"`
}

// haltEndedJSON is a halt that was ended.
type haltEndedJSON struct {
	Event  string         `json:"event"` // halt_ended
	Scope  string         `json:"scope"`
	Reason job.HaltReason `json:"reason"`
	Code   string         `json:"code,omitempty"`
	Since  time.Time      `json:"since"`
}

func (j *jobCommand) pause(ctx context.Context, cmd *cli.Command, led Ledger) error {
	jb, err := one(ctx, cmd, led)
	if err != nil {
		return err
	}
	if err := led.SetState(ctx, jb.ID, job.StatePaused, time.Now()); err != nil {
		return err
	}
	return j.steered(cmd, stateJSON{Job: jb.ID, State: job.StatePaused}, "job %s is paused; workers obey within five seconds\n", jb.ID)
}

// steered says what was done, for people or for machines.
func (j *jobCommand) steered(cmd *cli.Command, v stateJSON, format string, args ...any) error {
	if cmd.Bool(flagJSON) {
		v.Event = "state"
		return writeJSON(j.s.Out, v)
	}
	say(j.s.Out, format, args...)
	return nil
}

// resume goes on with a paused job, or, without a job, ends the halt.
func (j *jobCommand) resume(ctx context.Context, cmd *cli.Command, led Ledger) error {
	pools := cmd.StringSlice(flagPool)
	switch {
	case cmd.Args().Len() == 1:
		jb, err := one(ctx, cmd, led)
		if err != nil {
			return err
		}
		if err := led.SetState(ctx, jb.ID, job.StateOpen, time.Now()); err != nil {
			return err
		}
		if err := j.steered(cmd, stateJSON{Job: jb.ID, State: job.StateOpen}, "job %s is open\n", jb.ID); err != nil {
			return err
		}
		pools = append(pools, jb.Pool)
	case len(pools) == 0:
		return usage("name a job, or with --%s the pool whose halt is to end", flagPool)
	}
	return j.endHalt(ctx, cmd, led, pools)
}

// endHalt ends the halt of the account and Region, if there is one.
func (j *jobCommand) endHalt(ctx context.Context, cmd *cli.Command, led Ledger, pools []string) error {
	cfg, err := awsConfig(ctx, cmd, pools)
	if err != nil {
		return err
	}
	who, err := identity(ctx, cfg)
	if err != nil {
		return err
	}
	scope := who.Account + "/" + cfg.Region
	halt, there, err := led.Halt(ctx, scope)
	if err != nil || !there {
		return err
	}
	if err := led.ClearHalt(ctx, scope); err != nil {
		return err
	}
	if cmd.Bool(flagJSON) {
		return writeJSON(j.s.Out, haltEndedJSON{"halt_ended", scope, halt.Reason, halt.Code, halt.Since.UTC()})
	}
	say(j.s.Out, "the halt of %s is ended (%s since %s)\n", scope, haltWords(halt), when(halt.Since))
	return nil
}

func (j *jobCommand) cancel(ctx context.Context, cmd *cli.Command, led Ledger) error {
	jb, err := one(ctx, cmd, led)
	if err != nil {
		return err
	}
	if err := led.SetState(ctx, jb.ID, job.StateCancelled, time.Now()); err != nil {
		return err
	}
	n, err := led.CloseOut(ctx, jb.ID, job.Cancelled, time.Now())
	if err != nil {
		return err
	}
	j.discard(ctx, cmd, jb.ID)
	return j.steered(cmd, stateJSON{Job: jb.ID, State: job.StateCancelled, NotReset: &n},
		"job %s is cancelled: %s not reset; calls under way may still end\n", jb.ID, number.Of(n, "target was", "targets were"))
}

// discard throws away what an interrupted enqueue has left of the job in a queue in
// a file, which no worker would ever receive. That is no part of the cancellation:
// what stays now, the next worker throws away.
func (j *jobCommand) discard(ctx context.Context, cmd *cli.Command, id string) {
	at, err := queuePlace(cmd.String(flagQueue))
	if l, lerr := jobLedger(cmd); !cmd.IsSet(flagQueue) && lerr == nil && l.kind == "file" {
		at = l
	}
	if err != nil || at.kind != "file" {
		return
	}
	q, err := queue.OpenFile(at.at, queue.FileOptions{})
	if errors.Is(err, queue.ErrNoQueue) {
		return
	}
	var n int64
	if err == nil {
		n, err = q.Stage(id).Discard(ctx)
		err = errors.Join(err, q.Close())
	}
	switch {
	case err != nil:
		say(j.s.Err, "job: the messages of job %s stay in the queue %s until a worker runs: %v\n", id, at, err)
	case n > 0:
		say(j.s.Err, "%s of it that no worker had seen yet thrown away\n", number.Of(n, "message was", "messages were"))
	}
}
