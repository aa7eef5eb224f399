package cli

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relock/internal/job"
	"relock/internal/ledger"
)

// poolPlan is a plan for all users of a pool, with a ledger of its own.
func poolPlan(t *testing.T) (*plan, Ledger) {
	t.Helper()
	at := place{"file", t.TempDir()}
	led, err := openFileLedger(at, ledgerHow{create: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := led.Close(); err != nil {
			t.Error(err)
		}
	})
	return &plan{
		facts: &facts{},
		job:   job.Job{ID: "now", Pool: "eu-west-1_AbCdEf123", Region: "eu-west-1", Content: "now", Sources: []job.Source{{Name: "pool:all", SHA256: "1"}}, Created: time.Now()},
		set:   settings{ledger: at, from: &poolList{}, gathered: &gathered{}},
	}, led
}

// TestRival: a listing of the pool that was sent in part is not begun anew beside
// it, for its users would be reset twice.
func TestRival(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*plan, *job.Job)
		after  func(t *testing.T, led Ledger, id string)
		named  bool
		rival  bool
	}{
		"sent in part":                        {rival: true},
		"sent in part, and this one is named": {named: true},
		"of another pool":                     {change: func(_ *plan, j *job.Job) { j.Pool = "eu-west-1_Other0001" }},
		"of another listing":                  {change: func(_ *plan, j *job.Job) { j.Sources[0].Name = "pool:group:a" }},
		"a list in a file":                    {change: func(p *plan, _ *job.Job) { p.set.from = nil }},
		"sent": {after: func(t *testing.T, led Ledger, id string) {
			if err := led.SetSent(t.Context(), id, ledger.SentAll); err != nil {
				t.Fatal(err)
			}
		}},
		"cancelled": {after: func(t *testing.T, led Ledger, id string) {
			if err := led.SetState(t.Context(), id, job.StateCancelled, time.Now()); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, led := poolPlan(t)
			old := p.job
			old.ID, old.Content, old.Sources = "old", "old", []job.Source{{Name: "pool:all", SHA256: "2"}}
			if c.change != nil {
				c.change(p, &old)
			}
			if err := led.CreateJob(t.Context(), old); err != nil {
				t.Fatal(err)
			}
			if c.after != nil {
				c.after(t, led, "old")
			}
			k, err := lookUp(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			err = k.check(p.job, c.named)
			if c.rival != (err != nil) || c.rival && !strings.Contains(err.Error(), "`job cancel old`") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestTheSameListingGoesOn: a scheduled run that is started again means the job that
// it began, though the pool lists other users meanwhile. Anything else that differs
// is another job.
func TestTheSameListingGoesOn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*plan)
		after  func(ctx context.Context, led Ledger) error
		inPart bool
		want   string // of the refusal
	}{
		"other users":  {},
		"sent in part": {inPart: true, want: "with another list"},
		"another listing": {want: "with another list", change: func(p *plan) {
			p.job.Sources = []job.Source{{Name: "pool:all?status=enabled", SHA256: "1"}}
		}},
		"another file":    {want: "with another list", change: func(p *plan) { p.job.Sources = []job.Source{{Name: "a.csv", SHA256: "1"}} }},
		"another pool":    {want: "with another list", change: func(p *plan) { p.job.Pool = "eu-west-1_Other0001" }},
		"sessions end":    {want: "with another list", change: func(p *plan) { p.job.Policy.SignOut = true }},
		"other metadata":  {want: "with another list", change: func(p *plan) { p.job.Policy.Metadata = map[string]string{"case": "2"} }},
		"more are spared": {want: "with another list", change: func(p *plan) { p.set.gathered.exclusions = []job.Exclusion{{Given: "boss", Username: "boss"}} }},
		"it is over": {want: "with another list", after: func(ctx context.Context, led Ledger) error {
			return led.SetState(ctx, "now", job.StateCancelled, time.Now())
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, led := poolPlan(t)
			if err := register(t.Context(), led, p); err != nil {
				t.Fatal(err)
			}
			if !c.inPart {
				if err := led.SetSent(t.Context(), "now", ledger.SentAll); err != nil {
					t.Fatal(err)
				}
			}
			if c.after != nil {
				if err := c.after(t.Context(), led); err != nil {
					t.Fatal(err)
				}
			}
			p.job.Content, p.job.Sources = "later", []job.Source{{Name: "pool:all", SHA256: "2"}}
			if c.change != nil {
				c.change(p)
			}
			k, err := lookUp(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			err = k.check(p.job, true)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if words := k.words(p.job); strings.Contains(words, "the job keeps those it began with") != (c.want == "") {
				t.Errorf("the plan says %q", words)
			}
		})
	}
}

// TestAFilterIsNotKnownAgain: its value is not kept, so that two may differ.
func TestAFilterIsNotKnownAgain(t *testing.T) {
	t.Parallel()
	j := job.Job{Content: "a", Sources: []job.Source{{Name: "pool:filter:email"}}}
	k := known{job: j, there: true, sentAll: true, spares: true}
	j.Content = "b"
	if k.check(j, true) == nil {
		t.Error("another filter goes on with the job")
	}
}

// TestExclusionsOfAJobThatIsOpen: they are those it began with.
func TestExclusionsOfAJobThatIsOpen(t *testing.T) {
	t.Parallel()
	p, led := poolPlan(t)
	first := []job.Exclusion{{Given: "boss", Username: "boss", File: "spare.csv", Line: 2}}
	p.set.gathered.exclusions = first
	if err := register(t.Context(), led, p); err != nil || p.keptExclusions {
		t.Fatal(err, p.keptExclusions)
	}
	p.set.gathered.exclusions = []job.Exclusion{{Given: "chief", Username: "chief", File: "spare.csv", Line: 3}}
	if err := register(t.Context(), led, p); err != nil || !p.keptExclusions {
		t.Fatal(err, p.keptExclusions)
	}
	p.set.gathered.exclusions = nil
	if err := register(t.Context(), led, p); err != nil {
		t.Fatal(err)
	}
	got, err := led.Exclusions(t.Context(), "now")
	if diff := cmp.Diff(first, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

// TestExclusionsThatCannotBeWritten: the job is not opened without them.
func TestExclusionsThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	p, led := poolPlan(t)
	p.set.gathered.exclusions = make([]job.Exclusion, ledger.MaxExclusions+1)
	if err := register(t.Context(), led, p); err == nil || errors.Is(err, ledger.ErrExclusions) {
		t.Fatalf("got %v", err)
	}
	if j, err := led.Job(t.Context(), "now"); err != nil || j.State != job.StateStaging {
		t.Errorf("the job is %s, %v", j.State, err)
	}
}

// TestForcedLater: what a run that goes on with a job was forced past is kept with
// the job, though the first run found nothing of the kind.
func TestForcedLater(t *testing.T) {
	t.Parallel()
	p, led := poolPlan(t)
	p.job.Plan.Findings = []job.Finding{{Code: "not_asked", Text: "first"}}
	if err := register(t.Context(), led, p); err != nil {
		t.Fatal(err)
	}
	p.job.Plan.Findings = []job.Finding{
		{Code: "not_asked", Text: "second"},
		{Code: "ses_sandbox", Text: "SES is in its sandbox", Stops: true, Forced: true},
	}
	for range 2 {
		if err := register(t.Context(), led, p); err != nil {
			t.Fatal(err)
		}
	}
	j, err := led.Job(t.Context(), "now")
	want := []job.Finding{{Code: "not_asked", Text: "first"}, p.job.Plan.Findings[1]}
	if diff := cmp.Diff(want, j.Plan.Findings); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}
