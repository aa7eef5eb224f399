package worker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"relock/internal/job"
	"relock/internal/reset"
	"relock/internal/sqlite"
)

// Reasons for which the consumer is paused.
const (
	pausedByHalt = "halt"
	pausedByJobs = "jobs"
)

// codeLocked is the code of the halt by a ledger whose file another program keeps
// locked.
const codeLocked = "locked"

const (
	// probeEvery is how often a halt that may pass by itself is probed. After a
	// halt that came again before any target got an outcome, the first probe waits
	// twice as long as after the one before, up to probeMost: each time costs the
	// messages at hand a receive, and a queue allows twenty or so.
	probeEvery = time.Minute
	probeMost  = 32 * time.Minute
	// refreshEvery is the least time between two refreshes of the credentials, the
	// probes' aside.
	refreshEvery = time.Minute
)

// halts is the state of the one halt that may be in force. Its methods may be
// called concurrently.
type halts struct {
	w *Worker

	mu        sync.Mutex
	halt      *job.Halt
	stored    bool // the ledger has it
	changed   chan struct{}
	nextProbe time.Time
	refreshed time.Time // when the credentials were last refreshed
	fruitless int       // halts since a target last got an outcome
}

func newHalts(w *Worker) *halts { return &halts{w: w, changed: make(chan struct{})} }

// current is the halt in force, or nil.
func (h *halts) current() *job.Halt {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.halt
}

// adopt honours a halt that the ledger has from before, unless it may pass by
// itself and has: a run that is started again and again must not cost the
// messages a receive each time.
func (h *halts) adopt(ctx context.Context) error {
	var halt job.Halt
	var ok bool
	err := ask(ctx, func(ctx context.Context) (err error) {
		halt, ok, err = h.w.cfg.Ledger.Halt(ctx, h.w.cfg.Scope)
		return err
	})
	if err != nil {
		return fmt.Errorf("reading the halt from the ledger: %w", err)
	}
	if ok && halt.Reason.SelfClearing() && h.probe(ctx, halt) {
		if err := h.clear(ctx); err != nil {
			return fmt.Errorf("ending the halt in the ledger: %w", err)
		}
		ok = false
	}
	if !ok {
		h.w.cfg.Metrics.SetHalted("")
		return nil
	}
	h.enter(halt, nil, true)
	return nil
}

// trip halts all work, unless it is halted already. cause is for the log; it
// must not hold personal data.
func (h *halts) trip(reason job.HaltReason, code string, cause error) {
	h.enter(job.Halt{Reason: reason, Code: code, Since: time.Now()}, cause, false)
}

// refusedBy halts all work for the cause of a reply.
func (h *halts) refusedBy(r reset.Reply) {
	halt := r.Cause()
	halt.Since = time.Now()
	h.enter(halt, nil, false)
}

func (h *halts) enter(halt job.Halt, cause error, stored bool) {
	h.mu.Lock()
	if h.halt != nil {
		h.mu.Unlock()
		return
	}
	remedy := halt.Remedy(!h.ends(halt.Reason))
	if file, ok := errors.AsType[*sqlite.Error](cause); ok && file.Kind != nil { // it says what to do
		remedy = file.Remedy()
		if errors.Is(file, sqlite.ErrLocked) {
			halt.Code = codeLocked
		}
	}
	h.halt, h.stored = &halt, stored
	h.nextProbe = time.Now().Add(min(probeEvery<<min(h.fruitless, 10), probeMost))
	h.fruitless++
	h.signalLocked()
	h.showLocked(halt.Reason, true)
	h.mu.Unlock()

	w := h.w
	args := []any{"reason", string(halt.Reason), "code", halt.Code, "since", halt.Since.UTC(), "remedy", remedy}
	if clock := halt.Clock(); clock != "" {
		args = append(args, "clock", clock)
	}
	if cause != nil {
		args = append(args, "error", cause)
	}
	w.log.Error("halted: no user is reset until the cause is fixed; nothing is lost", args...)
	h.store(context.Background())
	if h.ends(halt.Reason) {
		w.finish(&haltedError{halt, cause})
	}
}

// local reports whether a halt is in force that is this worker's alone.
func (h *halts) local() bool {
	halt := h.current()
	return halt != nil && halt.Reason.Local()
}

// ends reports whether a halt ends the run: in a drain, unless that waits for the
// halts that end by themselves.
func (h *halts) ends(r job.HaltReason) bool {
	return h.w.cfg.Drain && !(h.w.cfg.Wait && r.SelfClearing())
}

// progress notes that a target got an outcome.
func (h *halts) progress() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fruitless = 0
}

// store writes the halt to the ledger, so that others honour it. If that fails
// it is tried again by the watcher.
func (h *halts) store(ctx context.Context) {
	h.mu.Lock()
	halt, stored := h.halt, h.stored
	h.mu.Unlock()
	if halt == nil || stored || halt.Reason.Local() || h.w.leader.Leadership() == 0 { // a standby's trouble is its own
		return
	}
	write, cancel := durable(ctx)
	defer cancel()
	if err := h.w.cfg.Ledger.SetHalt(write, h.w.cfg.Scope, *halt); err != nil {
		h.w.log.Warn("the ledger does not take the halt", "error", err)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stored = true
}

// leave ends the halt.
func (h *halts) leave(why string) {
	h.mu.Lock()
	if h.halt == nil {
		h.mu.Unlock()
		return
	}
	reason := h.halt.Reason
	h.halt, h.stored = nil, false
	h.signalLocked()
	for _, b := range h.w.breakers() {
		b.reset()
	}
	h.showLocked(reason, false)
	h.mu.Unlock()
	h.w.log.Info("going on after the halt", "reason", string(reason), "because", why)
}

// showLocked makes metrics, readiness and the consumer follow the halt. It does so
// under the lock: enter and leave in two goroutines must not overtake each other, or
// nothing would be received though nothing is halted.
func (h *halts) showLocked(reason job.HaltReason, halted bool) {
	w := h.w
	w.cfg.Health.SetReady("halted: "+string(reason), !halted)
	if halted {
		w.cfg.Metrics.SetHalted(reason)
	} else {
		w.cfg.Metrics.SetHalted("")
	}
	switch {
	case w.consumer == nil: // it will be started paused
	case halted:
		w.consumer.Pause(pausedByHalt)
	default:
		w.consumer.Resume(pausedByHalt)
	}
}

func (h *halts) signalLocked() {
	close(h.changed)
	h.changed = make(chan struct{})
}

// wait blocks while halted; it reports false when ctx has ended.
func (h *halts) wait(ctx context.Context) bool {
	for {
		h.mu.Lock()
		halted, changed := h.halt != nil, h.changed
		h.mu.Unlock()
		if ctx.Err() != nil {
			return false
		}
		if !halted {
			return true
		}
		h.w.cfg.Health.Beat("dispatch")
		sleep(ctx, beat, changed)
	}
}

// look is called every few seconds: it honours a halt that another worker wrote,
// ends one that an operator resumed, and probes one that may pass by itself.
func (h *halts) look(ctx context.Context) {
	h.store(ctx)
	h.mu.Lock()
	halt, stored, due := h.halt, h.stored, !time.Now().Before(h.nextProbe)
	h.mu.Unlock()
	read, cancel := context.WithTimeout(ctx, ledgerTimeout)
	theirs, there, err := h.w.cfg.Ledger.Halt(read, h.w.cfg.Scope)
	cancel()
	switch {
	case err != nil:
		return // without the ledger there is nothing to go on to
	case halt == nil && there:
		h.enter(theirs, nil, true)
		return
	case halt == nil:
		return
	case stored && !there:
		h.leave("it was resumed")
		return
	}
	if halt.Reason == job.HaltLedger && !stored {
		return // it can be read and still takes nothing
	}
	if !halt.Reason.SelfClearing() || !due || !h.probe(ctx, *halt) {
		return
	}
	if err := h.clear(ctx); err != nil {
		h.w.log.Warn("the ledger does not take the end of the halt", "error", err)
		return
	}
	h.leave("the cause has passed")
}

// clear takes the halt out of the ledger.
func (h *halts) clear(ctx context.Context) error {
	return ask(ctx, func(ctx context.Context) error { return h.w.cfg.Ledger.ClearHalt(ctx, h.w.cfg.Scope) })
}

// probe finds out whether the cause has passed, at no message's cost: a message
// may be received only so often before its queue takes it for dead.
func (h *halts) probe(ctx context.Context, halt job.Halt) bool {
	h.mu.Lock()
	h.nextProbe = time.Now().Add(probeEvery)
	h.mu.Unlock()
	switch halt.Reason {
	case job.HaltLedger:
		return true // it has taken or told us the halt
	case job.HaltDailyEmailLimit:
		return !time.Now().Before(renewal(halt.Since))
	default:
		if err := h.w.cfg.Pace.Wait(ctx); err != nil {
			return false
		}
		if h.w.cfg.RefreshCredentials != nil {
			h.w.cfg.RefreshCredentials()
		}
		covered, done, ok := h.w.leader.Context(ctx)
		defer done()
		return ok && h.w.cfg.Resetter.Check(covered, h.w.cfg.Pools[0]).Class == reset.Done
	}
}

// renewal is when Cognito's daily e-mail allowance is renewed after t: at 09:00
// UTC, with a minute to spare. Source: "Quotas in Amazon Cognito" in the Amazon
// Cognito Developer Guide.
func renewal(t time.Time) time.Time {
	t = t.UTC()
	r := time.Date(t.Year(), t.Month(), t.Day(), 9, 1, 0, 0, time.UTC)
	if !r.After(t) {
		r = r.AddDate(0, 0, 1)
	}
	return r
}

// refresh makes the SDK fetch new credentials after they were refused to a call
// begun at begun, and reports whether that call is worth another try: once in a
// while for everybody, so that credentials that are refused again halt the work.
// Calls that were under way at the refresh were refused the old ones.
func (h *halts) refresh(begun time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.w.cfg.RefreshCredentials == nil:
		return false
	case !begun.After(h.refreshed):
		return true
	case time.Since(h.refreshed) < refreshEvery:
		return false
	}
	h.refreshed = time.Now()
	h.w.cfg.RefreshCredentials()
	return true
}
