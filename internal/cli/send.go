package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"relock/internal/intake"
	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/publish"
	"relock/internal/queue"
)

// send writes the job to the ledger and its messages to the queue, or goes on
// with one that was interrupted.
func (e *enqueue) send(ctx context.Context, set settings, p *plan, list *intake.List) error {
	log, err := logger(e.cmd, e.s.Err)
	if err != nil {
		return err
	}
	led, err := openLedger(ctx, *p.facts.cfg, set.ledger, ledgerHow{create: true, table: e.cmd.Bool(flagCreateTable), log: log})
	if err != nil {
		return interrupted(ctx, err)
	}
	defer func() { _ = led.Close() }() // every write was durable when it returned

	if err := e.register(ctx, led, p); err != nil {
		return interrupted(ctx, err)
	}
	to, commit := p.queue, func(context.Context) error { return nil }
	if file, ok := p.queue.(*queue.File); ok {
		staging := file.Stage(p.job.ID)
		to, commit = staging, staging.Publish
	}
	bar := newBar(e.s.Err, list.Counts.Targets)
	res, err := publish.Publish(ctx, publish.Config{
		Ledger: led, Transport: to, Commit: commit, Job: p.job, Progress: bar.add, Logger: log,
	}, list.Targets(ctx))
	bar.end()
	total := res.Sent + res.Earlier
	if err != nil {
		where := "are in the queue and will be worked on"
		if set.queue.kind == "file" {
			where = "are in the queue, and none is shown to workers yet"
		}
		say(e.s.Err, "%d of %d messages %s; run the same command again to send the rest, or `job cancel %s` to stop the job\n", total, list.Counts.Targets, where, p.job.ID)
		return interrupted(ctx, err)
	}
	if res.Earlier > 0 {
		say(e.s.Out, "\n%d messages were sent before, %d now.\n", res.Earlier, res.Sent)
	}
	say(e.s.Out, "\nJob %s: %d targets are in the queue. Nobody is reset until a worker runs:\n  %s\n", p.job.ID, total, p.next)
	return nil
}

// register makes the job, or finds out that it may be continued.
func (e *enqueue) register(ctx context.Context, led Ledger, p *plan) error {
	err := led.CreateJob(ctx, p.job)
	if errors.Is(err, ledger.ErrExists) {
		old, err := led.Job(ctx, p.job.ID)
		if err != nil {
			return err
		}
		if err := jobState(old, p.job.Content, p.set.job != ""); err != nil {
			return err
		}
		say(e.s.Out, "\nThe ledger has job %s since %s (%s); going on with it.\n", old.ID, old.Created.UTC().Format("2006-01-02 15:04 UTC"), old.State)
		if old.State != job.StateStaging {
			return nil
		}
	} else if err != nil {
		return fmt.Errorf("writing the job to the ledger: %w", err)
	}
	if err := led.SetState(ctx, p.job.ID, job.StateOpen, time.Now()); err != nil {
		return fmt.Errorf("opening the job: %w", err)
	}
	return nil
}
