package cli

import (
	"encoding/json"
	"io"
	"time"

	"github.com/urfave/cli/v3"

	"relock/internal/job"
	"relock/internal/ledger"
)

func jsonFlag() cli.Flag {
	return &cli.BoolFlag{Name: flagJSON, Usage: "for machines: one JSON object a line on standard output", Sources: env(flagJSON), Category: "Output"}
}

// jobJSON is a job and how its targets stand, for machines; the names are part of
// the interface.
type jobJSON struct {
	Event    string                `json:"event"`
	Job      string                `json:"job"`
	State    job.State             `json:"state"`
	Pool     string                `json:"user_pool_id"`
	Reason   string                `json:"reason,omitempty"`
	By       string                `json:"by"`
	Sources  []job.Source          `json:"sources"`
	Counts   job.Counts            `json:"counts"`
	SentAll  bool                  `json:"sent_all"`
	Targets  int64                 `json:"targets"`
	Pending  int64                 `json:"pending"`
	Failed   int64                 `json:"failed"`
	Repeated int64                 `json:"repeated"`
	Outcomes map[job.Outcome]int64 `json:"outcomes"`
	Created  time.Time             `json:"created"`
	Finished *time.Time            `json:"finished,omitempty"`
	Last     *time.Time            `json:"last_outcome,omitempty"`
}

// writeJob writes a job as a line of JSON. Every outcome is named, also where
// nobody has it.
func writeJob(w io.Writer, event string, j job.Job, t ledger.Totals, sentAll bool) error {
	outcomes := make(map[job.Outcome]int64, len(job.Outcomes()))
	for _, o := range job.Outcomes() {
		outcomes[o] = t.Outcomes[o]
	}
	return json.NewEncoder(w).Encode(jobJSON{
		Event: event, Job: j.ID, State: j.State, Pool: j.Pool, Reason: j.Reason, By: j.StartedBy,
		Sources: j.Sources, Counts: j.Counts, SentAll: sentAll,
		Targets: t.Targets, Pending: t.Pending, Failed: t.Failed(), Repeated: t.Repeated, Outcomes: outcomes,
		Created: j.Created.UTC(), Finished: timeOrNil(j.Finished), Last: timeOrNil(t.Last),
	})
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return new(t.UTC())
}
