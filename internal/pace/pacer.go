package pace

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// recheck is how often a dispatcher that waits for calls in flight to end looks
// again by itself: the limit grows with their age.
const recheck = 20 * time.Millisecond

// Result is what became of a call, as far as the pace is concerned.
type Result uint8

// The results of a call.
const (
	// OK: the service answered, whatever it said of the user.
	OK Result = iota
	// Throttled: the service asked to slow down.
	Throttled
	// Other: a timeout, a lost connection, an internal error.
	Other
)

// Pacer hands out the right to make calls, one at a time, and learns from their
// results how fast that may be. It starts no goroutine. All methods are safe for
// use by several goroutines at once.
type Pacer struct {
	turn chan struct{} // holds a value while somebody is in Wait
	wake chan struct{} // tells whoever is in Wait to look again

	mu      sync.Mutex
	ctl     *Controller
	flight  flight
	lim     *rate.Limiter
	changed uint64 // counts what makes a reservation worthless
	blocked bool   // Wait waits for a call in flight to end
	calls   uint64
}

// New makes a Pacer that begins at the budget.
func New(c Config) (*Pacer, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	ctl, err := NewController(c)
	if err != nil {
		return nil, err
	}
	return &Pacer{
		turn:   make(chan struct{}, 1),
		wake:   make(chan struct{}, 1),
		ctl:    ctl,
		flight: flight{max: c.MaxInFlight},
		lim:    rate.NewLimiter(rate.Limit(c.Budget), 1),
	}, nil
}

// Wait blocks until one call may be made now, or returns the cause of ctx's end.
// It holds at most one reservation of the limiter, so a pace that is lowered
// while it waits holds for this very wait. It waits out the pause after a
// throttle, and blocks while as many calls are in flight as pace × latency needs.
//
// It is meant for one dispatcher; several callers get their turn one after the
// other. A token that was waited for and not used does not come back: use it for
// the next call.
func (p *Pacer) Wait(ctx context.Context) error {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		r, d, seen := p.reserve()
		if r != nil && d == 0 {
			return nil
		}
		timer.Reset(d)
		select {
		case <-timer.C:
			if r != nil && p.stands(seen) {
				return nil
			}
		case <-p.wake:
		case <-ctx.Done():
			if r != nil {
				r.Cancel()
			}
			return context.Cause(ctx)
		}
		if r != nil {
			r.Cancel()
		}
	}
}

// reserve takes a reservation and says how long it has to be waited for. Without
// a reservation, the time is how long to wait before asking again.
func (p *Pacer) reserve() (*rate.Reservation, time.Duration, uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.blocked = false
	if d := p.ctl.PausedUntil().Sub(now); d > 0 {
		return nil, d, p.changed
	}
	pace := p.ctl.Pace(now)
	if p.flight.n >= p.flight.limit(pace, now) {
		p.blocked = true
		return nil, recheck, p.changed
	}
	p.lim.SetLimitAt(now, rate.Limit(pace))
	r := p.lim.ReserveN(now, 1)
	return r, r.DelayFrom(now), p.changed
}

// stands reports whether a reservation made when seen was current still is.
func (p *Pacer) stands(seen uint64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.changed == seen
}

// signal makes whoever is in Wait look again. Called with the lock held.
func (p *Pacer) signal() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// revoke makes the reservation that Wait may hold worthless. Called with the lock
// held.
func (p *Pacer) revoke() {
	p.changed++
	p.signal()
}

// Call is a call in flight.
type Call struct {
	p     *Pacer
	begun time.Time
	done  bool // guarded by p.mu
}

// Begin notes that a call starts now. Its Done must be called.
func (p *Pacer) Begin() *Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.calls++
	p.flight.begin(now)
	return &Call{p: p, begun: now}
}

// Done notes that the call has ended and with what. A throttle lowers the pace at
// once, for calls not yet made. Only the first Done of a call counts.
func (c *Call) Done(r Result) {
	p := c.p
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.done {
		return
	}
	c.done = true
	now := time.Now()
	p.flight.end(c.begun, now)
	if r == Throttled && p.ctl.Throttled(c.begun, now) {
		p.revoke()
	} else if p.blocked {
		p.signal()
	}
}

// SetBudget replaces budget and quota, both in requests a second.
func (p *Pacer) SetBudget(budget, quota float64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.ctl.SetBudget(time.Now(), budget, quota); err != nil {
		return err
	}
	p.revoke()
	return nil
}

// State is what was learnt, for the ledger's lease.
func (p *Pacer) State() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ctl.State(time.Now())
}

// Restore takes over what a predecessor learnt.
func (p *Pacer) Restore(s State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ctl.Restore(time.Now(), s)
	p.revoke()
}

// Snapshot is the Pacer at this moment.
func (p *Pacer) Snapshot() Snapshot {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	pace := p.ctl.Pace(now)
	return Snapshot{
		Pace: pace, Budget: p.ctl.budget, Quota: p.ctl.quota, Ceiling: p.ctl.ceiling,
		InFlight: p.flight.n, InFlightLimit: p.flight.limit(pace, now),
		Latency: time.Duration(p.flight.latency * float64(time.Second)),
		Calls:   p.calls, Throttles: p.ctl.throttles,
		PausedUntil: p.ctl.PausedUntil(),
	}
}
