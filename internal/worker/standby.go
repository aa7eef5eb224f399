package worker

import (
	"context"
	"fmt"
	"sync"

	"relock/internal/leader"
	"relock/internal/queue"
)

// pausedByStandby is why a standby receives nothing.
const pausedByStandby = "standby"

// turn lets messages in while it is this worker's turn: it holds the lease, and
// has seen whether a halt is in force. A standby is alive and ready: readiness
// gates roll-outs, and a roll-out that waited for the lease would wait for the
// worker that it is to replace.
type turn struct {
	w *Worker

	mu       sync.Mutex
	consumer *queue.Consumer // nil until it has been started
	adopted  int             // the leadership for which halts have been adopted
}

// attach starts the consumer, which receives nothing unless it is our turn.
func (t *turn) attach(start func(standby bool) *queue.Consumer) *queue.Consumer {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.consumer = start(!t.oursLocked())
	return t.consumer
}

// started is the consumer, or nil before it has been started.
func (t *turn) started() *queue.Consumer {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.consumer
}

func (t *turn) oursLocked() bool {
	n := t.w.leader.Leadership()
	return n != 0 && n == t.adopted
}

// follow pauses or resumes the consumer when leadership has begun or ended, and is
// quick, for the lease waits for it.
func (t *turn) follow() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.w.cfg.Metrics.SetActive(t.w.leader.Leadership() != 0)
	switch {
	case t.consumer == nil:
	case t.oursLocked():
		t.consumer.Resume(pausedByStandby)
	default:
		t.consumer.Pause(pausedByStandby)
	}
}

// take reports whether it is our turn. At the start of each leadership it first honours
// the halt that the ledger may have.
func (t *turn) take(ctx context.Context) (bool, error) {
	n := t.w.leader.Leadership()
	t.mu.Lock()
	known := t.adopted == n
	t.mu.Unlock()
	if n == 0 || known {
		return n != 0, nil
	}
	if err := t.w.halts.adopt(ctx); err != nil {
		return false, err
	}
	t.mu.Lock()
	t.adopted = n
	t.mu.Unlock()
	t.follow()
	return true, nil
}

// newElector makes the candidate for the lease of the worker's scope.
func newElector(w *Worker) *leader.Elector {
	return leader.New(leader.Config{
		Store: w.cfg.Ledger, Name: w.cfg.Scope, Owner: w.cfg.Owner, SameHost: w.cfg.SameHost,
		Data: w.handover, Restore: w.restore,
		Candidate: func() bool { return !w.halts.local() }, Idle: w.idle,
		Changed: func() { w.turn.follow() },
		Alive:   func() { w.cfg.Health.Beat("lease") },
		Clock:   w.cfg.now, Logger: w.log,
	})
}

// enter takes the lease if it is free, and begins to keep it, or to wait for it.
// The function that it returns resigns; later calls of it do nothing.
func (w *Worker) enter(fetch, flush context.Context) (resign func(), err error) {
	if w.cfg.Fence != nil {
		w.cfg.Fence.Follow(w.leader)
	}
	keep, stop := context.WithCancel(flush)
	var keeping sync.WaitGroup
	resign = sync.OnceFunc(func() {
		stop()
		keeping.Wait()
		w.leader.Resign()
		w.cfg.Health.Ended("lease")
	})
	if err := patiently(fetch, func() (bool, error) { return false, w.leader.Begin(fetch) }); err != nil {
		return resign, fmt.Errorf("taking the lease of the active worker: %w", err)
	}
	keeping.Go(func() { w.leader.Run(keep) })
	_, err = w.turn.take(fetch)
	return resign, err
}

// standBy looks at the jobs while another worker does the work, or none may. The
// halts of that one are its own affair, but a drain does not wait for an operator.
func (w *Worker) standBy(ctx context.Context, empty bool) {
	if other, _ := w.leader.Other(); other != "" && !w.halts.local() {
		w.halts.leave("another worker is active") // it has its own view, in the ledger
	}
	look, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	if err := w.jobs.refresh(look); err != nil {
		w.log.Debug("a standby's look at the jobs failed", "error", err)
		return
	}
	w.pauseAll()
	if !w.cfg.Drain {
		return
	}
	halt, there, err := w.cfg.Ledger.Halt(look, w.cfg.Scope)
	switch {
	case err == nil && there && !halt.Reason.SelfClearing():
		w.finish(&haltedError{halt, nil})
	case err == nil && w.drained(empty):
		w.finish(errDrained)
	}
}
