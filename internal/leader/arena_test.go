package leader

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"relock/internal/ledger"
	"relock/internal/ledger/ledgertest"
)

const scopeName = "123456789012/eu-west-1"

// arena is several workers that want to call, and one ledger, in a bubble. It
// checks what is promised: whoever calls is the owner in the ledger at that
// moment, and when the owner changes, no call is under way.
type arena struct {
	t     *testing.T
	led   *ledgertest.Memory
	mu    sync.Mutex
	calls []arrival
	under map[*contender]int // calls under way
}

// arrival is a call that Cognito got.
type arrival struct {
	who *contender
	at  time.Time
}

func newArena(t *testing.T) *arena {
	return &arena{t: t, led: ledgertest.NewMemory("ledger-1", nil), under: map[*contender]int{}}
}

// contender is one worker: its lease, its caller, and what goes wrong with it.
type contender struct {
	a       *arena
	name    string
	elector *Elector
	fence   Fence
	stop    func()
	done    sync.WaitGroup
	left    string // what it took over

	mu     sync.Mutex
	frozen chan struct{} // not nil while suspended; closed when it goes on
	cut    bool          // off from the ledger
	slow   func() time.Duration
	lose   func() bool   // the answer to a write is lost
	late   func() bool   // a write takes effect after its writer has gone away
	wall   time.Duration // how much the wall clock was set
	// suspends says that the machine is suspended, not the process, and that its
	// wall clock is right: if both clocks are wrong at once, nothing tells.
	suspends bool
	machine  bool          // suspended with the machine: the monotonic clock stands still
	stood    time.Duration // for how long it did
	looked   time.Duration // when it was last looked at
	after    func()        // called after a write, before its answer
	latency  time.Duration // of calls
}

// enter adds a worker that wants to call; change, if given, alters it before.
func (a *arena) enter(name string, change ...func(*contender)) *contender {
	c := &contender{a: a, name: name, latency: 200 * time.Millisecond}
	base := NewClock()
	c.elector = New(Config{
		Store: c, Name: scopeName, Owner: name,
		Clock: func() Instant {
			c.mu.Lock()
			defer c.mu.Unlock()
			now := base()
			if c.machine {
				c.stood += now.Mono - c.looked
			}
			c.looked = now.Mono
			return Instant{now.Mono - c.stood, now.Wall + c.wall}
		},
		Data:    func() any { return name },
		Restore: func(data json.RawMessage) { c.left = string(data) },
	})
	c.fence.Follow(c.elector)
	for _, f := range change {
		f(c)
	}
	ctx, cancel := context.WithCancel(a.t.Context())
	c.stop = cancel
	_ = c.elector.Begin(ctx) // run tries again
	c.done.Go(func() { c.elector.Run(ctx) })
	c.done.Go(func() { c.call(ctx) })
	return c
}

// call calls whenever it may.
func (c *contender) call(ctx context.Context) {
	var calls sync.WaitGroup
	defer calls.Wait()
	for c.elector.Wait(ctx, func() {}) {
		c.thaw()
		c.mu.Lock()
		latency := c.latency
		c.mu.Unlock()
		covered, done, ok := c.elector.Context(ctx)
		if ok {
			<-time.After(50 * time.Millisecond)
			c.thaw() // suspended right before the call
			if c.fence.Err() == nil {
				c.a.arrive(c)
				calls.Go(func() { c.answer(covered, latency) })
			}
			calls.Go(func() { <-time.After(latency); done() })
		}
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (c *contender) answer(covered context.Context, latency time.Duration) {
	select {
	case <-covered.Done():
	case <-time.After(latency):
	}
	c.a.mu.Lock()
	defer c.a.mu.Unlock()
	c.a.under[c]--
}

func (a *arena) arrive(c *contender) {
	l, err := a.led.Lease(a.t.Context(), scopeName)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.under[c]++
	a.calls = append(a.calls, arrival{c, time.Now()})
	if err == nil && l.Owner != c.name && !a.t.Failed() {
		a.t.Errorf("%s calls at %v, and the lease is %q's", c.name, time.Now().Format(time.TimeOnly), l.Owner)
	}
}

// thaw waits while suspended.
func (c *contender) thaw() {
	c.mu.Lock()
	frozen := c.frozen
	c.mu.Unlock()
	if frozen != nil {
		<-frozen
	}
}

// freeze suspends a worker for d. Its monotonic clock stands still with machine.
func (c *contender) freeze(d time.Duration, machine bool) {
	c.elector.cfg.Clock()
	c.mu.Lock()
	if c.frozen != nil {
		c.mu.Unlock()
		return
	}
	c.frozen, c.machine = make(chan struct{}), machine
	c.mu.Unlock()
	c.done.Go(func() {
		<-time.After(d)
		c.elector.cfg.Clock()
		c.mu.Lock()
		close(c.frozen)
		c.frozen, c.machine = nil, false
		c.mu.Unlock()
	})
}

func (c *contender) change(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

// reach is the way to the ledger and back.
func (c *contender) reach(ctx context.Context) error {
	c.thaw()
	c.mu.Lock()
	cut, slow := c.cut, c.slow
	c.mu.Unlock()
	if slow != nil {
		select {
		case <-ctx.Done():
		case <-time.After(slow()):
		}
		c.thaw()
	}
	if cut {
		<-ctx.Done()
	}
	return ctx.Err()
}

// Lease implements Store.
func (c *contender) Lease(ctx context.Context, name string) (ledger.Lease, error) {
	if err := c.reach(ctx); err != nil {
		return ledger.Lease{}, err
	}
	l, err := c.a.led.Lease(ctx, name)
	if err == nil {
		err = c.reach(ctx)
	}
	return l, err
}

// PutLease implements Store.
func (c *contender) PutLease(ctx context.Context, l ledger.Lease, expect int64) error {
	if err := c.reach(ctx); err != nil {
		return err
	}
	c.mu.Lock()
	lose, late := c.lose != nil && c.lose(), c.late != nil && c.late()
	c.mu.Unlock()
	if late {
		c.done.Go(func() {
			<-time.After(rand.N(30 * time.Second)) //nolint:gosec // a test
			_ = c.put(l, expect)
		})
		return errors.New("connection closed")
	}
	err := c.put(l, expect)
	c.mu.Lock()
	after := c.after
	c.after = nil
	c.mu.Unlock()
	if after != nil {
		after()
		c.thaw()
	}
	if lose {
		return errors.New("connection closed")
	}
	if back := c.reach(ctx); err == nil {
		err = back
	}
	return err
}

// put writes, and sees that a change of the owner leaves no call under way, but
// those of a process that is suspended: it made them before.
func (c *contender) put(l ledger.Lease, expect int64) error {
	ctx := context.Background()
	before, _ := c.a.led.Lease(ctx, l.Name)
	err := c.a.led.PutLease(ctx, l, expect)
	if err != nil || before.Owner == l.Owner {
		return err
	}
	c.a.mu.Lock()
	defer c.a.mu.Unlock()
	for other, n := range c.a.under {
		other.mu.Lock()
		suspended := other.frozen != nil
		other.mu.Unlock()
		if n > 0 && other != c && !suspended {
			c.a.t.Errorf("%s takes the lease at %v with %d calls of %s under way", c.name, time.Now().Format(time.TimeOnly), n, other.name)
		}
	}
	return nil
}

// end ends a worker in order.
func (c *contender) end() {
	c.stop()
	c.done.Wait()
	c.elector.Resign()
}

// kill ends a worker without a word.
func (c *contender) kill() {
	c.stop()
	c.done.Wait()
	c.elector.mu.Lock()
	c.elector.endLocked() // its timer
	c.elector.mu.Unlock()
}

// first is when c first called after a moment, and whether it has.
func (a *arena) first(c *contender, after time.Time) (time.Duration, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, k := range a.calls {
		if k.who == c && k.at.After(after) {
			return k.at.Sub(after), true
		}
	}
	return 0, false
}

// last is when c last called.
func (a *arena) last(c *contender) (at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, k := range a.calls {
		if k.who == c {
			at = k.at
		}
	}
	return at
}

func (a *arena) wantFirst(c *contender, after time.Time, from, to time.Duration) {
	a.t.Helper()
	if d, ok := a.first(c, after); !ok || d < from || d > to {
		a.t.Errorf("%s called first after %v (%v), want between %v and %v", c.name, d, ok, from, to)
	}
}

// takeover is a story of two workers: a is active, something happens to it, and b
// calls between from and to later.
func takeover(t *testing.T, from, to time.Duration, happen func(a *contender), then ...func(a, b *contender)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := newArena(t)
		a := x.enter("a")
		time.Sleep(time.Second)
		b := x.enter("bb")
		time.Sleep(time.Minute)
		if !x.last(b).IsZero() || time.Since(x.last(a)) > 200*time.Millisecond {
			t.Errorf("a called last at %v, b at %v", x.last(a), x.last(b))
		}
		now := time.Now()
		happen(a)
		time.Sleep(90*time.Second - time.Since(now))
		x.wantFirst(b, now, from, to)
		for _, f := range then {
			f(a, b)
		}
		a.kill()
		b.kill()
	})
}
