package pace

import (
	"context"
	"sync"
	"time"
)

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
	wake chan struct{} // tells whoever is in Wait to ask again

	mu   sync.Mutex
	gate *Gate
}

// New makes a Pacer that begins at the budget.
func New(c Config) (*Pacer, error) {
	gate, err := NewGate(c)
	if err != nil {
		return nil, err
	}
	return &Pacer{turn: make(chan struct{}, 1), wake: make(chan struct{}, 1), gate: gate}, nil
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
	var timer *time.Timer
	for {
		if ctx.Err() != nil {
			p.mu.Lock()
			p.gate.Release(time.Now())
			p.mu.Unlock()
			return context.Cause(ctx)
		}
		p.mu.Lock()
		d := p.gate.Poll(time.Now())
		p.mu.Unlock()
		if d == 0 {
			return nil
		}
		if timer == nil {
			timer = time.NewTimer(d)
			defer timer.Stop()
		} else {
			timer.Reset(d)
		}
		select {
		case <-timer.C:
		case <-p.wake:
		case <-ctx.Done():
		}
	}
}

// signal makes whoever is in Wait ask again.
func (p *Pacer) signal() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
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
	p.gate.Begin(now)
	return &Call{p: p, begun: now}
}

// Done notes that the call has ended and with what. A throttle lowers the pace at
// once, for calls not yet made. Only the first Done of a call counts.
func (c *Call) Done(r Result) {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	if c.done {
		return
	}
	c.done = true
	if c.p.gate.Done(c.begun, time.Now(), r) {
		c.p.signal()
	}
}

// SetBudget replaces budget and quota, both in requests a second.
func (p *Pacer) SetBudget(budget, quota float64) error {
	return p.change(func() error { return p.gate.ctl.SetBudget(budget, quota) })
}

// Restore takes over what a predecessor learnt; nonsense is ignored.
func (p *Pacer) Restore(s State) {
	_ = p.change(func() error { p.gate.ctl.Restore(s); return nil })
}

// change alters the pace from outside: a reservation made before is worthless.
func (p *Pacer) change(f func() error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := f(); err != nil {
		return err
	}
	p.gate.Release(time.Now())
	p.signal()
	return nil
}

// State is what was learnt, for the ledger's lease.
func (p *Pacer) State() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.gate.ctl.State(time.Now())
}

// MaxInFlight is the bound of the calls in flight.
func (p *Pacer) MaxInFlight() int { return p.gate.flight.max }

// Snapshot is the Pacer at this moment.
func (p *Pacer) Snapshot() Snapshot {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.gate.Snapshot(time.Now())
}
