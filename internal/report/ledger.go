package report

import (
	"context"
	"iter"

	"relock/internal/job"
	"relock/internal/ledger"
)

// Ledger is what the reports need of a ledger; see ledgertest.Ledger for what
// each method promises. Entries come by place, in bounded memory.
type Ledger interface {
	ID() string
	Job(ctx context.Context, id string) (job.Job, error)
	Jobs(ctx context.Context) ([]job.Job, error)
	Sent(ctx context.Context, id string) (int64, error)
	Totals(ctx context.Context, id string) (ledger.Totals, error)
	Entries(ctx context.Context, id string, f ledger.Filter) iter.Seq2[ledger.Entry, error]
	Exclusions(ctx context.Context, id string) ([]job.Exclusion, error)
}

// listName is the name of the list that a target came from.
func listName(j job.Job, t job.Target) string {
	if t.File < 0 || t.File >= len(j.Sources) {
		return ""
	}
	return j.Sources[t.File].Name
}
