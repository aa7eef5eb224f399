package worker

import (
	"encoding/json"
	"time"

	"relock/internal/leader"
	"relock/internal/ledger"
	"relock/internal/pace"
	"relock/internal/reset"
)

// LeaderStatus is how the active worker stands, in its lease, for `job status` and for
// standbys, which see the ledger alone. It is as old as the last renewal, a few seconds.
type LeaderStatus struct {
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

func leaderStatus(s pace.Snapshot, reason string, at time.Time) *LeaderStatus {
	return &LeaderStatus{At: at.UTC(), Pace: s.Pace, Budget: s.Budget, Quota: s.Quota, Throttles: s.Throttles, InFlight: s.InFlight, BudgetReason: reason}
}

// handover is what the active worker leaves in its lease.
type handover struct {
	// Pace is what was learnt, by operation.
	Pace   map[string]pace.State `json:"pace,omitempty"`
	Status *LeaderStatus         `json:"status,omitempty"`
}

// readHandover is lenient: what it cannot read was left by another version.
func readHandover(data json.RawMessage) handover {
	var h handover
	if err := json.Unmarshal(data, &h); err != nil {
		return handover{}
	}
	return h
}

// ReadLeaderStatus is what the holder of a lease says of itself; false if nobody holds
// it, or the holder says nothing.
func ReadLeaderStatus(l ledger.Lease) (LeaderStatus, bool) {
	s := readHandover(leader.Data(l)).Status
	if s == nil {
		return LeaderStatus{}, false
	}
	return *s, true
}

// pacers are those of all operations.
func (c *Config) pacers() map[string]*pace.Pacer {
	return map[string]*pace.Pacer{reset.OpReset: c.Pace, reset.OpGetUser: c.LookUps, reset.OpSignOut: c.SignOuts}
}

// handover is for standbys and for the next leader.
func (w *Worker) handover() any {
	h := handover{Pace: make(map[string]pace.State), Status: leaderStatus(w.cfg.Pace.Snapshot(), w.budgetReason(), time.Now())}
	for op, p := range w.cfg.pacers() {
		h.Pace[op] = p.State()
	}
	return h
}

// restore takes over what the leader before had learnt.
func (w *Worker) restore(data json.RawMessage) {
	learnt := readHandover(data).Pace
	for op, p := range w.cfg.pacers() {
		p.Restore(learnt[op])
	}
}

// idle reports whether no call to Cognito is under way.
func (w *Worker) idle() bool {
	for _, p := range w.cfg.pacers() {
		if p.Snapshot().InFlight > 0 {
			return false
		}
	}
	return true
}
