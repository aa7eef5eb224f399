package ledgertest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"relock/internal/job"
	"relock/internal/ledger"
)

// Cases lists the suite's tests, except the property test.
func Cases() []Case {
	return slices.Concat(jobCases, keptCases, claimCases, signOutCases, []Case{
		{"sequences", sequences},
		{"sequences with sign-outs", signOutSequences},
		{"race for one claim", raceForOneClaim},
		{"race of everything", raceOfEverything},
		{"race for one sign-out", raceForOneSignOut},
		{"race for a lease", raceForALease},
	})
}

var jobCases = []Case{
	{"the ID stays", func(t T, e *Env) {
		if e.L.ID() == "" || e.L.ID() != e.Other.ID() {
			t.Errorf("the handles say %q and %q", e.L.ID(), e.Other.ID())
		}
	}},
	{"a job comes back as it was written", jobRoundTrip},
	{"a job is created once", func(t T, e *Env) {
		id := e.newJob(t)
		if err := e.Other.CreateJob(t.Context(), job.Job{ID: id}); !errors.Is(err, ledger.ErrExists) {
			t.Errorf("creating it again: %v, want ErrExists", err)
		}
	}},
	{"an unknown job is ErrNoJob everywhere", unknownJob},
	{"jobs come newest first", newestFirst},
	{"states follow the diagram", states},
	{"opened and finished are set once", func(t T, e *Env) {
		ctx, id, t0 := t.Context(), e.newJob(t), e.Clock.Now()
		for i, to := range []job.State{job.StateOpen, job.StatePaused, job.StateOpen, job.StateFinished, job.StateFinished} {
			if err := e.L.SetState(ctx, id, to, t0.Add(time.Duration(i)*time.Second)); err != nil {
				t.Fatalf("step %d to %s: %v", i, to, err)
			}
		}
		j, err := e.Other.Job(ctx, id)
		if err != nil || !j.Opened.Equal(t0) || !j.Finished.Equal(t0.Add(3*time.Second)) {
			t.Errorf("opened %v, finished %v, error %v", j.Opened, j.Finished, err)
		}
	}},
	{"targets are listed once, in the order of the lists", listTargets},
	{"targets are added until the job is over", func(t T, e *Env) {
		ctx, id := t.Context(), e.newJob(t, "a")
		if err := e.L.SetState(ctx, id, job.StateOpen, e.Clock.Now()); err != nil {
			t.Fatalf("opening: %v", err)
		}
		if err := e.L.AddTargets(ctx, id, []job.Target{{Username: "b", Line: 2}}); err != nil {
			t.Errorf("adding to an open job: %v", err)
		}
		if err := e.L.SetState(ctx, id, job.StateFinished, e.Clock.Now()); err != nil {
			t.Fatalf("finishing: %v", err)
		}
		err := e.L.AddTargets(ctx, id, []job.Target{{Username: "c", Line: 3}})
		if se := (*ledger.StateError)(nil); !errors.As(err, &se) || se.From != job.StateFinished {
			t.Errorf("adding to a finished job: %v, want a StateError from finished", err)
		}
		if n := len(entries(t, e.Other, id, ledger.Filter{})); n != 2 {
			t.Errorf("%d targets, want 2", n)
		}
	}},
	{"the watermark only rises", func(t T, e *Env) {
		ctx, id := t.Context(), e.newJob(t)
		for _, line := range []int64{0, 7, 3, 12} {
			if err := e.L.SetSent(ctx, id, line); err != nil {
				t.Fatalf("setting: %v", err)
			}
			want := max(line, 7)
			if line == 0 {
				want = 0
			}
			if got, err := e.Other.Sent(ctx, id); err != nil || got != want {
				t.Errorf("after %d: %d, %v, want %d", line, got, err, want)
			}
		}
	}},
	{"halts", halts},
	{"leases", leases},
	{"entries are filtered and can be left early", filters},
	{"no error holds a username", func(t T, e *Env) {
		const secret = "ana@example.com"
		ctx, id := t.Context(), e.newJob(t, secret)
		key := ledger.Key{Job: id, Username: secret}
		errs := []error{
			e.L.Record(ctx, ledger.Record{Key: key, Owner: "w", Attempt: 1, Outcome: job.Reset}),
			e.L.Record(ctx, ledger.Record{Key: key, Owner: "w", Attempt: 1, Outcome: "bogus"}),
			e.L.Release(ctx, ledger.Release{Key: key, Owner: "w", Attempt: 1}),
			e.L.Release(ctx, ledger.Release{Key: ledger.Key{Job: "none", Username: secret}}),
		}
		for i, err := range errs {
			if err == nil || strings.Contains(err.Error(), secret) {
				t.Errorf("error %d: %v", i, err)
			}
		}
	}},
}

func jobRoundTrip(t T, e *Env) {
	want := job.Job{
		ID: "round-trip", Pool: "eu-west-1_AbCdEf123", Region: "eu-west-1",
		Reason: "incident 7 – “quoted”\n", Parent: "before", Content: "9f86d081", StartedBy: "arn:aws:sts::1:assumed-role/x",
		Sources: []job.Source{{Name: "-", SHA256: "ab"}, {Name: "users.csv", SHA256: "cd"}},
		Policy:  job.Policy{SignOut: true, Metadata: map[string]string{"case": "7"}},
		Counts:  job.Counts{Rows: 10, Duplicates: 1, Excluded: 2, Invalid: 3, Targets: 4},
		Plan: job.Plan{
			Account: "123456789012", PoolName: "customers", FoldCase: true, Budget: 23.75, BudgetReason: "80 % of 30",
			Projected: new(0.97), Sampled: 100, Canary: 200, Excluded: 2,
			Findings: []job.Finding{
				{Code: "long_mail", Text: "“50 a day” <&>\n", Stops: true, Forced: true}, {Code: "no_dlq", Text: "x"},
			},
			Settings: map[string]string{"sign-out": "true", "rate": ""},
		},
		Seal:    &job.Seal{Root: "ab"},
		State:   job.StateFinished,
		Created: e.Clock.Now().Add(123456789 * time.Nanosecond),
	}
	if err := e.L.CreateJob(t.Context(), want); err != nil {
		t.Fatalf("creating: %v", err)
	}
	want.State, want.Seal = job.StateStaging, nil
	want.Created = want.Created.Truncate(time.Millisecond)
	got, err := e.Other.Job(t.Context(), want.ID)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("the job (-want +got): %s%v", diff, err)
	}
	jobs, err := e.Other.Jobs(t.Context())
	if i := slices.IndexFunc(jobs, func(j job.Job) bool { return j.ID == want.ID }); err != nil || i < 0 {
		t.Errorf("among the jobs: place %d, error %v", i, err)
	} else if diff := cmp.Diff(want, jobs[i]); diff != "" {
		t.Errorf("the job among the jobs (-want +got): %s", diff)
	}
}

func unknownJob(t T, e *Env) {
	ctx, key := t.Context(), ledger.Key{Job: "none", Username: "a"}
	calls := map[string]func() error{
		"Job":        func() error { _, err := e.L.Job(ctx, "none"); return err },
		"SetState":   func() error { return e.L.SetState(ctx, "none", job.StateOpen, e.Clock.Now()) },
		"AddTargets": func() error { return e.L.AddTargets(ctx, "none", []job.Target{{Username: "a", Line: 1}}) },
		"SetSent":    func() error { return e.L.SetSent(ctx, "none", 1) },
		"Sent":       func() error { _, err := e.L.Sent(ctx, "none"); return err },
		"Totals":     func() error { _, err := e.L.Totals(ctx, "none"); return err },
		"Claim":      func() error { _, err := e.L.Claim(ctx, key, "w", time.Minute); return err },
		"CloseOut":   func() error { _, err := e.L.CloseOut(ctx, "none", job.Cancelled, e.Clock.Now()); return err },
		"RecordSignOut": func() error {
			return e.L.RecordSignOut(ctx, ledger.SignOutRecord{Key: key, State: job.SignOutDone})
		},
		"CloseSignOuts": func() error { _, err := e.L.CloseSignOuts(ctx, "none", e.Clock.Now()); return err },
		"SetExclusions": func() error { return e.L.SetExclusions(ctx, "none", []job.Exclusion{{Given: "a"}}) },
		"Exclusions":    func() error { _, err := e.L.Exclusions(ctx, "none"); return err },
		"AddForced":     func() error { return e.L.AddForced(ctx, "none", []job.Finding{{Code: "a"}}) },
		"SetSeal":       func() error { return e.L.SetSeal(ctx, "none", job.Seal{Root: "ab"}) },
		"Entries": func() error {
			for _, err := range e.L.Entries(ctx, "none", ledger.Filter{}) {
				return err
			}
			return nil
		},
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, ledger.ErrNoJob) {
			t.Errorf("%s: %v, want ErrNoJob", name, err)
		}
	}
}

func newestFirst(t T, e *Env) {
	var want []string
	for range 3 {
		e.Clock.Advance(time.Second)
		want = append([]string{e.newJob(t)}, want...)
	}
	jobs, err := e.Other.Jobs(t.Context())
	if err != nil {
		t.Fatalf("listing: %v", err)
	}
	var got []string
	for _, j := range jobs[:min(3, len(jobs))] {
		got = append(got, j.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the newest jobs (-want +got): %s", diff)
	}
}

// states walks every pair of states.
func states(t T, e *Env) {
	ctx := t.Context()
	way := map[job.State][]job.State{ // to each state from staging
		job.StateStaging: {}, job.StateOpen: {job.StateOpen}, job.StatePaused: {job.StateOpen, job.StatePaused},
		job.StateCancelled: {job.StateCancelled}, job.StateFinished: {job.StateOpen, job.StateFinished},
	}
	allowed := map[string]bool{
		"staging→open": true, "staging→cancelled": true,
		"open→paused": true, "open→finished": true, "open→cancelled": true,
		"paused→open": true, "paused→finished": true, "paused→cancelled": true,
	}
	for from, steps := range way {
		for to := range way {
			id := e.newJob(t)
			for _, s := range steps {
				if err := e.L.SetState(ctx, id, s, e.Clock.Now()); err != nil {
					t.Fatalf("on the way to %s: %v", from, err)
				}
			}
			err := e.Other.SetState(ctx, id, to, e.Clock.Now())
			pair := fmt.Sprintf("%s→%s", from, to)
			want, state := from == to || allowed[pair], to
			if !want {
				state = from
			}
			se := (*ledger.StateError)(nil)
			switch {
			case want && err != nil:
				t.Errorf("%s: %v", pair, err)
			case !want && (!errors.As(err, &se) || se.From != from || se.To != to || se.Job != id):
				t.Errorf("%s: %v, want a StateError", pair, err)
			}
			if j, err := e.L.Job(ctx, id); err != nil || j.State != state {
				t.Errorf("%s: the job is %s, error %v", pair, j.State, err)
			}
		}
	}
}

func listTargets(t T, e *Env) {
	ctx, id := t.Context(), e.newJob(t)
	odd := []string{"=cmd", "Ana", "ana", "ÄNA", "a\u0301na", "  blank ", `q"uo'te`, "ユーザー", "a#b", strings.Repeat("x", 128)}
	var targets []job.Target
	for i, u := range odd {
		targets = append(targets, job.Target{Username: job.Username(u), Line: int64(10 * (i + 1)),
			Metadata: map[string]string{"line": fmt.Sprint(i), "kind": "odd"}})
	}
	for i := range 120 { // more than one page or batch of any store
		targets = append(targets, job.Target{Username: job.Username(fmt.Sprintf("user-%d", i)), Line: int64(1000 + 9*i)})
	}
	for i := range 3 { // a second list
		targets = append(targets, job.Target{Username: job.Username(fmt.Sprintf("second-%d", i)), File: 1, Line: int64(i + 1)})
	}
	// As an enqueue that was interrupted in the middle of its second call.
	for _, part := range [][]job.Target{targets[:40], targets[40:70], targets, nil} {
		if err := e.L.AddTargets(ctx, id, part); err != nil {
			t.Fatalf("adding: %v", err)
		}
	}
	var want []ledger.Entry
	for _, target := range targets {
		want = append(want, ledger.Entry{Target: target})
	}
	if diff := cmp.Diff(want, entries(t, e.Other, id, ledger.Filter{})); diff != "" {
		t.Errorf("the entries (-want +got): %s", diff)
	}
	totals, err := e.Other.Totals(ctx, id)
	wantTotals := ledger.Totals{Targets: 133, Pending: 133}
	if diff := cmp.Diff(wantTotals, totals, cmpopts.EquateEmpty()); diff != "" || err != nil {
		t.Errorf("the totals (-want +got): %s%v", diff, err)
	}
	for _, target := range targets[:len(odd)] {
		c, err := e.Other.Claim(ctx, ledger.Key{Job: id, Username: target.Username}, "w", time.Minute)
		if diff := cmp.Diff(ledger.Claim{Status: ledger.Granted, Attempt: 1, Metadata: target.Metadata}, c); diff != "" || err != nil {
			t.Errorf("claiming line %d (-want +got): %s%v", target.Line, diff, err)
		}
	}
}

func filters(t T, e *Env) {
	ctx, id := t.Context(), e.newJob(t, "a", "b", "c", "d", "e", "f")
	for u, r := range map[string]ledger.Record{
		"b": {Outcome: job.Reset, Repeated: true, SignOut: true}, "c": {Outcome: job.UserNotFound}, "d": {Outcome: job.Excluded},
		"e": {Outcome: job.GaveUp, Repeated: true, SignOut: true}, "f": {Outcome: job.Reset, SignOut: true},
	} {
		r.Key, r.Owner, r.At = ledger.Key{Job: id, Username: job.Username(u)}, "w", e.Clock.Now()
		c, err := e.L.Claim(ctx, r.Key, "w", time.Minute)
		if err != nil {
			t.Fatalf("claiming: %v", err)
		}
		r.Attempt = c.Attempt
		if err := e.L.Record(ctx, r); err != nil {
			t.Fatalf("recording: %v", err)
		}
	}
	for u, state := range map[job.Username]job.SignOut{"e": job.SignOutFailed, "f": job.SignOutDone} {
		if err := e.L.RecordSignOut(ctx, ledger.SignOutRecord{Key: ledger.Key{Job: id, Username: u}, State: state}); err != nil {
			t.Fatalf("recording a sign-out: %v", err)
		}
	}
	for _, c := range []struct {
		f    ledger.Filter
		want string
	}{
		{ledger.Filter{}, "abcdef"},
		{ledger.Filter{After: 2}, "cdef"},
		{ledger.Filter{Outcomes: []job.Outcome{job.GaveUp, job.Excluded}}, "de"},
		{ledger.Filter{Outcomes: []job.Outcome{"", job.UserNotFound}}, "ac"},
		{ledger.Filter{Outcomes: []job.Outcome{job.GaveUp}, Outcome: job.Excluded}, ""},
		{ledger.Filter{SignOut: []job.SignOut{job.SignOutPending}}, "b"},
		{ledger.Filter{SignOut: []job.SignOut{job.SignOutPending, job.SignOutFailed}}, "be"},
		{ledger.Filter{SignOut: []job.SignOut{""}}, "acd"},
		{ledger.Filter{SignOut: job.SignOuts(), Outcomes: []job.Outcome{job.Reset}, After: 2}, "f"},
		{ledger.Filter{Pending: true}, "a"},
		{ledger.Filter{Failed: true}, "ce"},
		{ledger.Filter{Repeated: true}, "be"},
		{ledger.Filter{Outcome: job.Excluded}, "d"},
		{ledger.Filter{Failed: true, Repeated: true, After: 1}, "e"},
		{ledger.Filter{Pending: true, After: 1}, ""},
	} {
		var got strings.Builder
		for _, entry := range entries(t, e.Other, id, c.f) {
			got.WriteString(string(entry.Username))
		}
		if got.String() != c.want {
			t.Errorf("%+v: %q, want %q", c.f, got.String(), c.want)
		}
	}
	n := 0
	for range e.L.Entries(ctx, id, ledger.Filter{}) {
		if n++; n == 2 {
			break
		}
	}
	if _, err := e.L.Totals(ctx, id); err != nil || n != 2 {
		t.Errorf("after leaving a loop early: %v, %d rows", err, n)
	}
}
