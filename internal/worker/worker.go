// Package worker is the pipeline: receive, token, claim, call, record, delete.
// It halts when no user can be reset, drains when told to stop, and ends a drain
// when every target has an outcome.
package worker

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"relock/internal/job"
	"relock/internal/leader"
	"relock/internal/queue"
)

// Worker is one run of the pipeline.
type Worker struct {
	cfg      Config
	log      *slog.Logger
	consumer *queue.Consumer
	work     chan *queue.Item // from dispatch to the handlers
	handlers sync.WaitGroup
	started  int // handlers; dispatch alone touches it

	leader   *leader.Elector
	turn     turn
	jobs     *jobs
	halts    *halts
	breaker  *breaker
	memory   memory
	signOuts *signOuts
	canaries canaries
	endings  endings
	discards discards
	rejected rejections
	// foreign counts the messages for other workers since the last of our own.
	foreign  atomic.Int32
	estimate estimate
	// received is when the queue last handed out a message, in nanoseconds since
	// the epoch.
	received atomic.Int64

	// finish ends the run from inside: a drain that is done, or a halt in one.
	finish context.CancelCauseFunc
}

// maxPrefetch bounds the messages held ahead, whatever the pace.
const maxPrefetch = 1000

// atLedger is how many messages may be worked on beside those whose call is in
// flight: their claim or record is being written.
const atLedger = 16

// New makes a Worker; Run starts it, once.
func New(cfg Config) *Worker {
	cfg = cfg.withDefaults()
	w := &Worker{
		cfg:     cfg,
		log:     cfg.Logger,
		work:    make(chan *queue.Item),
		breaker: newBreaker(cfg.SameFailure),
	}
	w.leader = newElector(w)
	w.turn.w = w
	w.jobs = newJobs(w)
	w.halts = newHalts(w)
	w.signOuts = newSignOuts(w)
	w.canaries.w = w
	w.endings.w = w
	w.estimate.w = w
	return w
}

// Result says how a run ended.
type Result struct {
	// Halt is why the run stopped, in a drain.
	Halt *job.Halt
	// Cause is the error behind Halt, if it was one of this run's and not an answer of
	// Cognito.
	Cause error
	// Drained is whether a drain came to its end.
	Drained bool
	// Unsent are the jobs that a drain did not wait for, because their enqueue
	// has not finished, or sends to another queue: this one is empty.
	Unsent []string
	// Jobs are the jobs the run was about, as they stand at its end.
	Jobs []JobStatus
	// Rejected counts, by reason, the messages that were not worked on.
	Rejected map[queue.RejectReason]int64
}

var errDrained = errors.New("every target has an outcome")

// haltedError ends a drain.
type haltedError struct {
	halt  job.Halt
	cause error // may be nil
}

func (e *haltedError) Error() string { return "halted: " + string(e.halt.Reason) }

// Run works until ctx ends (stop receiving, hand back what is not started,
// finish what is), until now ends (stop at once), or, in a drain, until it is
// done or halted. An error means that the run could not begin.
//
// Three contexts follow from the two: fetch ends with either, work a while after
// fetch (it cuts off calls that take too long), and that of the consumer with now
// alone, so that what was finished is deleted whatever the calls did.
func (w *Worker) Run(ctx, now context.Context) (Result, error) {
	fetch, finish := context.WithCancelCause(ctx)
	defer finish(nil)
	w.finish = finish
	w.cfg.Metrics.SetDrain(w.cfg.Drain)
	flush, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	work, cancel := context.WithCancel(flush)
	defer cancel()
	defer context.AfterFunc(now, func() {
		finish(context.Cause(now))
		abort()
	})()

	if err := w.jobs.refresh(fetch); err != nil {
		return Result{}, err
	}
	if err := w.jobs.checkNamed(); err != nil {
		return Result{}, err
	}
	if err := w.jobs.checkPools(); err != nil {
		return Result{}, err
	}
	if err := w.jobs.checkQueue(); err != nil {
		return Result{}, err
	}
	resign, err := w.enter(fetch, flush)
	defer resign()
	if err != nil {
		return Result{}, err
	}
	w.consumer = w.turn.attach(func(standby bool) *queue.Consumer {
		return queue.Start(flush, w.consumerConfig(standby))
	})
	w.cfg.Health.SetReady("starting", true)

	w.endings.begin(fetch, flush)
	var watchers sync.WaitGroup
	watchers.Go(func() { w.watch(fetch) })
	watchers.Go(func() { w.sample(fetch) })
	var second sync.WaitGroup
	second.Go(func() { w.signOuts.run(fetch, work) })
	w.dispatch(fetch, work)
	w.shutDown(ctx, flush, cancel, resign, &second)
	watchers.Wait()
	w.endings.wait()
	return w.result(work, context.Cause(fetch)), nil
}

func (w *Worker) consumerConfig(standby bool) queue.ConsumerConfig {
	var paused []string
	if standby {
		paused = append(paused, pausedByStandby)
	}
	if w.halts.current() != nil {
		paused = append(paused, pausedByHalt)
	}
	if w.jobs.allPaused() {
		paused = append(paused, pausedByJobs)
	}
	return queue.ConsumerConfig{
		Paused:     paused,
		Transport:  w.cfg.Transport,
		Visibility: w.cfg.Visibility,
		// Three seconds of pace: enough that no receive is waited for, and few
		// enough that a killed worker leaves little invisible.
		Prefetch: func() int { return min(maxPrefetch, int(3*w.cfg.Pace.Snapshot().Pace)) },
		DeleteAfter: func() time.Duration {
			p := max(w.cfg.Pace.Snapshot().Pace, 1)
			return time.Duration(queue.MaxBatch/p*float64(time.Second)) + 250*time.Millisecond
		},
		Received: func(n int, _ error) {
			if n > 0 {
				w.received.Store(time.Now().UnixNano())
			}
		},
		Alive:  w.cfg.Health.Beat,
		Logger: w.log,
	}
}

// shutDown hands back what is not started, waits for what is, in both stages, and
// flushes: in a hurry once ctx has ended, because who stops the worker waits for
// it. Once no call is under way, it gives the lease up.
func (w *Worker) shutDown(ctx, flush context.Context, cutOff, resign context.CancelFunc, second *sync.WaitGroup) {
	w.consumer.Stop()
	defer context.AfterFunc(ctx, w.consumer.Hurry)()
	stop := time.AfterFunc(w.cfg.StopWithin, cutOff)
	w.handlers.Wait()
	w.signOuts.close()
	second.Wait()
	stop.Stop()
	var resigning sync.WaitGroup
	resigning.Go(resign)
	defer resigning.Wait()
	flush, done := context.WithTimeout(flush, flushWithin)
	defer done()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(flushWithinStop, done) })()
	if left := w.consumer.Close(flush); left > 0 {
		w.log.Warn("some messages stay invisible until their visibility runs out", "messages", left)
	}
}

// How long the last receive, hand-backs and deletes may take, at the end of a run
// and after a stop.
const (
	flushWithin     = 20 * time.Second
	flushWithinStop = 1900 * time.Millisecond
)

func (w *Worker) result(ctx context.Context, cause error) Result {
	r := Result{Drained: errors.Is(cause, errDrained), Rejected: w.rejected.all()}
	if halted, ok := errors.AsType[*haltedError](cause); ok {
		r.Halt, r.Cause = &halted.halt, halted.cause
	}
	final, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer done()
	if err := w.jobs.refresh(final); err != nil {
		w.log.Warn("the last look at the jobs failed", "error", err)
	}
	r.Jobs = w.jobs.status()
	for _, st := range r.Jobs {
		if r.Drained && !st.Job.State.Over() {
			r.Unsent = append(r.Unsent, st.Job.ID)
		}
	}
	return r
}
