package worker

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"relock/internal/leader"
	"relock/internal/pace"
	"relock/internal/queue"
	"relock/internal/report/progress"
)

// waitingAfter is how long nothing has to be received before messages in flight
// count as waited for: those received a moment ago are on their way here.
const waitingAfter = 2 * time.Second

// estimate measures the speed, and knows what the worker waits for. measure has one
// caller; the other methods may be called concurrently.
type estimate struct {
	w     *Worker
	meter progress.Meter // of measure alone
	// empty is what the queue held when it was last counted and had nothing to hand
	// out; nil otherwise.
	empty atomic.Pointer[emptyHanded]

	mu       sync.Mutex
	rate     float64
	measured bool // rate was, and work has not stopped since
	// back is when what workers before this one held or put off is visible again, at
	// the latest; zero if that is not known.
	back time.Time
	// dead are the jobs that wait for their dead letters, by ID.
	dead map[string]*progress.Waiting
}

// emptyHanded is a queue that has messages and hands out none.
type emptyHanded struct {
	inFlight int64
	at       time.Time
	until    time.Time // as the queue itself says; zero where it does not
}

// measure takes the speed. Call it once a second.
func (e *estimate) measure(now time.Time) {
	r := e.w.ownRun(e.w.leader.Leadership() != 0)
	working := calls(r.State())
	if working {
		e.meter.Add(now, r.Jobs)
	} else {
		e.meter.Reset()
	}
	rate := e.meter.Rate(e.w.narrowest())
	e.mu.Lock()
	defer e.mu.Unlock()
	e.rate, e.measured = rate, working
}

// speed is how many users a second get an outcome, as last measured. Before that,
// the pace stands in for it.
func (e *estimate) speed() float64 {
	e.mu.Lock()
	rate, measured := e.rate, e.measured
	e.mu.Unlock()
	if !measured {
		return e.w.narrowest()
	}
	return rate
}

// calls reports whether Cognito is called in a state.
func calls(s progress.State) bool {
	return s == progress.Working || s == progress.OnTrial || s == progress.SigningOut
}

// narrowest is the pace of the slower stage.
func (w *Worker) narrowest() float64 {
	p := w.cfg.Pace.Snapshot().Pace
	for _, st := range w.jobs.status() {
		if st.Job.Policy.SignOut {
			return min(p, w.cfg.SignOuts.Snapshot().Pace)
		}
	}
	return p
}

// ownRun is the run as this worker works on it, if it is the active one.
func (w *Worker) ownRun(active bool) progress.Run {
	r := progress.Run{Halt: w.halts.current(), Active: active}
	for _, st := range w.jobs.status() {
		r.Jobs = append(r.Jobs, progress.Job(st))
	}
	r.Estimate.Jobs, r.Estimate.Pending = progress.Open(r.Jobs)
	r.Estimate.Waiting = w.estimate.waiting(time.Now())
	if calls(r.State()) {
		r.Estimate.Rate = w.estimate.speed()
	}
	return r
}

// paced is a pace as it is while Cognito is called, and 0 otherwise.
func (w *Worker) paced(s pace.Snapshot, state progress.State) pace.Snapshot {
	if !calls(state) {
		s.Pace = 0
	}
	return s
}

// counted notes what the queue holds, of which so many messages are held here.
func (e *estimate) counted(ctx context.Context, d queue.Depth, held int) {
	elsewhere := d.InFlight - int64(held)
	if d.Visible > 0 || elsewhere <= 0 {
		e.empty.Store(nil)
		return
	}
	seen := &emptyHanded{inFlight: elsewhere, at: time.Now()}
	if q, ok := e.w.cfg.Transport.(interface {
		InFlightUntil(ctx context.Context) (time.Time, error)
	}); ok {
		seen.until, _ = q.InFlightUntil(ctx) // zero says that it is not known
	}
	e.empty.Store(seen)
}

// deadLetters notes that a job waits for its dead letters; nil that it does not.
func (e *estimate) deadLetters(id string, waiting *progress.Waiting) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if waiting == nil {
		delete(e.dead, id)
		return
	}
	if e.dead == nil {
		e.dead = make(map[string]*progress.Waiting)
	}
	e.dead[id] = waiting
}

// forDeadLetters is what the first job waits for that waits for dead letters, or nil.
func (e *estimate) forDeadLetters() *progress.Waiting {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(e.dead)) {
		return e.dead[id]
	}
	return nil
}

// waiting is what this worker waits for, or nil.
func (e *estimate) waiting(now time.Time) *progress.Waiting {
	seen, c := e.empty.Load(), e.w.turn.started()
	received := time.Unix(0, e.w.received.Load())
	if c == nil || now.Sub(received) < waitingAfter {
		return nil
	}
	if _, held := c.Held(); held > 0 {
		return nil
	}
	if seen == nil || !received.Before(seen.at) {
		return e.forDeadLetters()
	}
	until := seen.until
	if until.IsZero() {
		until = e.backBy(c)
	}
	if !until.After(seen.at) { // it should have come back by then
		until = time.Time{}
	}
	return &progress.Waiting{Messages: seen.inFlight, Until: until}
}

// backBy is when the last message that this worker put off, or that workers before it
// held, is visible again; zero if there is none, or that is not known.
func (e *estimate) backBy(c *queue.Consumer) time.Time {
	e.mu.Lock()
	back := e.back
	e.mu.Unlock()
	if c != nil {
		if own := c.PutOff(); own.After(back) {
			return own
		}
	}
	return back
}

// inherit takes over what the active worker before this one showed. It kept its
// messages invisible for as long as it could renew its lease, at most.
func (e *estimate) inherit(s *LeaderStatus) {
	if s == nil {
		return
	}
	ended := time.Now()
	if last := s.At.Add(leader.RenewDeadline); last.Before(ended) {
		ended = last
	}
	visibility := e.w.cfg.Visibility
	if s.Visibility > 0 {
		visibility = time.Duration(s.Visibility * float64(time.Second))
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, back := range []time.Time{ended.Add(visibility), s.BackBy} {
		if back.After(e.back) {
			e.back = back
		}
	}
}
