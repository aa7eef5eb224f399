package cli

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/worker"
)

const timeFormat = "2006-01-02 15:04:05 UTC"

func (j *jobCommand) list(ctx context.Context, _ *cli.Command, led Ledger) error {
	jobs, err := led.Jobs(ctx)
	if err != nil {
		return err
	}
	if len(jobs) == 0 {
		say(j.s.Out, "The ledger has no jobs.\n")
		return nil
	}
	tw := tabwriter.NewWriter(j.s.Out, 0, 0, 2, ' ', 0)
	say(tw, "JOB\tSTATE\tUSER POOL\tTARGETS\tDONE\tFAILED\tCREATED\n")
	for _, jb := range jobs {
		t, err := led.Totals(ctx, jb.ID)
		if err != nil {
			return err
		}
		say(tw, "%s\t%s\t%s\t%d\t%d\t%d\t%s\n", jb.ID, jb.State, jb.Pool, jb.Counts.Targets,
			t.Targets-t.Pending, t.Failed(), jb.Created.UTC().Format(timeFormat))
	}
	return tw.Flush()
}

func (j *jobCommand) status(ctx context.Context, cmd *cli.Command, led Ledger) error {
	jb, err := one(ctx, cmd, led)
	if err != nil {
		return err
	}
	t, err := led.Totals(ctx, jb.ID)
	if err != nil {
		return err
	}
	sent, err := led.Sent(ctx, jb.ID)
	if err != nil {
		return err
	}
	tw := tabwriter.NewWriter(j.s.Out, 0, 0, 2, ' ', 0)
	row := func(name, value string) { say(tw, "%s\t%s\n", name, value) }
	row("created", when(jb.Created))
	row("by", jb.StartedBy)
	if jb.Reason != "" {
		row("reason", jb.Reason)
	}
	for _, src := range jb.Sources {
		row("list", src.Name+", sha256 "+src.SHA256)
	}
	row("rows", strconv.FormatInt(jb.Counts.Rows, 10)+" = "+strconv.FormatInt(jb.Counts.Targets, 10)+" targets + "+
		strconv.FormatInt(jb.Counts.Duplicates, 10)+" duplicates + "+strconv.FormatInt(jb.Counts.Invalid, 10)+" not valid")
	if sent != ledger.SentAll {
		row("queue", "not every message is sent yet; if enqueue was interrupted, run it again")
	}
	if !t.Last.IsZero() {
		row("last outcome", when(t.Last))
	}
	if !jb.Finished.IsZero() {
		row("ended", when(jb.Finished))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	summarise(j.s.Out, []worker.JobStatus{{Job: jb, Totals: t}})
	return nil
}

func when(t time.Time) string { return t.UTC().Format(timeFormat) }

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
