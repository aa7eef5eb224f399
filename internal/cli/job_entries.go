package cli

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"strconv"
	"time"

	"github.com/urfave/cli/v3"

	"relock/internal/job"
	"relock/internal/ledger"
)

func (j *jobCommand) results(ctx context.Context, cmd *cli.Command, led Ledger) error {
	return j.entries(ctx, cmd, led, ledger.Filter{})
}

func (j *jobCommand) failed(ctx context.Context, cmd *cli.Command, led Ledger) error {
	return j.entries(ctx, cmd, led, ledger.Filter{Failed: true})
}

func (j *jobCommand) pending(ctx context.Context, cmd *cli.Command, led Ledger) error {
	return j.entries(ctx, cmd, led, ledger.Filter{Pending: true})
}

// resultJSON is one target in JSON; the names are part of the interface.
type resultJSON struct {
	Line      int64             `json:"line"`
	Username  string            `json:"username"`
	Metadata  map[string]string `json:"metadata,omitempty"`
	Outcome   job.Outcome       `json:"outcome"`
	Repeated  bool              `json:"repeated"`
	Code      string            `json:"code,omitempty"`
	Note      string            `json:"note,omitempty"`
	RequestID string            `json:"request_id,omitempty"`
	Attempts  int               `json:"attempts"`
	At        *time.Time        `json:"at,omitempty"`
}

// entries streams targets, as CSV for a list or as JSON lines.
func (j *jobCommand) entries(ctx context.Context, cmd *cli.Command, led Ledger, f ledger.Filter) error {
	jb, err := one(ctx, cmd, led)
	if err != nil {
		return err
	}
	write, flush := j.csvWriter()
	if cmd.Bool(flagJSON) {
		write, flush = j.jsonWriter()
	}
	for e, err := range led.Entries(ctx, jb.ID, f) {
		if err != nil {
			return err
		}
		if err := write(e); err != nil {
			return err
		}
	}
	return flush()
}

func (j *jobCommand) jsonWriter() (func(ledger.Entry) error, func() error) {
	enc := json.NewEncoder(j.s.Out)
	enc.SetEscapeHTML(false)
	return func(e ledger.Entry) error {
		r := resultJSON{
			Line: e.Line, Username: string(e.Username), Metadata: e.Metadata, Outcome: e.Outcome, Repeated: e.Repeated,
			Code: e.Code, Note: e.Note, RequestID: e.RequestID, Attempts: e.Attempts,
		}
		if !e.At.IsZero() {
			r.At = &e.At
		}
		return enc.Encode(r)
	}, func() error { return nil }
}

func (j *jobCommand) csvWriter() (func(ledger.Entry) error, func() error) {
	w := csv.NewWriter(j.s.Out)
	// csv.Writer keeps the first error for Flush.
	_ = w.Write([]string{"username", "line", "outcome", "repeated", "code", "note", "request_id", "attempts", "at"})
	return func(e ledger.Entry) error {
			at := ""
			if !e.At.IsZero() {
				at = e.At.UTC().Format(time.RFC3339)
			}
			return w.Write([]string{
				string(e.Username), strconv.FormatInt(e.Line, 10), string(e.Outcome), strconv.FormatBool(e.Repeated),
				e.Code, e.Note, e.RequestID, strconv.Itoa(e.Attempts), at,
			})
		}, func() error {
			w.Flush()
			return w.Error()
		}
}
