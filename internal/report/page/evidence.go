package page

import (
	"bufio"
	"embed"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"time"

	"relock/internal/job"
	"relock/internal/number"
	"relock/internal/report"
)

//go:embed *.html
var files embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"count": number.Group, "figure": figure, "share": number.Share, "span": number.Span,
	"moment": moment, "stamp": stamp, "visible": visible, "lines": visibleLines, "people": func(n int64) string { return number.Of(n, "user", "users") }, "sentence": sentence, "words": words,
	"fail": func(err error) (string, error) { return "", err },
}).ParseFS(files, "*.html"))

// evidence is what evidence.html shows.
type evidence struct {
	head
	report.Evidence
	Curve  curve
	Bar    bar
	Others []report.OutcomeRow // the outcomes that somebody has, without a reset
	Codes  bool                // whether any of them has an error code
	Keys   []string            // of the client metadata
	// Setting are the flags that shaped the job, by name.
	Setting []setting
	// Complete is whether nothing is open any more.
	Complete bool
	Took     time.Duration
}

type setting struct{ Name, Value string }

// Evidence writes the evidence of a job as one HTML file. It ranges over e.Users
// while it writes; an error of theirs ends it, and what was written is then not
// whole. Values are shown as they are, but for characters without a shape, which
// are shown by their number.
func Evidence(w io.Writer, e report.Evidence) error {
	v := evidence{
		head:     newHead("Relock evidence: job "+visible(e.Job.ID), EvidencePolicy),
		Evidence: e,
		Curve:    newCurve(e.Curve),
		Bar:      newBar(e.Targets, e.Reset, e.Failed, e.Pending),
		Keys:     slices.Sorted(maps.Keys(e.Job.Policy.Metadata)),
		Complete: e.SentAll && e.Pending == 0 && e.Targets > 0,
	}
	for _, o := range e.Outcomes {
		if o.N > 0 && !o.Outcome.Succeeded() {
			v.Others = append(v.Others, o)
			v.Codes = v.Codes || len(o.Codes) > 0
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.Job.Plan.Settings)) {
		v.Setting = append(v.Setting, setting{name, e.Job.Plan.Settings[name]})
	}
	if !e.First.IsZero() {
		v.Took = e.Last.Sub(e.First)
	}
	out := bufio.NewWriter(w)
	if err := templates.ExecuteTemplate(out, "evidence.html", v); err != nil {
		return fmt.Errorf("writing the evidence of job %s: %w", e.Job.ID, err)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing the evidence of job %s: %w", e.Job.ID, err)
	}
	return nil
}

// Done is how many targets have an outcome.
func (v evidence) Done() int64 { return v.Targets - v.Pending }

// Cancelled is how many targets were reset by nobody because somebody said so.
func (v evidence) Cancelled() int64 { return v.Done() - v.Reset - v.Failed }

// Over is whether nothing happens to the job any more.
func (v evidence) Over() bool {
	return v.Pending == 0 && v.Job.State.Over()
}

// Planned is whether the job's plan was kept. Jobs of the first versions have none.
func (v evidence) Planned() bool { return v.Job.Plan.Account != "" || v.Job.Plan.BudgetReason != "" }

// ExcludedUsers is how many users the exclusions name.
func (v evidence) ExcludedUsers() int64 { return int64(v.Job.Plan.Excluded) }

// Forced is how many findings were forced.
func (v evidence) Forced() (n int) {
	for _, f := range v.Job.Plan.Findings {
		if f.Forced {
			n++
		}
	}
	return n
}

// Percent is the share of the targets that was projected to be reset.
func (v evidence) Percent() string {
	if v.Job.Plan.Projected == nil {
		return ""
	}
	return unit(100**v.Job.Plan.Projected) + " %"
}

// SignOut is where a target's second step stands, in words.
func (evidence) SignOut(s job.SignOut) string {
	switch s {
	case job.SignOutDone:
		return "Cognito accepted the sign-out"
	case job.SignOutFailed:
		return "not signed out"
	case job.SignOutPending:
		return "still to be signed out"
	default:
		return string(s)
	}
}

// bar is how far a job is, as a bar of 1000 units.
type bar struct {
	Good, Bad, Other, Pending int64 // widths
	BadAt, OtherAt, PendingAt int64
	Text                      string
}

func newBar(targets, reset, failed, pending int64) bar {
	if targets <= 0 {
		return bar{Pending: 1000, Text: "no targets"}
	}
	other := targets - reset - failed - pending
	width := func(n int64) int64 {
		if n > 0 && n*1000 < targets*4 {
			return 4 // to be seen at all
		}
		return n * 1000 / targets
	}
	b := bar{Bad: width(failed), Other: width(other), Pending: width(pending)}
	b.Good = max(0, 1000-b.Bad-b.Other-b.Pending)
	if reset == 0 {
		b.Pending += b.Good
		b.Good = 0
	}
	b.BadAt = b.Good
	b.OtherAt = b.BadAt + b.Bad
	b.PendingAt = b.OtherAt + b.Other
	b.Text = fmt.Sprintf("%s reset, %s not reset, %s excluded or cancelled, %s pending, of %s", number.Group(reset), number.Group(failed), number.Group(other), number.Group(pending), number.Group(targets))
	return b
}
