package cli

import (
	"context"
	"encoding/json"
	"log/slog"

	"relock/internal/number"
	"relock/internal/publish"
	"relock/internal/queue"
)

// send writes the job to the ledger and its messages to the queue, or goes on
// with one that was interrupted.
func (e *enqueue) send(ctx context.Context, set settings, p *plan) error {
	if p.queue == nil {
		var err error
		if p.queue, err = openQueue(ctx, p.facts.config(), set.queue, queueHow{region: set.queueRegion, create: true}); err != nil {
			return nothingSent(interrupted(ctx, err))
		}
	}
	bar := newBar(e.s.Err, p.list.Counts.Targets)
	log, err := logger(e.cmd, bar)
	if err != nil {
		return err
	}
	led, err := openLedger(ctx, p.facts.config(), set.ledger, ledgerHow{create: true, table: set.createTable, log: log, locked: logLocked(log)})
	if err != nil {
		bar.end()
		return nothingSent(interrupted(ctx, err))
	}
	defer func() { _ = led.Close() }() // every write was durable when it returned
	if err := register(ctx, led, p); err != nil {
		bar.end()
		return nothingSent(interrupted(ctx, err))
	}
	if p.keptExclusions {
		say(bar, "the job goes on with the exclusions it began with; none of its targets is one whom this run excludes\n")
	}
	res, err := e.publish(ctx, led, p, bar, log)
	bar.end()
	if err != nil {
		e.sayPart(p, res)
		return interrupted(ctx, err)
	}
	return e.sayAll(p, res)
}

func (e *enqueue) publish(ctx context.Context, led Ledger, p *plan, bar *bar, log *slog.Logger) (publish.Result, error) {
	cfg := publish.Config{Ledger: led, Transport: p.queue, Job: p.job, Progress: bar.add, Logger: log}
	if file, ok := p.queue.(*queue.File); ok {
		staging := file.Stage(p.job.ID)
		cfg.Transport, cfg.Commit = staging, staging.Publish
	}
	return publish.Publish(ctx, cfg, p.list.Targets(ctx))
}

// sayPart says exactly what was sent by a run that did not end well.
func (e *enqueue) sayPart(p *plan, res publish.Result) {
	where := "are in the queue and will be worked on"
	if p.set.queue.kind == "file" {
		where = "are written, and none is shown to workers before all are"
	}
	if n := res.Unsure; n > 0 {
		where += number.Text(", and up to %d more may be: they were not answered for", n)
	}
	say(e.s.Err, "%d of %s %s; run the same command again to send the rest, or `job cancel%s %s` to stop the job\n",
		res.Sent+res.Earlier, number.Of(p.list.Counts.Targets, "message", "messages"), where, atLedger(e.cmd), p.job.ID)
}

func (e *enqueue) sayAll(p *plan, res publish.Result) error {
	if e.cmd.Bool(flagJSON) {
		return json.NewEncoder(e.s.Out).Encode(sentJSON{Event: "sent", Job: p.job.ID, Sent: res.Sent, Earlier: res.Earlier, Next: p.next})
	}
	if res.Earlier > 0 {
		say(e.text, "\n%s sent before, %s now.\n", number.Of(res.Earlier, "message was", "messages were"), number.Group(res.Sent))
	}
	say(e.text, "\nJob %s: %s in the queue. Nobody is reset until a worker runs:\n  %s\n", p.job.ID, targetsAre(res.Sent+res.Earlier), p.next)
	return nil
}

func targetsAre(n int64) string {
	return number.Of(n, "target is", "targets are")
}

// sentJSON is what --json says at the end; the names are part of the interface.
type sentJSON struct {
	Event   string `json:"event"`
	Job     string `json:"job"`
	Sent    int64  `json:"sent"`
	Earlier int64  `json:"sent_before"`
	Next    string `json:"next"`
}
