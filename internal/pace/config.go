package pace

import (
	"fmt"
	"math"
	"time"
)

// DefaultMaxInFlight bounds the calls in flight: 30 requests a second, the quota
// of UserAccountRecovery, at a round trip of eight seconds.
const DefaultMaxInFlight = 256

// Config says how fast calls may be made.
type Config struct {
	// Quota is what the service grants, in requests a second. Must be positive.
	Quota float64
	// Budget is the part of the quota that we may use, in requests a second.
	// Must be positive and at most Quota.
	Budget float64
	// MaxInFlight bounds the calls in flight, whatever pace × latency asks for.
	// Defaults to 256.
	MaxInFlight int
	// Learning says how the pace follows throttles; the zero value is the
	// default, chosen by the simulation (docs/pace.md).
	Learning Learning
}

// Learning is how the pace follows throttles. Zero fields take the default, which
// the simulation chose; docs/pace.md says why.
type Learning struct {
	// Floor is the lowest pace, in requests a second, unless the budget is
	// lower still. Defaults to 0.5.
	Floor float64
	// Pause is how long nothing is called after a cut, so that the quota's
	// bucket refills for the users. Defaults to 830 ms.
	Pause time.Duration
	// Margin is how far under the ceiling the pace begins after a cut, as a
	// part of the ceiling. Defaults to 0.1.
	Margin float64
	// Cut is what a throttle leaves of the pace when nothing is known yet, and
	// when it follows another within Quick of calling. Defaults to 0.9, and a
	// second time in a row counts double.
	Cut float64
	// Quick defaults to 1.2 seconds.
	Quick time.Duration
	// Climb is the part of the way to the budget that is made up each second.
	// Defaults to 0.0042.
	Climb float64
	// Hold is how long it climbs like that before it looks for freed quota.
	// Defaults to 34 seconds.
	Hold time.Duration
	// Probe is how that goes: the pace gains Probe × t³, t being the seconds
	// after Hold. Defaults to 0.0025.
	Probe float64
	// Memory is the time over which the ceiling is averaged while it is steady,
	// Nimble while it drifts. Default to 80 and 12 seconds.
	Memory, Nimble time.Duration
	// Blend is the weight of the pace at the throttle in what a throttle tells
	// of the ceiling; the rest is the rate granted since the throttle before.
	// Defaults to 0.25.
	Blend float64
	// Lead is how much of a falling ceiling's error is taken off in advance.
	// Defaults to 0.7.
	Lead float64
}

func (c Config) withDefaults() (Config, error) {
	if err := validRates(c.Budget, c.Quota); err != nil {
		return c, err
	}
	if c.MaxInFlight < 0 {
		return c, fmt.Errorf("calls in flight: %d is not a bound; use 1 or more, or 0 for %d", c.MaxInFlight, DefaultMaxInFlight)
	}
	or(&c.MaxInFlight, DefaultMaxInFlight)
	c.Learning = c.Learning.withDefaults()
	return c, c.Learning.validate()
}

func (l Learning) withDefaults() Learning {
	or(&l.Floor, 0.5)
	or(&l.Pause, 830*time.Millisecond)
	or(&l.Margin, 0.1)
	or(&l.Cut, 0.9)
	or(&l.Quick, 1200*time.Millisecond)
	or(&l.Climb, 0.0042)
	or(&l.Hold, 34*time.Second)
	or(&l.Probe, 0.0025)
	or(&l.Memory, 80*time.Second)
	or(&l.Nimble, 12*time.Second)
	or(&l.Blend, 0.25)
	or(&l.Lead, 0.7)
	return l
}

func (l Learning) validate() error {
	for _, f := range []struct {
		name         string
		value, below float64
	}{
		{"floor", l.Floor, math.Inf(1)}, {"pause", l.Pause.Seconds(), math.Inf(1)},
		{"margin", l.Margin, 1}, {"cut", l.Cut, 1}, {"quick", l.Quick.Seconds(), math.Inf(1)},
		{"climb", l.Climb, math.Inf(1)}, {"hold", l.Hold.Seconds(), math.Inf(1)}, {"probe", l.Probe, math.Inf(1)},
		{"memory", l.Memory.Seconds(), math.Inf(1)}, {"nimble", l.Nimble.Seconds(), math.Inf(1)},
		{"blend", l.Blend, 1}, {"lead", l.Lead, math.Inf(1)},
	} {
		if !(f.value > 0 && f.value < f.below) {
			return fmt.Errorf("learning: %s of %v is out of range; it must be over 0 and under %v", f.name, f.value, f.below)
		}
	}
	return nil
}

func or[T int | float64 | time.Duration](v *T, def T) {
	if *v == 0 {
		*v = def
	}
}

func validRates(budget, quota float64) error {
	switch {
	case !positive(quota):
		return fmt.Errorf("quota: %v requests a second is no rate; it must be over 0", quota)
	case !positive(budget):
		return fmt.Errorf("budget: %v requests a second is no rate; it must be over 0", budget)
	case budget > quota:
		return fmt.Errorf("budget: %v requests a second is over the quota of %v", budget, quota)
	}
	return nil
}

// positive is false for NaN too.
func positive(f float64) bool { return f > 0 && !math.IsInf(f, 0) }
