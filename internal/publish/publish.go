// Package publish writes a job's targets to the ledger and then sends a message
// for each. A target is in the ledger before its message is sent, and what the
// queue has accepted is noted, so that an interrupted publication goes on where
// it stopped.
package publish

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/queue"
	"relock/internal/sqlite"
)

// Ledger is what publishing needs of a ledger.
type Ledger interface {
	ID() string
	AddTargets(ctx context.Context, id string, targets []job.Target) error
	SetSent(ctx context.Context, id string, place int64) error
	Sent(ctx context.Context, id string) (int64, error)
}

// Config says what to publish. Ledger, Transport and Job are required.
type Config struct {
	Ledger    Ledger
	Transport queue.Transport
	Job       job.Job
	// Commit, if set, is called when every message has been accepted: a queue in
	// a file shows them to workers all at once then.
	Commit func(context.Context) error
	// Concurrency is the number of batches under way at once. Defaults to 16.
	Concurrency int
	// Attempts is how often a batch or an entry is sent before publishing stops.
	// Defaults to 8, which is about a minute.
	Attempts int
	// Progress, if set, is told how many targets have been accepted by the queue
	// since the last call. It may be called concurrently.
	Progress func(accepted int)
	// Logger defaults to one that discards.
	Logger *slog.Logger
}

// Result accounts for what was done, also when an error ended it.
type Result struct {
	// Sent is the number of messages that the queue has accepted, Earlier the
	// number of targets that an earlier run had sent already.
	Sent, Earlier int64
	// Unsure is the number of messages that may be in the queue besides: a call
	// with them was not answered.
	Unsure int64
}

// chunk is how many targets are written to the ledger at once. A larger one
// makes the first message late, a smaller one makes more commits.
const chunk = 2000

// noteWithin bounds the last note of how far the job was sent, noteStopped that of a
// run that was told to stop.
const (
	noteWithin  = 70 * time.Second
	noteStopped = 10 * time.Second
)

// Publish writes and sends every target. Each target comes in the order of its
// line. After an error, the same call again goes on.
func Publish(ctx context.Context, cfg Config, targets iter.Seq2[job.Target, error]) (Result, error) {
	if cfg.Concurrency == 0 {
		cfg.Concurrency = 16
	}
	if cfg.Attempts == 0 {
		cfg.Attempts = 8
	}
	if cfg.Progress == nil {
		cfg.Progress = func(int) {}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	from, err := cfg.Ledger.Sent(ctx, cfg.Job.ID)
	if err != nil {
		return Result{}, fmt.Errorf("reading how far the job was sent: %w", err)
	}
	p := &publisher{cfg: cfg, marks: newMarks(from), batches: make(chan batch, cfg.Concurrency)}
	return p.run(ctx, targets, from)
}

// batch is up to queue.MaxBatch messages, in the order of their lines.
type batch struct {
	number int
	bodies [][]byte
	last   int64 // the place of the last target
}

type publisher struct {
	cfg     Config
	marks   *marks
	batches chan batch
	earlier int64
}

func (p *publisher) run(ctx context.Context, targets iter.Seq2[job.Target, error], from int64) (Result, error) {
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(p.batches)
		return p.write(gctx, targets, from)
	})
	for range p.cfg.Concurrency {
		g.Go(func() error { return p.send(gctx) })
	}
	stop := make(chan struct{})
	var noting sync.WaitGroup
	noting.Go(func() { p.note(gctx, stop) })
	err := g.Wait()
	close(stop)
	noting.Wait()
	if err == nil && p.cfg.Commit != nil {
		if err = p.cfg.Commit(ctx); err != nil {
			err = fmt.Errorf("making the messages visible to workers: %w", err)
		}
	}
	sent, place := p.marks.state()
	unsure := p.marks.unanswered()
	switch {
	case err == nil:
		place = ledger.SentAll
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	}
	// Also when interrupted: what was accepted is noted. Otherwise a ledger that
	// another program keeps locked is waited for as for any other write.
	within := noteWithin
	if ctx.Err() != nil {
		within = noteStopped
	}
	final, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer cancel()
	if e := p.cfg.Ledger.SetSent(final, p.cfg.Job.ID, place); e != nil && !(errors.Is(err, sqlite.ErrFull) && errors.Is(e, sqlite.ErrFull)) { // one disk, one error
		err = errors.Join(err, fmt.Errorf("noting in the ledger how far the job was sent: %w", e))
	}
	return Result{Sent: sent, Earlier: p.earlier, Unsure: unsure}, err
}

// write puts chunks of targets in the ledger and hands their messages on.
func (p *publisher) write(ctx context.Context, targets iter.Seq2[job.Target, error], from int64) error {
	number := 0
	part := make([]job.Target, 0, chunk)
	flush := func() error {
		if len(part) == 0 {
			return nil
		}
		if err := p.cfg.Ledger.AddTargets(ctx, p.cfg.Job.ID, part); err != nil {
			return fmt.Errorf("writing targets to the ledger: %w", err)
		}
		defer func() { part = part[:0] }()
		return p.cut(ctx, part, &number)
	}
	for t, err := range targets {
		if err != nil {
			return err
		}
		if ledger.Place(t) <= from {
			p.earlier++
			continue
		}
		if part = append(part, t); len(part) == chunk {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// cut makes batches of a chunk.
func (p *publisher) cut(ctx context.Context, part []job.Target, number *int) error {
	for len(part) > 0 {
		n := min(len(part), queue.MaxBatch)
		b := batch{number: *number, last: ledger.Place(part[n-1])}
		for _, t := range part[:n] {
			body, err := queue.Encode(queue.Message{
				Ledger: p.cfg.Ledger.ID(), Job: p.cfg.Job.ID, Pool: p.cfg.Job.Pool,
				Username: t.Username, Metadata: p.cfg.Job.Policy.MetadataFor(t.Metadata),
			})
			if err != nil {
				return err
			}
			b.bodies = append(b.bodies, body)
		}
		select {
		case p.batches <- b:
		case <-ctx.Done():
			return ctx.Err()
		}
		part = part[n:]
		*number++
	}
	return nil
}

// noteEvery is how often the ledger learns how far the job was sent: a run that
// is killed sends again at most what was accepted since, and the ledger keeps
// the second message from being a second reset.
const noteEvery = 2 * time.Second

func (p *publisher) note(ctx context.Context, stop <-chan struct{}) {
	tick := time.NewTicker(noteEvery)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		if _, place := p.marks.state(); place > 0 {
			if err := p.cfg.Ledger.SetSent(ctx, p.cfg.Job.ID, place); err != nil && ctx.Err() == nil && !sqlite.Permanent(err) {
				p.cfg.Logger.Warn("noting how far the job was sent failed; trying again", "error", err)
			}
		}
	}
}
