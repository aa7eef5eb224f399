package worker

import (
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
	// Active is the worker that calls Cognito while this one stands by, or empty.
	Active string
}

// Status may be called at any time, concurrently.
func (w *Worker) Status() Status {
	return Status{
		Jobs: w.jobs.status(), Pace: w.cfg.Pace.Snapshot(), SignOuts: w.cfg.SignOuts.Snapshot(),
		Halt: w.halts.current(), Active: w.lease.active(),
	}
}
