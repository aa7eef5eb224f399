package pace

import (
	"math"
	"time"
)

const (
	// minInFlight is allowed whatever was measured, so that a first slow reply
	// does not stop the calls.
	minInFlight = 16
	// headroom is how many times pace × latency may be in flight: latencies
	// scatter, and the estimate lags.
	headroom = 2
	// latencyWeight is the weight of a new round trip in the smoothed one.
	latencyWeight = 0.1
)

// flight counts the calls in flight and measures their latency. Pure, like
// Controller.
type flight struct {
	max     int
	n       int
	origin  time.Time // offsets in started count from here
	started float64   // sum of the starts of the calls in flight, in seconds after origin
	latency float64   // smoothed, seconds
}

func (f *flight) begin(now time.Time) {
	if f.n == 0 {
		f.origin, f.started = now, 0
	}
	f.n++
	f.started += now.Sub(f.origin).Seconds()
}

func (f *flight) end(begun, now time.Time) {
	f.n--
	f.started -= begun.Sub(f.origin).Seconds()
	d := max(now.Sub(begun).Seconds(), 0)
	if f.latency == 0 {
		f.latency = d
		return
	}
	f.latency += latencyWeight * (d - f.latency)
}

// limit is how many calls may be in flight at a pace: pace × latency with
// headroom. The latency is the smoothed one, or what the calls in flight already
// show if that is more (their mean age is half a round trip), so that a service
// that turns slow does not starve the pace until the first slow reply.
func (f *flight) limit(pace float64, now time.Time) int {
	l := f.latency
	if f.n > 0 {
		l = max(l, 2*(now.Sub(f.origin).Seconds()-f.started/float64(f.n)))
	}
	n := math.Ceil(pace*l*headroom) + 1
	return min(max(int(min(n, float64(f.max))), minInFlight), f.max)
}
