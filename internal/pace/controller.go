package pace

import (
	"math"
	"time"
)

// Controller decides the pace. It is pure: every method takes the time from its
// caller, nothing sleeps, and nothing is safe for use by several goroutines at
// once.
//
// It knows neither the quota's true value, nor the size of the quota's bucket, nor
// what the users take; a throttle is all that it ever sees of them. But a throttle
// says that the bucket is empty at that moment, so the calls granted between two
// throttles are what was free in between, whatever the bucket holds. That is how
// the ceiling is measured.
type Controller struct {
	l             Learning
	budget, quota float64

	base    float64 // the pace from which it climbs
	climbed float64 // how long it has climbed, in seconds of calls at the pace
	learnt  bool    // there is a ceiling
	ceiling ceiling
	cut     time.Time // the last cut
	resume  time.Time // the end of the pause after it
	quick   int       // cuts in a row that came at once after the one before

	// Since the last cut:
	last   time.Time // the last call begun
	active float64   // seconds in which calls were made
	good   float64   // calls that were granted

	throttles, cuts uint64
}

// idle is how long after a call the time still counts as spent calling, in
// seconds: a worker without work learns nothing.
const idle = 2

// newController starts at the budget: a quota that nobody else uses is used from
// the first call on.
func newController(c Config) *Controller {
	return &Controller{l: c.Learning, budget: c.Budget, quota: c.Quota, base: c.Budget}
}

// Pace is the rate, in calls a second, at which to call from now on. It is never
// over the budget and never under the floor (or the budget, if that is smaller).
func (c *Controller) Pace() float64 {
	if !c.learnt {
		return c.budget
	}
	p := c.base + c.l.Climb*c.climbed*max(0, c.budget-c.base)
	if t := c.climbed - c.l.Hold.Seconds(); t > 0 {
		p += c.l.Probe * t * t * t
	}
	return c.clamp(p)
}

func (c *Controller) clamp(p float64) float64 { return min(max(p, c.l.Floor), c.budget) }

// PausedUntil is when calling may go on after a throttle; the past if it may.
func (c *Controller) PausedUntil() time.Time { return c.resume }

// Began reports that a call was begun. The climb is paid for with calls: while
// there is nothing to call for, the pace does not rise.
func (c *Controller) Began(now time.Time) {
	if !c.last.IsZero() {
		c.active += min(max(now.Sub(c.last).Seconds(), 0), idle)
	}
	c.last = now
	if p := c.Pace(); p < c.budget {
		c.climbed += 1 / p
	}
}

// Done reports that a call begun at begun has ended. It reports whether that
// lowered the pace: a throttle does, at once, but only once per round trip: a call
// begun before the last cut says nothing of the pace since.
func (c *Controller) Done(begun, now time.Time, r Result) bool {
	fresh := c.cut.IsZero() || begun.After(c.cut)
	switch {
	case r == OK && fresh:
		c.good++
	case r == Throttled:
		c.throttles++
		if fresh {
			c.lower(now)
			return true
		}
	}
	return false
}

func (c *Controller) lower(now time.Time) {
	pace := c.Pace()
	switch {
	case !c.learnt:
		// How full the bucket was is not known, so what was granted says
		// nothing yet.
		c.learnt = true
		c.ceiling.value = pace * c.l.Cut
	case c.active > 0 && !c.cut.IsZero():
		c.ceiling.measured(c.l, c.l.Blend*pace+(1-c.l.Blend)*c.good/c.active, c.active)
	}
	base := min(pace, c.ceiling.value*(1-c.l.Margin)-c.l.Lead*max(0, -c.ceiling.drift))
	if c.climbed < c.l.Quick.Seconds() && !c.cut.IsZero() {
		c.quick++
		base = min(base, pace*math.Pow(c.l.Cut, float64(c.quick)))
	} else {
		c.quick = 0
	}
	if c.quick > 1 {
		c.ceiling.value = min(c.ceiling.value, pace)
	}
	c.base = c.clamp(base)
	c.cuts++
	c.cut, c.last = now, now
	c.resume = now.Add(c.l.Pause)
	c.climbed, c.active, c.good = 0, 0, 0
}

// SetBudget replaces budget and quota. What was learnt stays.
func (c *Controller) SetBudget(budget, quota float64) error {
	if err := validRates(budget, quota); err != nil {
		return err
	}
	c.budget, c.quota = budget, quota
	return nil
}

// State is what was learnt, to be kept for a successor.
func (c *Controller) State(now time.Time) State {
	s := State{At: now}
	if c.learnt {
		s.Pace, s.Ceiling = c.Pace(), c.ceiling.value
	}
	return s
}

// Restore takes over what a predecessor learnt: its pace is gone on from, and its
// ceiling remembered. Nothing learnt, and nonsense, are ignored.
func (c *Controller) Restore(s State) {
	if !positive(s.Pace) || !positive(s.Ceiling) {
		return
	}
	c.learnt = true
	c.ceiling = ceiling{value: s.Ceiling}
	c.base = c.clamp(s.Pace)
	c.climbed = 0
}
