package report

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
)

// Selection says which targets a list has.
type Selection struct {
	// Filter narrows what the ledger yields.
	Filter ledger.Filter
	// Keep, if not nil, narrows it further.
	Keep func(ledger.Entry) bool
}

// entries yields the selected targets of a job.
func entries(ctx context.Context, led Ledger, id string, sel Selection) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for e, err := range led.Entries(ctx, id, sel.Filter) {
			if err == nil && sel.Keep != nil && !sel.Keep(e) {
				continue
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// Record is one target in JSON, with all that the ledger knows of it. The names are
// part of the interface: docs/json.md.
type Record struct {
	List      string            `json:"list"`
	Line      int64             `json:"line"`
	Username  job.Username      `json:"username"`
	Metadata  map[string]string `json:"metadata,omitempty"`
	Outcome   job.Outcome       `json:"outcome"`
	Repeated  bool              `json:"repeated"`
	Code      string            `json:"code,omitempty"`
	Note      string            `json:"note,omitempty"`
	RequestID string            `json:"request_id,omitempty"`
	Attempts  int               `json:"attempts"`
	Calls     int               `json:"calls"`
	Claimed   bool              `json:"claimed,omitempty"`
	At        *time.Time        `json:"at,omitempty"`

	SignOut          job.SignOut `json:"sign_out,omitempty"`
	SignOutCode      string      `json:"sign_out_code,omitempty"`
	SignOutRequestID string      `json:"sign_out_request_id,omitempty"`
	SignOutAt        *time.Time  `json:"sign_out_at,omitempty"`
}

// JSONLines writes the selected targets, one JSON object a line. Nothing is lost
// or changed; a spreadsheet does not open it.
func JSONLines(ctx context.Context, w io.Writer, led Ledger, j job.Job, sel Selection) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for e, err := range entries(ctx, led, j.ID, sel) {
		if err != nil {
			return err
		}
		if err := enc.Encode(record(j, e)); err != nil {
			return err
		}
	}
	return nil
}

func record(j job.Job, e ledger.Entry) Record {
	return Record{
		List: listName(j, e.Target), Line: e.Line, Username: e.Username, Metadata: e.Metadata,
		Outcome: e.Outcome, Repeated: e.Repeated, Code: e.Code, Note: e.Note, RequestID: e.RequestID,
		Attempts: e.Attempts, Calls: e.Calls, Claimed: e.Claimed, At: orNil(e.At),
		SignOut: e.SignOut, SignOutCode: e.SignOutCode, SignOutRequestID: e.SignOutRequestID, SignOutAt: orNil(e.SignOutAt),
	}
}

func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return new(t.UTC())
}
