package pace

import (
	"math/rand/v2"
	"time"
)

// Backoff is how long to wait after a try that failed, the first being number 1:
// least, twice as long each further time, and never more than most. It is jittered
// between half of that and all of it, so that those who failed together do not come
// back together.
func Backoff(try int, least, most time.Duration) time.Duration {
	d := min(least<<min(max(try, 1)-1, 20), most) // no shift that overflows
	return d/2 + rand.N(d/2+1)                    //nolint:gosec // jitter
}
