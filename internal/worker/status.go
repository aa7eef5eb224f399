package worker

import (
	"encoding/json"
	"time"

	"relock/internal/job"
	"relock/internal/leader"
	"relock/internal/pace"
	"relock/internal/report/progress"
)

// Status is the run as it stands.
type Status struct {
	// Jobs are those the run is about, at most two seconds old.
	Jobs []JobStatus
	// Pace is that of resets, SignOuts that of sign-outs. The paces are 0 while
	// nothing is called for.
	Pace, SignOuts pace.Snapshot
	// Halt is why nothing goes on, or nil.
	Halt *job.Halt
	// HaltEnds says that the halt ends the run.
	HaltEnds bool
	// Leading is whether this worker is the one that calls Cognito.
	Leading bool
	// Active is the worker that calls Cognito while this one stands by, or empty. It
	// has not been heard of for Silent.
	Active string
	Silent time.Duration
	// Theirs is how that one stood when this one last looked, two seconds ago at
	// most while the ledger answers; nil where it has not said.
	Theirs *LeaderStatus
	// Estimate is that of the worker that calls.
	Estimate progress.Estimate
	// BudgetReason is what bounds the budget of the worker that calls: theirs, or
	// our own; may be empty.
	BudgetReason string
}

// HeardWithin is the silence of an active worker from which it is worth saying: it
// moves its lease every three seconds, and is looked at every two.
const HeardWithin = 3 * leader.RenewInterval

// Status may be called at any time, concurrently.
func (w *Worker) Status() Status {
	own := w.ownRun(w.leader.Leadership() != 0)
	state := own.State()
	st := Status{
		Jobs: w.jobs.status(), Pace: w.paced(w.cfg.Pace.Snapshot(), state), SignOuts: w.paced(w.cfg.SignOuts.Snapshot(), state),
		Halt: own.Halt, Leading: own.Active, Estimate: own.Estimate, BudgetReason: w.budgetReason(),
	}
	st.HaltEnds = st.Halt != nil && w.halts.ends(st.Halt.Reason)
	var said json.RawMessage
	if st.Active, said = w.leader.Other(); st.Active == "" {
		return st
	}
	st.Theirs, st.Silent = readHandover(said).Status, w.leader.Silent()
	st.BudgetReason, st.Estimate = "", progress.Estimate{}
	if st.Silent < HeardWithin {
		st.Silent = 0
	}
	if t := st.Theirs; t != nil && st.Silent == 0 {
		st.BudgetReason, st.Estimate = t.BudgetReason, t.Estimate
	}
	return st
}

// Run is the run for those who look on.
func (s Status) Run() progress.Run {
	r := progress.Run{Halt: s.Halt, Active: s.Leading || s.Active != "" && s.Silent == 0, Estimate: s.Estimate}
	for _, j := range s.Jobs {
		r.Jobs = append(r.Jobs, progress.Job(j))
	}
	return r
}

// TakeOver is when a standby takes over from an active worker that stays silent.
func (s Status) TakeOver() time.Duration { return max(leader.LeaseDuration-s.Silent, 0) }

func (w *Worker) budgetReason() string {
	if w.cfg.BudgetReason == nil {
		return ""
	}
	return w.cfg.BudgetReason()
}
