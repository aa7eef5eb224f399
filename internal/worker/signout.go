package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"relock/internal/job"
	"relock/internal/leader"
	"relock/internal/ledger"
	"relock/internal/queue"
	"relock/internal/reset"
)

const (
	// signOutBuffer is how many targets wait for the second stage. While it is full,
	// the dispatcher waits: resets go no faster than the sign-outs behind them.
	signOutBuffer = 16
	// maxSignOuts bounds the sign-outs under way, those that wait for another try
	// or for the ledger included.
	maxSignOuts = 64
	// copyFor is when the second message of a target comes again whose first one is
	// being worked on.
	copyFor = 10 * time.Second
)

// signOuts is the second stage of targets whose job ends sessions. A target comes
// to it once its outcome is durable, and its message is deleted once the sign-out
// is. In between the ledger has it as pending: whoever gets the message next goes
// on here, so that a process that ends repeats neither step. What waits here at a
// stop or a halt is handed back. Its methods may be called concurrently.
type signOuts struct {
	w       *Worker
	buffer  chan *target
	taken   chan struct{} // tells room that a target was taken out of the buffer
	slots   chan struct{} // holds a value for each sign-out under way
	breaker *breaker

	mu sync.Mutex
	// busy are the targets of which a message is worked on, in either stage.
	busy map[ledger.Key]bool
}

func newSignOuts(w *Worker) *signOuts {
	return &signOuts{
		w: w, buffer: make(chan *target, signOutBuffer), taken: make(chan struct{}, 1), slots: make(chan struct{}, maxSignOuts),
		breaker: newBreaker(w.cfg.SameFailure), busy: make(map[ledger.Key]bool),
	}
}

// enter notes that a message of the target is worked on. It reports false, and puts
// the message off, if another one is: what that one writes to the ledger is to be
// seen before this one is looked at.
func (s *signOuts) enter(t *target) bool {
	if !t.job.Policy.SignOut {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[t.key] {
		t.it.GiveUp(copyFor)
		return false
	}
	s.busy[t.key] = true
	return true
}

// leave ends enter, unless the target is in the second stage by now.
func (s *signOuts) leave(t *target) {
	if !t.staged {
		s.free(t)
	}
}

func (s *signOuts) free(t *target) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.busy, t.key)
}

// put hands a target over; the caller has nothing more to do with it. It waits
// while the buffer is full. run has not ended before.
func (s *signOuts) put(t *target) {
	t.staged = true
	s.buffer <- t
}

// room waits until the buffer has room; it reports false when ctx has ended. alive
// is called now and then.
func (s *signOuts) room(ctx context.Context, alive func()) bool {
	for len(s.buffer) == cap(s.buffer) {
		alive()
		if !sleep(ctx, beat, s.taken) {
			return false
		}
	}
	return true
}

// close says that nothing is put any more.
func (s *signOuts) close() { close(s.buffer) }

// run takes targets until close, and returns when all of them are done with. After
// the end of fetch they are handed back; work cuts calls off.
func (s *signOuts) run(fetch, work context.Context) {
	var calls sync.WaitGroup
	defer calls.Wait()
	for t := range s.buffer {
		select {
		case s.taken <- struct{}{}:
		default:
		}
		select {
		case s.slots <- struct{}{}:
		case <-fetch.Done():
			s.handBack(t)
			continue
		}
		if !s.token(fetch, t) {
			<-s.slots
			continue
		}
		calls.Go(func() {
			defer func() { <-s.slots }()
			s.signOut(fetch, work, t)
		})
	}
}

// token waits for the right to make the call, or disposes of the message if it
// may not be made.
func (s *signOuts) token(fetch context.Context, t *target) bool {
	if s.w.halts.current() != nil || s.w.cfg.SignOuts.Wait(fetch) != nil || s.w.halts.current() != nil {
		s.handBack(t)
		return false
	}
	j, ok, err := s.w.jobs.get(fetch, t.key.Job)
	switch {
	case err != nil || !ok:
		s.handBack(t)
		return false
	case j.State == job.StatePaused:
		s.w.putOff(t.it)
		s.free(t)
		return false
	case j.State == job.StateCancelled: // it is closed out
		t.it.Delete()
		s.free(t)
		return false
	}
	return true
}

// handBack makes the message visible at once, with the sign-out still pending.
func (s *signOuts) handBack(t *target) {
	t.it.GiveUp(0)
	s.free(t)
}

// signOut calls until there is an answer to record, with a token for each call.
func (s *signOuts) signOut(fetch, work context.Context, t *target) {
	for tries := 0; ; {
		r, begun, ok := s.call(work, t)
		if !ok {
			s.handBack(t)
			return
		}
		var wait time.Duration
		switch r.Class {
		case reset.Done:
			s.record(work, t, job.SignOutDone, r)
			return
		case reset.SlowDown: // not a try
		case reset.TryAgain:
			if work.Err() != nil || t.cut {
				s.handBack(t)
				return
			}
			tries++
			if reason := s.w.nobodyAnswered(tries, r); reason != "" {
				s.w.halts.trip(reason, r.Code, nil)
			}
			if tries >= s.w.cfg.MaxTries && s.w.halts.current() == nil {
				s.record(work, t, job.SignOutFailed, r)
				return
			}
			wait = retryAfter(tries)
		case reset.Halt:
			if r.Halt != job.HaltCredentials || !s.w.halts.refresh(begun) {
				s.w.halts.refusedBy(r)
			}
		default:
			s.record(work, t, job.SignOutFailed, r)
			return
		}
		if !sleep(fetch, wait, nil) {
			s.handBack(t)
			return
		}
		if !s.token(fetch, t) {
			return
		}
	}
}

// call makes one call; it reports false if none may be made.
func (s *signOuts) call(work context.Context, t *target) (r reset.Reply, begun time.Time, ok bool) {
	covered, done, ok := s.w.leader.Context(work)
	defer done()
	if !ok {
		return r, begun, false
	}
	call := s.w.cfg.SignOuts.Begin()
	begun = time.Now()
	r = s.w.cfg.Resetter.SignOut(covered, t.job.Pool, t.key.Username)
	call.Done(paceResult(r))
	t.cut = leader.Lost(covered)
	s.w.refused(t, &r)
	if r.Class != reset.TryAgain {
		s.w.breaker.answered()
	}
	return r, begun, true
}

// record writes what became of the sign-out and then deletes the message. A
// sign-out whose record is lost is made again, which does no harm.
func (s *signOuts) record(ctx context.Context, t *target, state job.SignOut, r reset.Reply) {
	defer s.free(t)
	rec := ledger.SignOutRecord{Key: t.key, State: state, Code: r.Code, RequestID: r.RequestID, At: time.Now()}
	err := s.w.insist(ctx, ledger.ErrNoJob, func(ctx context.Context) error { return s.w.cfg.Ledger.RecordSignOut(ctx, rec) })
	switch {
	case errors.Is(err, ledger.ErrNoJob):
		s.w.reject(ctx, t.it, queue.RejectUnknownJob)
		return
	case err != nil:
		t.it.GiveUp(0)
		return
	}
	t.it.Delete()
	s.w.halts.progress()
	s.w.cfg.Metrics.SignOut(state, 1)
	if state == job.SignOutDone {
		s.breaker.succeeded()
	} else if s.breaker.failed(r.Code) {
		s.w.halts.trip(job.HaltSameFailure, r.Code, nil)
	}
	s.w.log.Debug("signed out", s.w.name(t), "job", t.key.Job, "state", string(state), "code", r.Code, "request_id", r.RequestID)
}
