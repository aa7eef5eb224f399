package worker

import (
	"encoding/json"
	"relock/internal/job"
	"relock/internal/pace"
)

// Status is the run as it stands.
type Status struct {
	// Jobs are those the run is about, at most two seconds old.
	Jobs []JobStatus
	// Pace is that of resets, SignOuts that of sign-outs.
	Pace, SignOuts pace.Snapshot
	// Halt is why nothing goes on, or nil.
	Halt *job.Halt
	// HaltEnds says that the halt ends the run.
	HaltEnds bool
	// Active is the worker that calls Cognito while this one stands by, or empty.
	Active string
	// Theirs is how that one stood when this one last looked, two seconds ago at
	// most while the ledger answers; nil where it has not said.
	Theirs *LeaderStatus
	// BudgetReason is what bounds the budget of the worker that calls: theirs, or
	// our own; may be empty.
	BudgetReason string
}

// Status may be called at any time, concurrently.
func (w *Worker) Status() Status {
	st := Status{
		Jobs: w.jobs.status(), Pace: w.cfg.Pace.Snapshot(), SignOuts: w.cfg.SignOuts.Snapshot(),
		Halt: w.halts.current(), BudgetReason: w.budgetReason(),
	}
	st.HaltEnds = st.Halt != nil && w.halts.ends(st.Halt.Reason)
	var said json.RawMessage
	if st.Active, said = w.leader.Other(); st.Active != "" {
		st.BudgetReason, st.Theirs = "", readHandover(said).Status
		if st.Theirs != nil {
			st.BudgetReason = st.Theirs.BudgetReason
		}
	}
	return st
}

func (w *Worker) budgetReason() string {
	if w.cfg.BudgetReason == nil {
		return ""
	}
	return w.cfg.BudgetReason()
}
