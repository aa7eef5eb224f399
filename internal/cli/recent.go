package cli

import (
	"time"

	"relock/internal/worker"
)

// recent is the speed over the last minute, so that the time left follows what
// is happening and not what happened at the start.
type recent struct {
	at []time.Time
	n  []int64
	// before is what each job had done at the last look, by ID.
	before map[string]int64
}

const (
	recentFor = time.Minute
	// recentLeast is the least time over which a speed is worth telling.
	recentLeast = 10 * time.Second
)

func (r *recent) add(now time.Time, n int64) {
	r.at, r.n = append(r.at, now), append(r.n, n)
	for len(r.at) > 2 && now.Sub(r.at[0]) > recentFor {
		r.at, r.n = r.at[1:], r.n[1:]
	}
}

// look adds what was done since the last look. What a job had done when it was
// first seen says nothing of the speed.
func (r *recent) look(now time.Time, st worker.Status) {
	var sum int64
	if len(r.n) > 0 {
		sum = r.n[len(r.n)-1]
	}
	seen := make(map[string]int64, len(st.Jobs))
	for _, j := range st.Jobs {
		done := j.Totals.Targets - j.Totals.Pending
		if before, ok := r.before[j.Job.ID]; ok {
			sum += max(done-before, 0)
		}
		seen[j.Job.ID] = done
	}
	r.before = seen
	r.add(now, sum)
}

// rate is what is done a second, or 0 if that is not known yet.
func (r *recent) rate() float64 {
	last := len(r.at) - 1
	if last < 1 || r.n[last] <= r.n[0] {
		return 0
	}
	return float64(r.n[last]-r.n[0]) / r.at[last].Sub(r.at[0]).Seconds()
}

// eta is the time left, or that it is not known. It is never negative.
func (r *recent) eta(pending int64) string {
	switch rate := r.rate(); {
	case pending <= 0:
		return "done"
	case rate == 0:
		return "time left not known"
	default:
		return left(pending, rate)
	}
}

func left(pending int64, rate float64) string {
	return "about " + human(time.Duration(float64(pending)/rate*float64(time.Second))) + " left"
}
