package leader

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"relock/internal/ledger"
)

// The standby calls within 30 s of the active one's silence, and not while that
// one may call.
const (
	soonest = LeaseDuration - RenewInterval
	latest  = 30 * time.Second
)

func TestTakeoverAfterAKill(t *testing.T) {
	takeover(t, soonest, latest, (*contender).kill, func(_, b *contender) {
		if b.left != `"a"` {
			t.Errorf("b took over %s", b.left)
		}
	})
}

func TestTakeoverAfterAnEndInOrder(t *testing.T) {
	takeover(t, 0, RetryPeriod+time.Second/2, (*contender).end, func(_, b *contender) {
		if b.left != `"a"` {
			t.Errorf("b took over %s", b.left)
		}
	})
}

func TestTakeoverFromASuspendedProcess(t *testing.T) {
	takeover(t, soonest, latest, func(a *contender) { a.freeze(time.Minute, false) })
}

// Its clock stood still: only the wall clock tells that time has passed.
func TestTakeoverFromASuspendedMachine(t *testing.T) {
	takeover(t, soonest, latest, func(a *contender) { a.freeze(time.Minute, true) })
}

func TestTakeoverFromAPartitionedWorker(t *testing.T) {
	takeover(t, soonest, latest, func(a *contender) {
		begun := time.Now()
		a.change(func() { a.cut = true })
		time.Sleep(RenewDeadline + time.Second)
		if d := a.a.last(a).Sub(begun); d > RenewDeadline-CallMargin || d < RenewDeadline-CallMargin-RenewInterval-time.Second {
			t.Errorf("cut off, it called for %v", d)
		}
		time.Sleep(30 * time.Second)
		a.change(func() { a.cut = false })
	})
}

// A call that hangs ends before anybody takes over; arena.put sees to that.
func TestTakeoverWhileACallHangs(t *testing.T) {
	takeover(t, soonest, latest, func(a *contender) {
		a.change(func() { a.latency = time.Hour })
		time.Sleep(time.Second)
		a.change(func() { a.cut = true })
	})
}

// What counts is when a renewal began, not when its answer came.
func TestAnAnswerThatComesLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := newArena(t)
		a := x.enter("a")
		a.stop()
		a.done.Wait()
		time.Sleep(RenewInterval)
		a.change(func() { a.after = func() { time.Sleep(5 * time.Second) } })
		if wait, err := a.elector.step(t.Context()); wait != 0 || err != nil {
			t.Errorf("the next renewal in %v, %v", wait, err)
		}
		if got := a.elector.Left(); got != RenewDeadline-5*time.Second {
			t.Errorf("%v are left, want %v", got, RenewDeadline-5*time.Second)
		}
		a.kill()
	})
}

// With a ledger that takes five seconds there and back, the active one stays active.
func TestASlowLedger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := newArena(t)
		a := x.enter("a")
		b := x.enter("bb")
		for _, c := range []*contender{a, b} {
			c.change(func() { c.slow = func() time.Duration { return 2500 * time.Millisecond } })
		}
		time.Sleep(10 * time.Minute)
		if !x.last(b).IsZero() || time.Since(x.last(a)) > time.Second {
			t.Errorf("a called last %v ago, b at %v", time.Since(x.last(a)), x.last(b))
		}
		a.kill()
		b.kill()
	})
}

// A lease that lapsed and that nobody took is taken again, also when the answer to
// a write was lost.
func TestTheLeaseComesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := newArena(t)
		a := x.enter("a")
		time.Sleep(10 * time.Second)
		a.change(func() { a.cut = true })
		time.Sleep(time.Minute)
		if d := time.Since(x.last(a)); d < 40*time.Second {
			t.Errorf("it called %v ago", d)
		}
		a.change(func() { a.cut, a.lose = false, func() bool { return a.elector.writes%2 == 0 } })
		now := time.Now()
		time.Sleep(time.Minute)
		x.wantFirst(a, now, 0, storeTimeout+time.Second)
		if d := time.Since(x.last(a)); d > time.Second {
			t.Errorf("with every other answer lost, it called %v ago", d)
		}
		a.kill()
	})
}

// A wall clock that is set forward by an hour stops calls until the next renewal,
// one that is set back changes nothing.
func TestTheWallClockIsSet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := newArena(t)
		a := x.enter("a")
		b := x.enter("bb")
		for _, d := range []time.Duration{time.Hour, -2 * time.Hour} {
			for _, c := range []*contender{a, b} {
				time.Sleep(20*time.Second + 500*time.Millisecond)
				c.change(func() { c.wall += d })
				if d > 0 && c == a && a.fence.Err() == nil {
					t.Error("an hour later it may still call")
				}
				now := time.Now()
				time.Sleep(10 * time.Second)
				x.wantFirst(a, now, 0, RenewInterval+time.Second)
			}
		}
		if !x.last(b).IsZero() {
			t.Errorf("b called")
		}
		a.kill()
		b.kill()
	})
}

// The dead need not be waited for where they can be told.
func TestTheDeadAreNotWaitedFor(t *testing.T) {
	t.Parallel()
	self := thisProcess()
	if self == nil {
		t.Skip("only Linux says enough of its processes")
	}
	for name, c := range map[string]struct {
		change func(*process)
		took   bool
	}{
		"dead":            {func(p *process) { p.Start-- }, true},
		"alive":           {func(*process) {}, false},
		"in another boot": {func(p *process) { p.Start--; p.Boot = "another" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				x := newArena(t)
				dead := *self
				c.change(&dead)
				holder := New(Config{Store: x.led, Name: scopeName, Owner: "dead"})
				if err := x.led.PutLease(t.Context(), ledger.Lease{Name: scopeName, Owner: "dead", Counter: 1, State: holder.record(&dead)}, 0); err != nil {
					t.Fatal(err)
				}
				now := time.Now()
				b := x.enter("bb", func(b *contender) { b.elector.process = self })
				time.Sleep(RetryPeriod + time.Second/2)
				if _, called := x.first(b, now); called != c.took {
					t.Errorf("it called: %v, want %v", called, c.took)
				}
				b.kill()
			})
		})
	}
}

// Random schedules of everything that can go wrong, with two to four workers.
func TestNeverTwoAtOnce(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { disorder(t, rand.New(rand.NewPCG(seed, 3))) }) //nolint:gosec // to be repeated
		})
	}
}

func disorder(t *testing.T, r *rand.Rand) {
	x := newArena(t)
	var all []*contender
	n := 0
	add := func() {
		n++
		all = append(all, x.enter(fmt.Sprint("worker-", n), func(c *contender) {
			c.latency = time.Duration(r.Int64N(int64(20 * time.Second)))
			c.suspends = r.IntN(2) == 0
		}))
	}
	for range 2 + r.IntN(3) {
		add()
	}
	span := func(most time.Duration) time.Duration { return time.Duration(r.Int64N(int64(most))) }
	for range 60 {
		time.Sleep(span(25 * time.Second))
		i := r.IntN(len(all))
		c := all[i]
		switch r.IntN(8) {
		case 0:
			c.freeze(span(time.Minute), c.suspends)
		case 1:
			c.change(func() { c.cut = !c.cut })
		case 2:
			most := span(12 * time.Second)
			c.change(func() { c.slow = func() time.Duration { return rand.N(most + 1) } }) //nolint:gosec // a test
		case 3:
			share := r.Float64() / 2
			c.change(func() { c.lose = func() bool { return rand.Float64() < share } }) //nolint:gosec // a test
		case 4:
			share := r.Float64() / 2
			c.change(func() { c.late = func() bool { return rand.Float64() < share } }) //nolint:gosec // a test
		case 5:
			if d := span(2*time.Hour) - time.Hour; !c.suspends {
				c.change(func() { c.wall += d })
			}
		case 6:
			c.end()
			all = append(all[:i], all[i+1:]...)
			add()
		case 7:
			c.kill()
			all = append(all[:i], all[i+1:]...)
			add()
		}
	}
	// All is well again: somebody calls.
	for _, c := range all {
		c.change(func() { c.cut, c.slow, c.lose, c.late = false, nil, nil, nil })
	}
	time.Sleep(time.Minute) // until nobody is frozen
	x.mu.Lock()
	calls := len(x.calls)
	x.mu.Unlock()
	time.Sleep(latest)
	x.mu.Lock()
	if len(x.calls) == calls {
		t.Error("nobody calls though all is well")
	}
	x.mu.Unlock()
	for _, c := range all {
		c.kill()
	}
}

// A standby reads what the leader says, as that one goes on saying it, and forgets it
// when it leads itself.
func TestAStandbyReadsTheLeadersData(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := newArena(t)
		var said atomic.Int64
		a := x.enter("a", func(c *contender) { c.elector.cfg.Data = func() any { return said.Add(1) } })
		time.Sleep(time.Second)
		b := x.enter("b")
		time.Sleep(time.Minute)
		who, data := b.elector.Other()
		if n, err := strconv.Atoi(string(data)); who != "a" || err != nil || int64(n) < said.Load()-2 {
			t.Errorf("%q says %s of %d", who, data, said.Load())
		}
		if l, err := x.led.Lease(t.Context(), scopeName); err != nil || string(Data(l)) == "" {
			t.Errorf("the lease has no data: %v", err)
		}
		if who, data := a.elector.Other(); who != "" || data != nil {
			t.Errorf("the leader stands by for %q, %s", who, data)
		}
		a.end()
		time.Sleep(time.Minute)
		if who, data := b.elector.Other(); who != "" || data != nil {
			t.Errorf("after its takeover it stands by for %q, %s", who, data)
		}
		b.end()
	})
}

// Who is no candidate does not lead; who is none any more resigns once it is idle, and
// leads again when it may.
func TestNoCandidate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := newArena(t)
		var barred, busy atomic.Bool
		a := x.enter("a", func(c *contender) {
			c.elector.cfg.Candidate = func() bool { return !barred.Load() }
			c.elector.cfg.Idle = func() bool {
				x.mu.Lock()
				defer x.mu.Unlock()
				return !busy.Load() && x.under[c] == 0
			}
		})
		time.Sleep(10 * time.Second)
		b := x.enter("bb")
		busy.Store(true)
		barred.Store(true)
		time.Sleep(time.Minute)
		if a.elector.Leadership() != 1 || !x.last(b).IsZero() || time.Since(x.last(a)) < 50*time.Second {
			t.Errorf("it resigned with a call under way, or called: last %v ago", time.Since(x.last(a)))
		}
		busy.Store(false)
		now := time.Now()
		time.Sleep(time.Minute)
		x.wantFirst(b, now, 0, RenewInterval+RetryPeriod+time.Second)
		if who, _ := a.elector.Other(); a.elector.Leadership() != 0 || who != "bb" {
			t.Errorf("it leads, or stands by for %q", who)
		}
		b.end()
		time.Sleep(time.Minute)
		if a.elector.Leadership() != 0 {
			t.Error("it leads again though it may not")
		}
		barred.Store(false)
		time.Sleep(10 * time.Second)
		if a.elector.Leadership() != 2 {
			t.Error("it does not lead though it may")
		}
		a.end()
	})
}

// Data that JSON does not have is left out, and the lease is kept all the same.
func TestDataThatIsNoJSON(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := newArena(t)
		a := x.enter("a", func(c *contender) { c.elector.cfg.Data = func() any { return math.NaN() } })
		time.Sleep(time.Minute)
		if a.elector.Leadership() != 1 {
			t.Error("it does not lead")
		}
		a.end()
	})
}
