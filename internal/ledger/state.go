package ledger

import (
	"fmt"
	"slices"

	"relock/internal/job"
)

// StateError says that a job cannot go from one state to another.
type StateError struct {
	Job      string
	From, To job.State
}

func (e *StateError) Error() string {
	return fmt.Sprintf("job %s is %s and cannot become %s", e.Job, e.From, e.To)
}

// next lists where a job may go from each state. Cancelled and finished are
// final: a list is run again as a new job.
var next = map[job.State][]job.State{
	job.StateStaging: {job.StateOpen, job.StateCancelled},
	job.StateOpen:    {job.StatePaused, job.StateFinished, job.StateCancelled},
	job.StatePaused:  {job.StateOpen, job.StateFinished, job.StateCancelled},
}

// checkState returns a *StateError unless job id may go from one state to the
// other. Staying where it is is always allowed, so that a retry is harmless.
func checkState(id string, from, to job.State) error {
	if from == to || slices.Contains(next[from], to) {
		return nil
	}
	return &StateError{Job: id, From: from, To: to}
}
