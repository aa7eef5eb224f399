package pace

import (
	"math"
	"time"
)

// Controller decides the pace. It is pure: every method takes the time from its
// caller, nothing sleeps, and nothing is safe for use by several goroutines at
// once. Pacer adds the lock, the timers and the limiter; the simulation drives it
// in fake time.
type Controller struct {
	l             Learning
	budget, quota float64

	pace    float64   // at time at
	at      time.Time // when pace was computed
	ceiling float64   // the pace that was last throttled; 0 while none was
	lastCut time.Time
	paused  time.Time

	throttles, cuts uint64
}

// NewController starts at the budget: a quota that nobody else uses is used from
// the first call on.
func NewController(c Config) (*Controller, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Controller{l: c.Learning, budget: c.Budget, quota: c.Quota, pace: c.Budget}, nil
}

// Pace is the rate, in calls a second, at which to call from now on. It is never
// over the budget and never under the floor (or the budget, if that is smaller).
func (c *Controller) Pace(now time.Time) float64 {
	c.climb(now)
	return c.pace
}

// PausedUntil is when calling may go on after a throttle; the past if it may.
func (c *Controller) PausedUntil() time.Time { return c.paused }

// Throttled reports that a call begun at begun was throttled, seen now. It lowers
// the pace at once, but only once per round trip: a call begun before the last
// cut says nothing of the pace since. It reports whether it cut.
func (c *Controller) Throttled(begun, now time.Time) bool {
	c.throttles++
	if !c.lastCut.IsZero() && !begun.After(c.lastCut) {
		return false
	}
	c.climb(now)
	c.cuts++
	c.lastCut = now
	c.ceiling = c.pace
	c.set(c.pace * c.l.Cut)
	c.paused = now.Add(c.l.Pause)
	c.at = c.paused
	return true
}

// SetBudget replaces budget and quota. A budget that grows is not jumped to but
// climbed to, unless no throttle has ever been seen.
func (c *Controller) SetBudget(now time.Time, budget, quota float64) error {
	if err := validRates(budget, quota); err != nil {
		return err
	}
	c.climb(now)
	fresh := c.ceiling == 0 && c.pace >= c.budget
	c.budget, c.quota = budget, quota
	if fresh {
		c.pace = budget
	}
	c.set(c.pace)
	return nil
}

// State is what was learnt, to be kept for a successor.
func (c *Controller) State(now time.Time) State {
	return State{Pace: c.Pace(now), Ceiling: c.ceiling, At: now}
}

// Restore takes over what a predecessor learnt. Nonsense is ignored.
func (c *Controller) Restore(now time.Time, s State) {
	if !(s.Pace > 0) || math.IsInf(s.Pace, 0) || !(s.Ceiling >= 0) || math.IsInf(s.Ceiling, 0) {
		return
	}
	c.ceiling = s.Ceiling
	c.at = now
	c.set(s.Pace)
}

func (c *Controller) climb(now time.Time) {
	if c.at.IsZero() {
		c.at = now
	}
	dt := now.Sub(c.at).Seconds()
	if dt <= 0 {
		return
	}
	c.at = now
	c.set(c.pace + c.l.Climb*dt)
}

// set keeps the pace between floor and budget.
func (c *Controller) set(pace float64) {
	c.pace = min(max(pace, c.l.Floor), c.budget)
}
