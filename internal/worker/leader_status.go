package worker

import (
	"encoding/json"
	"slices"
	"time"

	"relock/internal/job"
	"relock/internal/leader"
	"relock/internal/ledger"
	"relock/internal/pace"
	"relock/internal/report/progress"
	"relock/internal/reset"
)

// LeaderStatus is how the active worker stands, in its lease, for `job status` and for
// standbys, which see the ledger alone. It is as old as the last renewal, a few seconds.
type LeaderStatus struct {
	// At is the worker's own clock.
	At time.Time `json:"at"`
	// Pace, Budget and Quota are those of resets, in requests a second. Pace is 0
	// while nothing is called for.
	Pace   float64 `json:"pace"`
	Budget float64 `json:"budget"`
	Quota  float64 `json:"quota"`
	// Throttles count since the worker started.
	Throttles uint64 `json:"throttles"`
	InFlight  int    `json:"in_flight"`
	// BudgetReason is what bounds Budget, in one sentence; may be empty.
	BudgetReason string `json:"budget_reason,omitempty"`
	// Estimate is the speed, and what the worker waits for.
	Estimate progress.Estimate `json:"estimate"`
	// Pools are those that the worker may touch; empty where it does not say.
	Pools []string `json:"user_pool_ids,omitempty"`
	// Visibility is for how many seconds its messages stay invisible after its end, and
	// BackBy when the last of those that it put off is visible again.
	Visibility float64   `json:"visibility_seconds,omitempty"`
	BackBy     time.Time `json:"back_by,omitzero"`
}

// WorksOn reports whether the worker works on a job.
func (s LeaderStatus) WorksOn(j job.Job) bool {
	return len(s.Pools) == 0 || slices.Contains(s.Pools, j.Pool)
}

// leaderStatus is how this worker stands as the active one: nobody reads it before it
// is.
func (w *Worker) leaderStatus() *LeaderStatus {
	r := w.ownRun(true)
	p := w.paced(w.cfg.Pace.Snapshot(), r.State())
	return &LeaderStatus{
		At: time.Now().UTC(), Pace: p.Pace, Budget: p.Budget, Quota: p.Quota, Throttles: p.Throttles, InFlight: p.InFlight,
		BudgetReason: w.budgetReason(), Estimate: r.Estimate, Pools: w.cfg.Pools,
		Visibility: w.cfg.Visibility.Seconds(), BackBy: w.estimate.backBy(w.turn.started()).UTC(),
	}
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
	h := handover{Pace: make(map[string]pace.State), Status: w.leaderStatus()}
	for op, p := range w.cfg.pacers() {
		h.Pace[op] = p.State()
	}
	return h
}

// restore takes over what the leader before had learnt, and when its messages are back.
func (w *Worker) restore(data json.RawMessage) {
	h := readHandover(data)
	for op, p := range w.cfg.pacers() {
		p.Restore(h.Pace[op])
	}
	w.estimate.inherit(h.Status)
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
