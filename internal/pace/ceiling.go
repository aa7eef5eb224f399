package pace

import "math"

// ceiling is the rate that is believed to be free. It is an average over throttles
// with a memory that is long while the errors cancel each other out, and short
// while they point one way (after Trigg and Leach, "Exponential smoothing with an
// adaptive response rate", 1967): steady traffic is learnt exactly, a wave is
// followed.
type ceiling struct {
	value  float64
	drift  float64 // smoothed error: what was measured, less what was believed
	spread float64 // smoothed size of the error
}

// smoothing is the time over which the errors are averaged, in seconds.
const smoothing = 60

// measured takes in that a rate was found to be free over so many seconds.
func (c *ceiling) measured(l Learning, rate, seconds float64) {
	err := rate - c.value
	w := 1 - math.Exp(-seconds/smoothing)
	c.drift += w * (err - c.drift)
	c.spread += w * (math.Abs(err) - c.spread)
	memory := l.Memory.Seconds()
	if c.spread > 0 {
		oneway := min(1, math.Abs(c.drift)/c.spread)
		oneway *= oneway
		memory = memory*(1-oneway) + min(memory, l.Nimble.Seconds())*oneway
	}
	c.value += (1 - math.Exp(-seconds/memory)) * err
}
