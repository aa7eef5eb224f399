// Package progress says how a run stands and when it ends, for everybody who looks
// on: the worker's block, its log, its page, and `job status`. The active worker
// measures the speed and notes it in its lease; whatever shows it, shows that.
package progress

import (
	"time"

	"relock/internal/job"
)

const (
	// meterFor is the time over which the speed is taken, so that the time left
	// follows what is happening and not what happened at the start.
	meterFor = time.Minute
	// meterLeast is the least time over which a speed is worth showing.
	meterLeast = 10 * time.Second
)

// Meter measures how many users a second get an outcome, over the last minute. The
// zero value is ready to use. It is not safe for concurrent use.
type Meter struct {
	at []time.Time
	n  []int64
	// before is what each job had done at the last look, by ID.
	before map[string]int64
}

// Add notes how the jobs stand. What a job had done when it was first seen says
// nothing of the speed, nor do outcomes that many targets get at once.
func (m *Meter) Add(now time.Time, jobs []Job) {
	var sum int64
	if len(m.n) > 0 {
		sum = m.n[len(m.n)-1]
	}
	seen := make(map[string]int64, len(jobs))
	for _, j := range jobs {
		done := j.Done() - j.Totals.Outcomes[job.Missing]
		if before, ok := m.before[j.Job.ID]; ok {
			sum += max(done-before, 0)
		}
		seen[j.Job.ID] = done
	}
	m.before = seen
	m.at, m.n = append(m.at, now), append(m.n, sum)
	for len(m.at) > 2 && now.Sub(m.at[0]) > meterFor {
		m.at, m.n = m.at[1:], m.n[1:]
	}
}

// Reset forgets what was measured: work has stopped, and its speed afterwards is
// another.
func (m *Meter) Reset() { *m = Meter{} }

// Rate is how many users a second get an outcome. Before there is a speed worth
// showing, the pace stands in for it. It is 0 where nothing has moved.
func (m *Meter) Rate(pace float64) float64 {
	last := len(m.at) - 1
	if last < 1 || m.at[last].Sub(m.at[0]) < meterLeast {
		return max(pace, 0)
	}
	return float64(m.n[last]-m.n[0]) / m.at[last].Sub(m.at[0]).Seconds()
}
