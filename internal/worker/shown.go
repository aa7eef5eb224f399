package worker

import (
	"time"

	"relock/internal/ledger"
	"relock/internal/pace"
)

// Shown is how the active worker stands, in its lease, for those who see the ledger
// alone: `job status`, and standbys. It is as old as the last renewal, a few seconds.
type Shown struct {
	// At is the worker's own clock.
	At time.Time `json:"at"`
	// Pace, Budget and Quota are those of resets, in requests a second.
	Pace   float64 `json:"pace"`
	Budget float64 `json:"budget"`
	Quota  float64 `json:"quota"`
	// Throttles count since the worker started.
	Throttles uint64 `json:"throttles"`
	InFlight  int    `json:"in_flight"`
	// BudgetReason is what bounds Budget, in one sentence; may be empty.
	BudgetReason string `json:"budget_reason,omitempty"`
}

func shownOf(s pace.Snapshot, reason string, at time.Time) *Shown {
	return &Shown{At: at.UTC(), Pace: s.Pace, Budget: s.Budget, Quota: s.Quota, Throttles: s.Throttles, InFlight: s.InFlight, BudgetReason: reason}
}

// ReadShown is what the holder of a lease shows of itself; false if nobody holds
// it, or the holder shows nothing.
func ReadShown(l ledger.Lease) (Shown, bool) {
	s := readState(l.State).Shown
	if l.Owner == "" || s == nil {
		return Shown{}, false
	}
	return *s, true
}
