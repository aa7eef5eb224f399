package cli

import "time"

// recent is the speed over the last minute, so that the time left follows what
// is happening and not what happened at the start.
type recent struct {
	at []time.Time
	n  []int64
}

const recentFor = time.Minute

func (r *recent) add(now time.Time, n int64) {
	r.at, r.n = append(r.at, now), append(r.n, n)
	for len(r.at) > 2 && now.Sub(r.at[0]) > recentFor {
		r.at, r.n = r.at[1:], r.n[1:]
	}
}

// eta is the time left, or that it is not known. It is never negative.
func (r *recent) eta(pending int64) string {
	if pending <= 0 {
		return "done"
	}
	last := len(r.at) - 1
	if last < 1 || r.n[last] <= r.n[0] {
		return "time left not known"
	}
	rate := float64(r.n[last]-r.n[0]) / r.at[last].Sub(r.at[0]).Seconds()
	return "about " + human(time.Duration(float64(pending)/rate*float64(time.Second))) + " left"
}
