package worker

import (
	"context"
	"time"

	"relock/internal/job"
	"relock/internal/telemetry"
)

const (
	// watchEvery is how old the worker's view of jobs and halts may be: a pause
	// is obeyed within five seconds.
	watchEvery = 2 * time.Second
	// emptyFor is how long the queue has to be empty before what is pending
	// counts as missing. SQS's counts reach consistency within about a minute.
	emptyFor = time.Minute
	// depthEvery is how often the queue is counted while nothing comes from it,
	// and depthBusy while something does.
	depthEvery = 10 * time.Second
	depthBusy  = 30 * time.Second
	// lookTimeout bounds a look at all jobs, depthTimeout one at the queue.
	lookTimeout  = 30 * time.Second
	depthTimeout = 10 * time.Second
)

// watch looks at jobs, halts and the queue until ctx ends.
func (w *Worker) watch(ctx context.Context) {
	var q emptiness
	var others contention
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		w.cfg.Health.Beat("watch")
		w.showPace()
		turns := w.leader.Changed()
		w.lookAround(ctx, &q)
		if w.leader.Leadership() != 0 {
			others.look(w)
		}
		select {
		case <-ctx.Done():
			w.cfg.Health.Ended("watch")
			return
		case <-turns:
		case <-tick.C:
		}
	}
}

func (w *Worker) lookAround(ctx context.Context, q *emptiness) {
	ours, err := w.turn.take(ctx)
	if err != nil && ctx.Err() == nil {
		w.log.Warn("the active worker cannot begin", "error", err)
	}
	if !ours {
		w.standBy(ctx, q.look(ctx, w))
		return
	}
	w.halts.look(ctx)
	empty := q.look(ctx, w)
	w.lookAtJobs(ctx, empty, w.lost(ctx, empty, &q.dead))
}

// lost lists the jobs of which no message is left anywhere: what they have pending
// is missing.
func (w *Worker) lost(ctx context.Context, empty bool, dead *deadLetters) map[string]bool {
	lost := make(map[string]bool)
	for _, st := range w.jobs.status() {
		_, elsewhere := w.cfg.Elsewhere(st.Job)
		if empty && st.SentAll && !elsewhere && st.Job.State == job.StateOpen && st.pending() {
			lost[st.Job.ID] = !dead.holds(ctx, w, st.Job.ID)
		}
	}
	return lost
}

func (w *Worker) lookAtJobs(ctx context.Context, empty bool, lost map[string]bool) {
	err := askFor(ctx, lookTimeout, func(look context.Context) error {
		err := w.jobs.refresh(look)
		if err == nil {
			err = w.jobs.settle(look, lost)
		}
		if err == nil {
			err = w.jobs.refresh(look)
		}
		if err == nil {
			err = w.endings.look(look)
		}
		return err
	})
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		w.halts.trip(job.HaltLedger, "", err)
		return
	}
	w.discards.look(ctx, w)
	w.pauseAll()
	if w.cfg.Drain && w.drained(empty) {
		w.finish(errDrained)
	}
}

// drained reports whether no job of the run is waited for any more. A job whose
// enqueue was interrupted, or sends to another queue, is not waited for once this
// queue is empty.
func (w *Worker) drained(empty bool) bool {
	if w.endings.busy() {
		return false
	}
	for _, st := range w.jobs.status() {
		_, elsewhere := w.cfg.Elsewhere(st.Job)
		unsent := empty && st.Job.State != job.StatePaused && (!st.SentAll || elsewhere)
		if !unsent && (!st.Job.State.Over() || st.pending()) {
			return false
		}
	}
	return true
}

// pauseAll stops receiving while every job of the run is paused: a receive cannot
// be taken back, and a message may be received only so often.
func (w *Worker) pauseAll() {
	if w.jobs.allPaused() {
		w.consumer.Pause(pausedByJobs)
	} else {
		w.consumer.Resume(pausedByJobs)
	}
}

func (w *Worker) showPace() {
	for op, p := range w.cfg.pacers() {
		s := p.Snapshot()
		w.cfg.Metrics.SetPace(op, telemetry.Pace{Pace: s.Pace, Budget: s.Budget, Quota: s.Quota, InFlight: s.InFlight})
	}
}

// emptiness finds out for how long the queue has been empty.
type emptiness struct {
	since, counted time.Time
	dead           deadLetters
}

// look reports whether the queue has been empty for emptyFor: visible, in flight
// and delayed, with nothing held here.
func (e *emptiness) look(ctx context.Context, w *Worker) bool {
	every := depthEvery
	_, held := w.consumer.Held()
	if held > 0 {
		e.since = time.Time{}
		every = depthBusy
	}
	received := time.Unix(0, w.received.Load())
	// What was the last message is known soon, for those who look on.
	ranDry := every == depthEvery && received.After(e.counted) && time.Since(received) >= waitingAfter
	if time.Since(e.counted) < every && !ranDry {
		return false
	}
	e.counted = time.Now()
	count, cancel := context.WithTimeout(ctx, depthTimeout)
	d, err := w.cfg.Transport.Depth(count)
	cancel()
	if err != nil {
		e.since = time.Time{}
		if ctx.Err() == nil {
			w.log.Warn("counting the messages of the queue failed", "error", err)
		}
		return false
	}
	w.cfg.Metrics.SetQueue(d.Visible, d.InFlight, d.Delayed)
	w.estimate.counted(ctx, d, held)
	e.dead.look(ctx, w)
	switch {
	case !d.Empty() || every == depthBusy:
		e.since = time.Time{}
	case e.since.IsZero():
		e.since = time.Now()
	}
	return !e.since.IsZero() && time.Since(e.since) >= emptyFor && time.Since(received) >= emptyFor
}
