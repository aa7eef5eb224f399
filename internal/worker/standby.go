package worker

import (
	"context"
	"fmt"
	"sync"
	"time"

	"relock/internal/pace"
	"relock/internal/queue"
	"relock/internal/reset"
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
	adopted  int             // the term for which halts have been adopted
}

// attach starts the consumer, which receives nothing unless it is our turn.
func (t *turn) attach(start func(standby bool) *queue.Consumer) *queue.Consumer {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.consumer = start(!t.oursLocked())
	return t.consumer
}

func (t *turn) oursLocked() bool {
	n := t.w.lease.current()
	return n != 0 && n == t.adopted
}

// follow pauses or resumes the consumer when a term has begun or ended, and is
// quick, for the lease waits for it.
func (t *turn) follow() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.w.cfg.Metrics.SetActive(t.w.lease.current() != 0)
	switch {
	case t.consumer == nil:
	case t.oursLocked():
		t.consumer.Resume(pausedByStandby)
	default:
		t.consumer.Pause(pausedByStandby)
	}
}

// take reports whether it is our turn. At the start of each term it first honours
// the halt that the ledger may have.
func (t *turn) take(ctx context.Context) (bool, error) {
	n := t.w.lease.current()
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

// newWorkersLease is the lease of the worker's scope.
func newWorkersLease(w *Worker) *lease {
	c := leaseConfig{
		ledger: w.cfg.Ledger, name: w.cfg.Scope, owner: w.cfg.Owner,
		now: w.cfg.now,
		learnt: func() map[string]pace.State {
			return map[string]pace.State{reset.OpReset: w.cfg.Pace.State(), reset.OpGetUser: w.cfg.LookUps.State(), reset.OpSignOut: w.cfg.SignOuts.State()}
		},
		restore: func(m map[string]pace.State) {
			w.cfg.Pace.Restore(m[reset.OpReset])
			w.cfg.LookUps.Restore(m[reset.OpGetUser])
			w.cfg.SignOuts.Restore(m[reset.OpSignOut])
		},
		shown:  func() *Shown { return shownOf(w.cfg.Pace.Snapshot(), w.budgetReason(), time.Now()) },
		turned: func() { w.turn.follow() },
		alive:  func() { w.cfg.Health.Beat("lease") },
		log:    w.log,
	}
	if w.cfg.SameHost {
		c.process = thisProcess()
	}
	return newLease(c)
}

// enter takes the lease if it is free, and begins to keep it, or to wait for it.
// The function that it returns gives it up; later calls of it do nothing.
func (w *Worker) enter(fetch, flush context.Context) (release func(), err error) {
	if w.cfg.Guard != nil {
		w.cfg.Guard.lease.Store(w.lease)
	}
	keep, stop := context.WithCancel(flush)
	var keeping sync.WaitGroup
	release = sync.OnceFunc(func() {
		stop()
		keeping.Wait()
		w.lease.giveUp()
		w.turn.follow()
		w.cfg.Health.Ended("lease")
	})
	if err := w.lease.begin(fetch); err != nil {
		return release, fmt.Errorf("taking the lease of the active worker: %w", err)
	}
	keeping.Go(func() { w.lease.run(keep) })
	_, err = w.turn.take(fetch)
	return release, err
}

// standBy looks at the jobs while another worker does the work, or none may. The
// halts of that one are its own affair, but a drain does not wait for an operator.
func (w *Worker) standBy(ctx context.Context, empty bool) {
	if w.lease.active() != "" {
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
