package progress

import (
	"fmt"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/number"
)

// Job is a job and how its targets stand.
type Job struct {
	Job    job.Job
	Totals ledger.Totals
	// SentAll is whether enqueue has handed every target to the queue.
	SentAll bool
	// Verdict is that of the job's canary; nil before it, and where there is none.
	Verdict *Verdict
}

// All is how many targets there will be, those still to be listed included.
func (j Job) All() int64 { return max(j.Job.Counts.Targets, j.Totals.Targets) }

// Done is how many targets have an outcome of their own: a cancellation is none.
func (j Job) Done() int64 {
	return max(j.Totals.Targets-j.Totals.Pending-j.Totals.Outcomes[job.Cancelled], 0)
}

// Finished is how many targets nothing more is done for: their sessions are ended
// too, where the job asks for that.
func (j Job) Finished() int64 { return max(j.Done()-j.signingOut(), 0) }

// Pending is how many targets still get an outcome. Of a job that is over those are
// none.
func (j Job) Pending() int64 {
	if j.Job.State.Over() {
		return 0
	}
	return max(j.All()-(j.Totals.Targets-j.Totals.Pending), 0)
}

func (j Job) signingOut() int64 { return j.Totals.SignOuts[job.SignOutPending] }

// open reports whether targets of the job may be called for.
func (j Job) open() bool { return j.Job.State == job.StateOpen || j.Job.State == job.StateStaging }

// unfinished is how many targets something is still to be done for.
func (j Job) unfinished() int64 {
	if j.Job.State.Over() {
		return 0
	}
	return j.Pending() + j.signingOut()
}

// String is how the job stands, in one line: "1,204 of 3,000 done, 3 failed", or
// "cancelled: 1,204 of 3,000 reset, 1,796 not done".
func (j Job) String() string {
	t := j.Totals
	s := fmt.Sprintf("%s of %s done, %s failed", number.Group(j.Done()), number.Group(j.All()), number.Group(t.Failed()))
	if j.Job.State == job.StateCancelled {
		s = fmt.Sprintf("cancelled: %s of %s reset", number.Group(t.Succeeded()), number.Group(j.All()))
		if n := t.Failed(); n > 0 {
			s += fmt.Sprintf(", %s failed", number.Group(n))
		}
		if n := t.Outcomes[job.Excluded]; n > 0 {
			s += fmt.Sprintf(", %s excluded", number.Group(n))
		}
		s += fmt.Sprintf(", %s not done", number.Group(j.All()-j.Done()))
	}
	if j.Job.Policy.SignOut {
		s += fmt.Sprintf(", %s signed out", number.Group(t.SignOuts[job.SignOutDone]))
		if n := t.SignOuts[job.SignOutFailed]; n > 0 {
			s += fmt.Sprintf(", %s not", number.Group(n))
		}
	}
	return s
}
