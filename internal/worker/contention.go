package worker

import "time"

// contentionLogEvery is how often the log says again that others use the quota.
const contentionLogEvery = time.Hour

// contention notices that somebody else uses the quota: this worker holds the lease
// alone, and Cognito throttles it below the budget. A second Relock with another ledger
// looks just like users who recover, so that it can only be said, and not acted on.
// Only the watcher uses it.
type contention struct {
	throttles uint64
	logged    time.Time
}

func (c *contention) look(w *Worker) {
	s := w.cfg.Pace.Snapshot()
	more := s.Throttles > c.throttles
	c.throttles = s.Throttles
	if !more || s.Ceiling == 0 || s.Ceiling >= s.Budget || time.Since(c.logged) < contentionLogEvery {
		return
	}
	c.logged = time.Now()
	w.log.Warn("Cognito throttles this worker below its budget: something else uses the quota of the account and Region",
		"pace", s.Pace, "budget", s.Budget, "quota", s.Quota,
		"remedy", "nothing while many users choose a new password; else look for another tool, or for a second worker with another ledger: only one ledger at a time may have open jobs")
}
