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

// Learning is how the pace follows throttles. Zero fields take the default.
type Learning struct {
	// Floor is the lowest pace, in requests a second, unless the budget is
	// lower still. Defaults to 0.5.
	Floor float64
	// Cut is what a throttle leaves of the pace. Defaults to 0.85.
	Cut float64
	// Pause is how long nothing is called after a cut, so that the quota's
	// bucket refills for the users. Defaults to 1 second.
	Pause time.Duration
	// Climb is what the pace gains, in requests a second per second. Defaults
	// to 0.2.
	Climb float64
}

func (c Config) withDefaults() (Config, error) {
	if err := validRates(c.Budget, c.Quota); err != nil {
		return c, err
	}
	if c.MaxInFlight < 0 {
		return c, fmt.Errorf("calls in flight: %d is not a bound; use 1 or more, or 0 for %d", c.MaxInFlight, DefaultMaxInFlight)
	}
	if c.MaxInFlight == 0 {
		c.MaxInFlight = DefaultMaxInFlight
	}
	l := &c.Learning
	or(&l.Floor, 0.5)
	or(&l.Cut, 0.85)
	or(&l.Pause, time.Second)
	or(&l.Climb, 0.2)
	return c, nil
}

func or[T float64 | time.Duration](v *T, def T) {
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
