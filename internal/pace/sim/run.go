package sim

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// warmup is not measured: what nobody could have known yet.
const warmup = 60

// Run is one run of a strategy in a scenario.
type Run struct {
	seconds  []second
	scenario *Scenario
}

// Simulate runs a strategy. The same seed gives the same run, and the same
// traffic of the others whatever the strategy.
func Simulate(s *Scenario, st Strategy, seed uint64) Run {
	w := newWorld(seed, s.quota(), s.trip, s.Length)
	if s.traffic != nil {
		s.traffic(w)
	}
	st.start(w)
	w.run(s.Length)
	return Run{w.seconds, s}
}

// total adds up the seconds from ≤ t < to.
func (r Run) total(from, to int) (sum second, granted float64) {
	for i, s := range r.seconds[from:to] {
		for p := range sum.ok {
			sum.ok[p] += s.ok[p]
			sum.throttled[p] += s.throttled[p]
		}
		sum.demand += s.demand
		granted += r.scenario.Granted(time.Duration(from+i) * time.Second)
	}
	return sum, granted
}

func (r Run) measured() (second, float64) { return r.total(warmup, len(r.seconds)) }

// Use is the part of the free quota that was used, in per cent. Free is what the
// others did not ask for; more than 100 is taken from them.
func (r Run) Use() float64 {
	sum, granted := r.measured()
	return 100 * float64(sum.ok[ours]) / (granted - float64(sum.demand))
}

// Rate is the calls of ours that succeeded, per second.
func (r Run) Rate() float64 {
	sum, _ := r.measured()
	return float64(sum.ok[ours]) / float64(len(r.seconds)-warmup)
}

// OwnThrottled is the part of our calls that was throttled, in per cent.
func (r Run) OwnThrottled() float64 {
	sum, _ := r.measured()
	return share(sum, ours)
}

// OwnThrottledBetween is OwnThrottled of a part of the run.
func (r Run) OwnThrottledBetween(from, to time.Duration) float64 {
	sum, _ := r.total(int(from/time.Second), int(to/time.Second))
	return share(sum, ours)
}

// TheirsThrottled is the part of the others' requests that was throttled, in per
// cent.
func (r Run) TheirsThrottled() float64 {
	sum, _ := r.measured()
	return share(sum, theirs)
}

func share(s second, p party) float64 {
	n := s.ok[p] + s.throttled[p]
	if n == 0 {
		return 0
	}
	return 100 * float64(s.throttled[p]) / float64(n)
}

// Worst10s is the lowest rate of ours over ten seconds, after the first second.
func (r Run) Worst10s() float64 {
	least := math.Inf(1)
	for i := 1; i+10 <= len(r.seconds); i++ {
		n := 0
		for _, s := range r.seconds[i : i+10] {
			n += s.ok[ours]
		}
		least = min(least, float64(n)/10)
	}
	return least
}

// Reached is how long after from the rate over ten seconds first was at least r,
// and whether it was.
func (r Run) Reached(from time.Duration, rate float64) (time.Duration, bool) {
	first := int(from / time.Second)
	for end := first + 10; end <= len(r.seconds); end++ {
		n := 0
		for _, s := range r.seconds[end-10 : end] {
			n += s.ok[ours]
		}
		if float64(n)/10 >= rate {
			return time.Duration(end-first) * time.Second, true
		}
	}
	return 0, false
}

// Series is a figure per step of the run, smoothed over the step, with the
// minutes that it belongs to.
func (r Run) Series(step int, of func(rate [2]float64, throttled [2]float64, pace float64) float64) (minutes, values []float64) {
	for i := 0; i+step <= len(r.seconds); i += step {
		var rate, throttled [2]float64
		var pace float64
		for _, s := range r.seconds[i : i+step] {
			for p := range rate {
				rate[p] += float64(s.ok[p]) / float64(step)
				throttled[p] += float64(s.throttled[p]) / float64(step)
			}
			pace += s.pace / float64(step)
		}
		minutes = append(minutes, (float64(i)+float64(step)/2)/60)
		values = append(values, of(rate, throttled, pace))
	}
	return minutes, values
}

// Stat is a median over seeds and its 95 % interval.
type Stat struct{ Median, Low, High float64 }

// StatOf takes the interval from 2,000 resamplings (percentile bootstrap), always
// the same.
func StatOf(values []float64) Stat {
	r := rand.New(rand.NewPCG(1, 2))
	medians := make([]float64, 2000)
	again := make([]float64, len(values))
	for i := range medians {
		for j := range again {
			again[j] = values[r.IntN(len(values))]
		}
		medians[i] = median(again)
	}
	slices.Sort(medians)
	return Stat{median(slices.Clone(values)), medians[49], medians[1949]}
}

// median sorts its argument.
func median(v []float64) float64 {
	slices.Sort(v)
	n := len(v)
	return (v[(n-1)/2] + v[n/2]) / 2
}
