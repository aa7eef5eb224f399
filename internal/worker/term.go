package worker

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// instant is a moment by both clocks of this machine, each since some zero of its
// own. The monotonic one stands still while the machine is suspended; the wall
// clock can be set.
type instant struct{ mono, wall time.Duration }

// clock returns a clock.
func clock() func() instant {
	zero := time.Now()
	return func() instant {
		now := time.Now()
		return instant{now.Sub(zero), time.Duration(now.UnixNano())}
	}
}

// until is how long after i the instant j is, by the clock that says more.
func (i instant) until(j instant) time.Duration { return max(j.mono-i.mono, j.wall-i.wall) }

func (l *lease) leftLocked() time.Duration {
	if !l.held {
		return 0
	}
	return holdFor - l.renewed.until(l.cfg.now())
}

// left is how long calls may still go on if no renewal succeeds any more.
func (l *lease) left() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.leftLocked()
}

// current is the number of the term, or 0 if there is none.
func (l *lease) current() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.leftLocked() <= 0 {
		return 0
	}
	return l.term
}

// active is who is known to be active instead of this worker, or "".
func (l *lease) active() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.other
}

// others is the same, with how that worker stands; nil where it has not said.
func (l *lease) others() (string, *Shown) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.other == "" {
		return "", nil
	}
	return l.other, l.theirs
}

// turns is closed when the next term begins or the present one ends.
func (l *lease) turns() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

// errLapsed is why the context of a call ends with the term.
var errLapsed = errors.New("the lease has ended")

// cover returns a context for one call that ends with the term at the latest. It
// reports false if no call may begin now. The function ends the cover.
func (l *lease) cover(ctx context.Context) (context.Context, context.CancelFunc, bool) {
	l.mu.Lock()
	left, over := l.leftLocked(), l.over
	l.mu.Unlock()
	if left < spare {
		return ctx, func() {}, false
	}
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(over, func() { cancel(errLapsed) })
	return ctx, func() { stop(); cancel(nil) }, true
}

// lapsed reports whether a call was cut off because the term ended.
func lapsed(covered context.Context) bool { return errors.Is(context.Cause(covered), errLapsed) }

// spareCheck is how often to look whether a renewal has come after all.
const spareCheck = 100 * time.Millisecond

// wait blocks until a call may begin; it reports false when ctx has ended. alive
// is called now and then.
func (l *lease) wait(ctx context.Context, alive func()) bool {
	for {
		if ctx.Err() != nil {
			return false
		}
		l.mu.Lock()
		held, left, changed := l.held, l.leftLocked(), l.changed
		l.mu.Unlock()
		if left >= spare {
			return true
		}
		alive()
		d := beat
		if held {
			d = spareCheck
		}
		sleep(ctx, d, changed)
	}
}

// Guard refuses to send bytes to Cognito while its worker is not the active one.
// A worker looks at its lease before each call; a process that is suspended right
// after that look would still send the call when it goes on, and only a look that
// stands next to the write prevents that. The zero value refuses nothing until a
// worker that has it in its Config runs. Err may be called concurrently.
type Guard struct{ lease atomic.Pointer[lease] }

// Err is ErrNotActive if nothing may be sent now.
func (g *Guard) Err() error {
	if l := g.lease.Load(); l != nil && l.left() <= 0 {
		return ErrNotActive
	}
	return nil
}
