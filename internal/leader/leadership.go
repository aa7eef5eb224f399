package leader

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Instant is a monotonic and a wall-clock reading of this machine. The monotonic clock
// stands still while the machine is suspended; the wall clock can be set.
type Instant struct{ Mono, Wall time.Duration }

// NewClock returns a clock whose monotonic reading begins at zero.
func NewClock() func() Instant {
	zero := time.Now()
	return func() Instant {
		now := time.Now()
		return Instant{now.Sub(zero), time.Duration(now.UnixNano())}
	}
}

// Until is how long after i the instant j is, by the clock that says more.
func (i Instant) Until(j Instant) time.Duration { return max(j.Mono-i.Mono, j.Wall-i.Wall) }

func (e *Elector) leftLocked() time.Duration {
	if !e.leading {
		return 0
	}
	return RenewDeadline - e.renewed.Until(e.cfg.Clock())
}

// mayCallLocked reports whether a call may begin.
func (e *Elector) mayCallLocked() bool { return !e.barred && e.leftLocked() >= CallMargin }

// Left is how long calls may still go on if no renewal succeeds any more; 0 or less if
// this worker does not lead.
func (e *Elector) Left() time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.leftLocked()
}

// Leadership is the number of this worker's present leadership, from 1, or 0 if it does
// not lead.
func (e *Elector) Leadership() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.leftLocked() <= 0 {
		return 0
	}
	return e.number
}

// Other is who is known to lead instead of this worker, or "", and what that one says
// of itself, or nil.
func (e *Elector) Other() (owner string, data json.RawMessage) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.other == "" {
		return "", nil
	}
	return e.other, e.theirs
}

// Silent is for how long the one that Other names has not moved its lease, by this
// worker's clock; 0 if there is none.
func (e *Elector) Silent() time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.other == "" {
		return 0
	}
	return e.cfg.Clock().Mono - e.heard.Mono
}

// Changed is closed when the next leadership begins or the present one ends.
func (e *Elector) Changed() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.changed
}

// errLost is why the context of a call ends with the leadership.
var errLost = errors.New("the lease has ended")

// Context returns a context for one call that ends with the leadership at the latest.
// It reports false if no call may begin now. The function frees it.
func (e *Elector) Context(ctx context.Context) (context.Context, context.CancelFunc, bool) {
	e.mu.Lock()
	may, over := e.mayCallLocked(), e.over
	e.mu.Unlock()
	if !may {
		return ctx, func() {}, false
	}
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(over, func() { cancel(errLost) })
	return ctx, func() { stop(); cancel(nil) }, true
}

// Lost reports whether a context that Context returned has ended because the leadership
// did.
func Lost(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errLost) }

const (
	// marginCheck is how often to look whether a renewal has come after all.
	marginCheck = 100 * time.Millisecond
	// beat is how often a wait shows that it is alive.
	beat = 10 * time.Second
)

// Wait blocks until a call may begin; it reports false when ctx has ended. alive is
// called now and then.
func (e *Elector) Wait(ctx context.Context, alive func()) bool {
	for {
		if ctx.Err() != nil {
			return false
		}
		e.mu.Lock()
		leading, may, changed := e.leading, e.mayCallLocked(), e.changed
		e.mu.Unlock()
		if may {
			return true
		}
		alive()
		d := beat
		if leading {
			d = marginCheck
		}
		sleep(ctx, d, changed)
	}
}

// sleep waits for d, or until wake or ctx; it reports false when ctx has ended. It
// makes no timer of no time: reading one in a synctest bubble has crashed the race
// detector (Go 1.26.8, runtime.(*timer).maybeRunChan).
func sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-ctx.Done():
		case <-wake:
		case <-timer.C:
		}
	}
	return ctx.Err() == nil
}
