package pace

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var t0 = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func controllerOf(t testing.TB, budget, quota float64) *Controller {
	t.Helper()
	g, err := NewGate(Config{Budget: budget, Quota: quota})
	if err != nil {
		t.Fatal(err)
	}
	return g.Controller()
}

// alone calls at the pace against a quota of free requests a second with a bucket
// of 30, for d, with no round trip, and returns the paces at which it was cut.
func alone(c *Controller, now time.Time, d time.Duration, free float64) (end time.Time, cuts []float64) {
	level, at := 30.0, now
	for end := now.Add(d); now.Before(end); {
		if p := c.PausedUntil(); p.After(now) {
			now = p
		}
		level = min(30, level+free*now.Sub(at).Seconds())
		at = now
		c.Began(now)
		before := c.Pace()
		r := OK
		if level < 1 {
			r = Throttled
		} else {
			level--
		}
		if c.Done(now, now, r) {
			cuts = append(cuts, before)
		}
		now = now.Add(time.Duration(float64(time.Second) / c.Pace()))
	}
	return now, cuts
}

func TestCeilingIsRememberedAndProbed(t *testing.T) {
	c := controllerOf(t, 30, 30)
	now, _ := alone(c, t0, 5*time.Minute, 20)
	if got := c.ceiling.value; got < 19 || got > 23 {
		t.Errorf("ceiling of %.2f where 20 are free", got)
	}
	now, cuts := alone(c, now, 10*time.Minute, 20)
	if len(cuts) < 5 {
		t.Errorf("%d cuts in ten minutes: the ceiling is not probed", len(cuts))
	}
	for _, pace := range cuts {
		if pace < 20 || pace > 27 {
			t.Errorf("cut at %.2f where 20 are free", pace)
		}
	}
	_, cuts = alone(c, now, time.Minute, 30)
	if got := c.Pace(); got < 27 {
		t.Errorf("pace of %.2f a minute after all of 30 became free (%d cuts)", got, len(cuts))
	}
}

func TestIdleIsNoClimb(t *testing.T) {
	c := controllerOf(t, 30, 30)
	now, _ := alone(c, t0, 5*time.Minute, 10)
	before, ceiling := c.Pace(), c.ceiling.value
	now = now.Add(time.Hour)
	c.Began(now)
	if got := c.Pace(); got > before+1 {
		t.Errorf("the pace went from %.2f to %.2f in an hour without calls", before, got)
	}
	c.Done(now, now.Add(time.Second), Throttled)
	if got := c.ceiling.value; got < ceiling/2 {
		t.Errorf("the ceiling fell from %.2f to %.2f by an hour without calls", ceiling, got)
	}
}

func TestRestoreAfterTakeover(t *testing.T) {
	c := controllerOf(t, 24, 30)
	now, _ := alone(c, t0, 5*time.Minute, 12)
	b, err := json.Marshal(c.State(now))
	if err != nil {
		t.Fatal(err)
	}
	var s State
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	successor := controllerOf(t, 24, 30)
	successor.Restore(s)
	if got, want := successor.Pace(), c.Pace(); math.Abs(got-want) > 1 {
		t.Errorf("the successor begins at %.2f, its predecessor was at %.2f", got, want)
	}
	_, cuts := alone(successor, now, 2*time.Minute, 12)
	for _, pace := range cuts {
		if pace > 18 {
			t.Errorf("the successor went to %.2f where 12 are free", pace)
		}
	}

	for _, s := range []State{{}, {Pace: math.NaN(), Ceiling: 5}, {Pace: 5, Ceiling: math.Inf(1)}, {Pace: -1, Ceiling: -1}} {
		fresh := controllerOf(t, 24, 30)
		fresh.Restore(s)
		if got := fresh.Pace(); got != 24 {
			t.Errorf("pace of %v after Restore(%v), want the budget", got, s)
		}
	}
	small := controllerOf(t, 3, 30)
	small.Restore(s)
	if got := small.Pace(); got > 3 {
		t.Errorf("pace of %v over the budget of 3", got)
	}
}

func TestNothingLearntIsNothingKept(t *testing.T) {
	c := controllerOf(t, 24, 30)
	now, _ := alone(c, t0, time.Minute, 30)
	if got := c.State(now); got.Pace != 0 || got.Ceiling != 0 {
		t.Errorf("kept %+v though nothing was throttled", got)
	}
}

// Whatever happens, the pace is a number between the floor and the budget.
func TestPaceStaysInItsBounds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		quota := rapid.Float64Range(0.01, 1000).Draw(rt, "quota")
		budget := rapid.Float64Range(0.01, quota).Draw(rt, "budget")
		g, err := NewGate(Config{Quota: quota, Budget: budget})
		if err != nil {
			rt.Fatal(err)
		}
		c := g.Controller()
		now := t0
		var begun []time.Time
		rt.Repeat(map[string]func(*rapid.T){
			"poll": func(rt *rapid.T) {
				if d := g.Poll(now); d < 0 {
					rt.Fatalf("Poll: %v", d)
				}
			},
			"begin": func(*rapid.T) {
				g.Begin(now)
				begun = append(begun, now)
			},
			"done": func(rt *rapid.T) {
				if len(begun) == 0 {
					rt.Skip()
				}
				i := rapid.IntRange(0, len(begun)-1).Draw(rt, "call")
				before := c.Pace()
				lowered := g.Done(begun[i], now, Result(rapid.IntRange(0, 2).Draw(rt, "result")))
				_ = lowered
				if c.Pace() > before {
					rt.Fatalf("the end of a call raised the pace from %v to %v", before, c.Pace())
				}
				begun = append(begun[:i], begun[i+1:]...)
			},
			"later": func(rt *rapid.T) {
				now = now.Add(time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(rt, "by")))
			},
			"budget": func(rt *rapid.T) {
				quota = rapid.Float64Range(0.01, 1000).Draw(rt, "quota")
				budget = rapid.Float64Range(0.01, quota).Draw(rt, "budget")
				if err := c.SetBudget(budget, quota); err != nil {
					rt.Fatal(err)
				}
			},
			"restore": func(rt *rapid.T) {
				c.Restore(State{Pace: rapid.Float64().Draw(rt, "pace"), Ceiling: rapid.Float64().Draw(rt, "ceiling")})
			},
			"": func(rt *rapid.T) {
				s := g.Snapshot(now)
				if math.IsNaN(s.Pace) || s.Pace > budget || s.Pace < min(budget, c.l.Floor) {
					rt.Fatalf("pace of %v with a budget of %v", s.Pace, budget)
				}
				if math.IsNaN(s.Ceiling) || s.Ceiling < 0 {
					rt.Fatalf("ceiling of %v", s.Ceiling)
				}
				if s.InFlight != len(begun) || s.InFlightLimit < minInFlight || s.InFlightLimit > DefaultMaxInFlight {
					rt.Fatalf("%d of %d in flight, %d begun", s.InFlight, s.InFlightLimit, len(begun))
				}
			},
		})
	})
}
