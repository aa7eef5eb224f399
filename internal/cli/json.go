package cli

import (
	"encoding/json"
	"io"
	"math"
	"time"

	"github.com/urfave/cli/v3"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/report/progress"
	"relock/internal/worker"
)

func jsonFlag() cli.Flag {
	return &cli.BoolFlag{Name: flagJSON, Usage: "for machines: one JSON object a line on standard output", Sources: env(flagJSON), Category: "Output"}
}

// writeJSON writes one object on a line, with no more escaping than JSON asks for.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// rounded is a share with four decimals: the rest is noise.
func rounded(share float64) float64 { return math.Round(share*1e4) / 1e4 }

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
	Parent   string                `json:"parent,omitempty"`
	// SignOuts is empty unless the job's policy asks for them.
	SignOuts map[job.SignOut]int64 `json:"sign_outs,omitempty"`
	Seal     *job.Seal             `json:"seal,omitempty"`

	// These are of `job status` alone.
	Halt     *haltJSON            `json:"halt,omitempty"`
	Worker   *worker.LeaderStatus `json:"worker,omitempty"`
	Progress *progressJSON        `json:"progress,omitempty"`
}

// progressJSON is how a job goes on.
type progressJSON struct {
	State progress.State `json:"state"`
	// Text is the time left, or why there is none, for people.
	Text string `json:"text"`
	// Pace and Rate are of requests and of users a second: 0 while nothing is called
	// for.
	Pace float64 `json:"pace"`
	Rate float64 `json:"rate"`
	// Left and Finish are left out where there is no honest figure.
	Left    *float64          `json:"left_seconds,omitempty"`
	Finish  *time.Time        `json:"finish,omitempty"`
	Waiting *progress.Waiting `json:"waiting,omitempty"`
	// Canary is a sentence about the job's canary.
	Canary string `json:"canary,omitempty"`
	// Start is the command that starts a worker, where none is active.
	Start string `json:"start,omitempty"`
}

// haltJSON is a halt of the job's account and Region.
type haltJSON struct {
	Reason job.HaltReason `json:"reason"`
	Code   string         `json:"code,omitempty"`
	Skew   int64          `json:"clock_skew_seconds,omitempty"` // positive is ahead of AWS
	Since  time.Time      `json:"since"`
	Remedy string         `json:"remedy"`
}

// writeJob writes a job as a line of JSON. Every outcome is named, also where
// nobody has it.
func writeJob(w io.Writer, event string, j job.Job, t ledger.Totals, sentAll bool) error {
	return writeJSON(w, jobDocument(event, j, t, sentAll))
}

func jobDocument(event string, j job.Job, t ledger.Totals, sentAll bool) jobJSON {
	outcomes := make(map[job.Outcome]int64, len(job.Outcomes()))
	for _, o := range job.Outcomes() {
		outcomes[o] = t.Outcomes[o]
	}
	var signOuts map[job.SignOut]int64
	if j.Policy.SignOut {
		signOuts = make(map[job.SignOut]int64, len(job.SignOuts()))
		for _, s := range job.SignOuts() {
			signOuts[s] = t.SignOuts[s]
		}
	}
	return jobJSON{
		Event: event, Job: j.ID, State: j.State, Pool: j.Pool, Reason: j.Reason, By: j.StartedBy,
		Sources: j.Sources, Counts: j.Counts, SentAll: sentAll,
		Targets: t.Targets, Pending: t.Pending, Failed: t.Failed(), Repeated: t.Repeated, Outcomes: outcomes,
		Created: j.Created.UTC(), Finished: timeOrNil(j.Finished), Last: timeOrNil(t.Last),
		Parent: j.Parent, SignOuts: signOuts, Seal: j.Seal,
	}
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return new(t.UTC())
}
