package cli

import (
	"encoding/json"
	"io"
	"time"

	"relock/internal/job"
	"relock/internal/pace"
)

// planJSON is the plan for machines; the names are part of the interface.
type planJSON struct {
	Event    string       `json:"event"`
	Job      string       `json:"job"`
	State    job.State    `json:"state,omitempty"` // of a job that the ledger has
	Reason   string       `json:"reason,omitempty"`
	Pool     string       `json:"user_pool_id"`
	Region   string       `json:"region"`
	Account  string       `json:"account,omitempty"`
	By       string       `json:"by"`
	Sources  []job.Source `json:"sources"`
	Counts   job.Counts   `json:"counts"`
	Queue    string       `json:"queue"`
	Ledger   string       `json:"ledger"`
	Budget   float64      `json:"budget"` // requests a second
	Why      string       `json:"budget_reason"`
	Estimate int64        `json:"estimate_seconds"`
	DryRun   bool         `json:"dry_run"`
}

func (p *plan) printJSON(w io.Writer) error {
	return json.NewEncoder(w).Encode(planJSON{
		Event: "plan", Job: p.job.ID, State: p.known.job.State, Reason: p.job.Reason,
		Pool: p.set.pool, Region: p.set.region, Account: p.facts.who.Account, By: p.job.StartedBy,
		Sources: p.job.Sources, Counts: p.job.Counts, Queue: p.set.queue.String(), Ledger: p.set.ledger.String(),
		Budget: p.budget.Rate, Why: p.budget.Reason,
		Estimate: int64(pace.Estimate(p.list.Counts.Targets, p.budget.Rate) / time.Second), DryRun: p.set.dryRun,
	})
}
