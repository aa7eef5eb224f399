package pace

import (
	"slices"
	"testing"
	"time"
)

// late runs a dispatcher for d that is woken 300 ms too late every three seconds,
// and returns when it called.
func late(t *testing.T, c Config, d time.Duration, call func(g *Gate, now time.Time)) []time.Duration {
	t.Helper()
	g, err := NewGate(c)
	if err != nil {
		t.Fatal(err)
	}
	var calls []time.Duration
	start := time.Unix(0, 0)
	next := 3 * time.Second
	for now := start; now.Sub(start) < d; {
		wait := g.Poll(now)
		if wait > 0 {
			now = now.Add(wait)
			if now.Sub(start) > next {
				now = now.Add(300 * time.Millisecond)
				next += 3 * time.Second
			}
			continue
		}
		calls = append(calls, now.Sub(start))
		g.Begin(now)
		call(g, now)
	}
	return calls
}

func ok(g *Gate, now time.Time) { g.Done(now, now, OK) }

// busiest is the most calls in any window of w.
func busiest(calls []time.Duration, w time.Duration) int {
	most := 0
	for i, c := range calls {
		n, _ := slices.BinarySearch(calls, c+w)
		most = max(most, n-i)
	}
	return most
}

func TestALateWakeIsMadeUpFor(t *testing.T) {
	t.Parallel()
	calls := late(t, Config{Budget: 24, Quota: 30}, time.Minute, ok)
	if n := len(calls); n < 24*60*99/100 || n > 24*60+1 {
		t.Errorf("%d calls in a minute, want 1426 to 1441", n)
	}
	if n := busiest(calls, time.Second); n > 28 {
		t.Errorf("%d calls in one second", n)
	}
	if n := busiest(calls, 10*time.Second); n > 245 {
		t.Errorf("%d calls in ten seconds", n)
	}
}

// Where the quota leaves no room, or somebody else needs it, lost time is lost.
func TestLostTimeIsLost(t *testing.T) {
	t.Parallel()
	full := late(t, Config{Budget: 30, Quota: 30}, time.Minute, ok)
	if n := len(full); n > 30*60*95/100 {
		t.Errorf("%d calls in a minute of a budget that is the whole quota", n)
	}
	if n := busiest(full, time.Second); n > 32 { // one more for the call that the limiter makes up for
		t.Errorf("%d calls in one second", n)
	}
	throttled := false
	calls := late(t, Config{Budget: 24, Quota: 30}, 20*time.Second, func(g *Gate, now time.Time) {
		if !throttled && now.Sub(time.Unix(0, 0)) > 3200*time.Millisecond {
			throttled = true
			g.Done(now, now, Throttled)
			return
		}
		g.Done(now, now, OK)
	})
	i, _ := slices.BinarySearch(calls, 4*time.Second)
	if n := busiest(calls[i:], time.Second); n > 24 {
		t.Errorf("%d calls in one second after a throttle", n)
	}
}

func TestALongStandstillIsNotMadeUpFor(t *testing.T) {
	t.Parallel()
	var c catchUp
	c.granted(24, 24, 3600)
	if c.owed != catchUpMost {
		t.Errorf("%v s are owed", c.owed)
	}
	for range 24 * 60 {
		c.granted(24, 24*catchUpBy, 0)
	}
	if c.owed != 0 {
		t.Errorf("%v s are still owed", c.owed)
	}
}
