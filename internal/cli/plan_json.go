package cli

import (
	"encoding/json"
	"io"
	"time"

	"relock/internal/intake"
	"relock/internal/job"
	"relock/internal/preflight"
)

// planJSON is the plan for machines; the names are part of the interface, and
// docs/json.md says what they mean.
type planJSON struct {
	Event     string        `json:"event"`
	Job       string        `json:"job"`
	State     job.State     `json:"state,omitempty"` // of a job that the ledger has
	Reason    string        `json:"reason,omitempty"`
	Parent    string        `json:"parent,omitempty"`
	Pool      string        `json:"user_pool_id"`
	PoolName  string        `json:"user_pool_name,omitempty"`
	PoolUsers *int32        `json:"user_pool_estimate,omitempty"`
	Region    string        `json:"region"`
	Account   string        `json:"account,omitempty"`
	By        string        `json:"by"`
	Sources   []job.Source  `json:"sources"`
	Columns   []columnJSON  `json:"columns,omitempty"`
	Counts    job.Counts    `json:"counts"`
	Excluded  int           `json:"excluded_users,omitempty"`
	Names     namesJSON     `json:"names"`
	Queue     string        `json:"queue"`
	Ledger    string        `json:"ledger"`
	SignOut   bool          `json:"sign_out"`
	Canary    int64         `json:"canary"`
	Budget    float64       `json:"budget"` // requests a second
	Why       string        `json:"budget_reason"`
	Estimate  int64         `json:"estimate_seconds"`
	Finish    time.Time     `json:"finish"` // if a worker starts now
	Cost      cost          `json:"cost"`
	Sample    *sampleJSON   `json:"sample,omitempty"`
	Unique    *job.Unique   `json:"unique,omitempty"`
	Findings  []job.Finding `json:"findings"`
	Stopping  []string      `json:"stopping"`
	Vain      []string      `json:"forced_in_vain,omitempty"`
	DryRun    bool          `json:"dry_run"`
	Offline   bool          `json:"offline,omitempty"`
}

// columnJSON says which column of a list names the users, where others would do.
type columnJSON struct {
	List       string   `json:"list"`
	Column     string   `json:"column"`
	PassedOver []string `json:"passed_over"`
}

// namesJSON counts the targets by the look of their names.
type namesJSON struct {
	Email     int64 `json:"email"`
	Phone     int64 `json:"phone"`
	Sub       int64 `json:"sub"`
	Federated int64 `json:"federated"`
	Other     int64 `json:"other"`
}

// sampleJSON is what the look-ups of a sample say of the whole list.
type sampleJSON struct {
	Drawn  int                          `json:"drawn"`
	Asked  int                          `json:"asked"`
	Whole  bool                         `json:"whole"`
	Again  shareJSON                    `json:"named_above"`
	Shares map[preflight.Fate]shareJSON `json:"shares"`
}

// shareJSON is how many of a sample have a fate, and the 95 % interval of their
// share of the whole.
type shareJSON struct {
	Count int     `json:"count"`
	Share float64 `json:"share"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

func (p *plan) printJSON(w io.Writer) error {
	j := planJSON{
		Event: "plan", Job: p.job.ID, State: p.known.job.State, Reason: p.job.Reason,
		Pool: p.set.pool, PoolName: p.job.Plan.PoolName, Region: p.set.region, Account: p.facts.who.Account, By: p.job.StartedBy,
		Sources: p.job.Sources, Columns: columnsOf(p.list.Files), Counts: p.job.Counts, Parent: p.job.Parent, Excluded: p.job.Plan.Excluded, Names: namesOf(p.list.Kinds),
		Queue: p.set.queue.String(), Ledger: p.set.ledger.String(),
		SignOut: p.job.Policy.SignOut, Canary: p.job.Plan.Canary,
		Budget: p.budget.Rate, Why: p.budget.Reason,
		Estimate: int64(p.took() / time.Second), Finish: p.job.Created.Add(p.took()).UTC().Truncate(time.Second),
		Cost: p.cost, Sample: sampleOf(p.sample), Unique: p.job.Plan.Unique,
		Findings: orEmpty(p.job.Plan.Findings), Stopping: orEmpty(p.stopping), Vain: p.vain, DryRun: p.set.dryRun, Offline: p.set.offline,
	}
	if p.facts.Pool != nil {
		j.PoolUsers = &p.facts.Pool.EstimatedNumberOfUsers
	}
	return json.NewEncoder(w).Encode(j)
}

// orEmpty makes null an empty list.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func namesOf(k intake.NameKinds) namesJSON {
	return namesJSON{Email: k.Email, Phone: k.Phone, Sub: k.Sub, Federated: k.Federated, Other: k.Other}
}

func columnsOf(files []intake.File) (columns []columnJSON) {
	for _, f := range files {
		if len(f.PassedOver) > 0 {
			columns = append(columns, columnJSON{List: f.Name, Column: f.Column, PassedOver: f.PassedOver})
		}
	}
	return columns
}

func sampleOf(s *preflight.Sample) *sampleJSON {
	if s == nil {
		return nil
	}
	j := &sampleJSON{Drawn: s.Drawn, Asked: s.Asked, Whole: s.Whole, Shares: map[preflight.Fate]shareJSON{}}
	low, high := s.AgainInterval()
	j.Again = shareJSON{Count: s.Again, Share: s.PartOf(s.Again), Low: low, High: high}
	for _, f := range preflight.Fates() {
		low, high := s.Interval(f)
		j.Shares[f] = shareJSON{Count: s.Counts[f], Share: rounded(s.Share(f)), Low: rounded(low), High: rounded(high)}
	}
	return j
}
