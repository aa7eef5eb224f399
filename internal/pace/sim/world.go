package sim

import (
	"math"
	"math/rand/v2"
	"time"
)

// epoch is the start of every run, for code that wants a time.Time.
var epoch = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// party is whose a call is.
type party int

const (
	ours   party = iota // the caller under test
	theirs              // everybody else
)

// second is what happened within one second of a run.
type second struct {
	ok, throttled [2]int
	demand        int     // first attempts of theirs
	pace          float64 // ours, at the second's end; 0 where there is none
}

// world is one run.
type world struct {
	engine
	quota   quota
	trip    func(*rand.Rand) time.Duration
	trips   *rand.Rand // separate streams, so that their traffic is the same
	traffic *rand.Rand // whatever we do
	chance  *rand.Rand
	seconds []second
	length  time.Duration

	// onReset, if set, is told of each of our calls that succeeded.
	onReset func()
	// over tells us to stop calling.
	over bool
}

func newWorld(seed uint64, q quota, trip func(*rand.Rand) time.Duration, length time.Duration) *world {
	stream := func(n uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, n)) }
	return &world{
		quota: q, trip: trip, length: length,
		trips: stream(1), traffic: stream(2), chance: stream(3),
		seconds: make([]second, int(length/time.Second)),
	}
}

func (w *world) time() time.Time { return epoch.Add(w.now) }

// this is the second of now; calls after the end fall into the last.
func (w *world) this() *second {
	return &w.seconds[min(int(w.now/time.Second), len(w.seconds)-1)]
}

// call sends a request and reports after the round trip whether it was granted.
// The quota decides half-way.
func (w *world) call(p party, done func(ok bool)) {
	trip := w.trip(w.trips)
	w.after(trip/2, func() {
		ok := w.quota.take(w.now)
		if s := w.this(); ok {
			s.ok[p]++
			if p == ours && w.onReset != nil {
				w.onReset()
			}
		} else {
			s.throttled[p]++
		}
		w.after(trip-trip/2, func() { done(ok) })
	})
}

// short is a round trip of 70 to 130 ms.
func short(r *rand.Rand) time.Duration {
	return 70*time.Millisecond + time.Duration(r.Float64()*float64(60*time.Millisecond))
}

// heavy is a round trip with a median of 90 ms, one in a hundred over 0.7 s, and
// none over 8 s.
func heavy(r *rand.Rand) time.Duration {
	s := 0.09 * math.Exp(0.9*r.NormFloat64())
	return time.Duration(min(s, 8) * float64(time.Second))
}

// exactly is a round trip that never varies.
func exactly(d time.Duration) func(*rand.Rand) time.Duration {
	return func(*rand.Rand) time.Duration { return d }
}

// exponential draws a waiting time of the mean given.
func exponential(r *rand.Rand, mean time.Duration) time.Duration {
	return time.Duration(r.ExpFloat64() * float64(mean))
}
