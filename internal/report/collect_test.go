package report

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"relock/internal/job"
	"relock/internal/ledger"
)

func TestCollectAccountsForEveryRow(t *testing.T) {
	t.Parallel()
	sqlite, err := ledger.CreateSQLite(t.TempDir(), ledger.SQLiteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sqlite.Close() }()
	for name, led := range map[string]writer{"memory": memory(), "sqlite": sqlite} {
		users := everyOutcome()
		fill(t, led, job.Job{
			ID: "one", Reason: "break-in", StartedBy: "ana", Content: "c1",
			Policy: job.Policy{SignOut: true, Metadata: map[string]string{"token": "secret"}},
		}, users)
		e, err := Collect(t.Context(), led, "one", Options{Version: "v1", Now: night, Usernames: true})
		if err != nil {
			t.Fatal(err)
		}
		want := Evidence{
			Version: "v1", Made: night, Ledger: led.ID(), SentAll: true, Balanced: true,
			Targets: 17, Pending: 1, Reset: 5, Failed: 9, Repeated: 1, Calls: 16,
			First: night, Last: night.Add(12 * time.Second), Leaves: 18, Sealed: SealNone,
		}
		ignore := cmpopts.IgnoreFields(Evidence{}, "Job", "Outcomes", "SignOuts", "Curve", "Chain", "Root", "Users")
		if diff := cmp.Diff(want, e, ignore); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
		var sum int64
		for i, row := range e.Outcomes {
			sum += row.N
			if row.Outcome != job.Outcomes()[i] || row.Access.Why == "" {
				t.Errorf("%s: row %d is %+v", name, i, row)
			}
			if row.Outcome.Failed() && !cmp.Equal(row.Codes, []CodeCount{{"CodeOf_" + string(row.Outcome), 1}}) {
				t.Errorf("%s: %s has the codes %v", name, row.Outcome, row.Codes)
			}
		}
		if sum+e.Pending != e.Targets {
			t.Errorf("%s: %d outcomes and %d pending are not %d targets", name, sum, e.Pending, e.Targets)
		}
		wantOuts := []SignOutRow{{State: job.SignOutPending, N: 1}, {State: job.SignOutDone, N: 1, Codes: []CodeCount{{"TooManyRequestsException", 1}}}, {State: job.SignOutFailed, N: 1, Codes: []CodeCount{{"TooManyRequestsException", 1}}}}
		if diff := cmp.Diff(wantOuts, e.SignOuts); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
		if e.Job.Policy.Metadata["token"] != "" || len(e.Job.Policy.Metadata) != 1 {
			t.Errorf("%s: the metadata's values are in the evidence: %v", name, e.Job.Policy.Metadata)
		}
		n := 0
		for u, err := range e.Users {
			if err != nil || u.List != "users.csv" || u.Outcome == job.Reset && !u.Repeated && u.SignOut != job.SignOutFailed {
				t.Errorf("%s: %+v, %v", name, u, err)
			}
			n++
		}
		if n != 14 { // all but two that were plainly reset and one of Outcomes
			t.Errorf("%s: %d users of whom something is left to say", name, n)
		}
	}
}

func TestTheTwoLedgersGiveOneRoot(t *testing.T) {
	t.Parallel()
	var roots []string
	dir := t.TempDir()
	sqlite, err := ledger.CreateSQLite(dir, ledger.SQLiteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sqlite.Close() }()
	for _, led := range []writer{memory(), sqlite} {
		fill(t, led, job.Job{ID: "one"}, everyOutcome())
		r := rooter{}
		j, err := led.Job(t.Context(), "one")
		if err != nil {
			t.Fatal(err)
		}
		x, err := led.Exclusions(t.Context(), "one")
		if err != nil {
			t.Fatal(err)
		}
		if err := r.begin("same", j, x); err != nil { // the root names the ledger
			t.Fatal(err)
		}
		for e, err := range led.Entries(t.Context(), "one", ledger.Filter{}) {
			if err = errors.Join(err, r.add(e)); err != nil {
				t.Fatal(err)
			}
		}
		root, _ := r.root()
		roots = append(roots, root)
	}
	if roots[0] != roots[1] {
		t.Errorf("%v", roots)
	}
}

func TestChainJoinsParentsAndChildren(t *testing.T) {
	t.Parallel()
	led := memory()
	for _, j := range []job.Job{{ID: "a"}, {ID: "b", Parent: "a"}, {ID: "c", Parent: "b"}, {ID: "d", Parent: "b"}, {ID: "x"}, {ID: "lost", Parent: "gone"}} {
		fill(t, led, j, []one{{name: "ana-" + j.ID, outcome: job.GaveUp}})
	}
	for id, want := range map[string]string{"a": "a! b c d", "c": "a b c! d", "x": "x!", "lost": "lost!"} {
		e, err := Collect(t.Context(), led, id, Options{Now: night})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, l := range e.Chain {
			if got != "" {
				got += " "
			}
			got += l.ID
			if l.This {
				got += "!"
			}
			if l.Targets != 1 || l.Failed != 1 {
				t.Errorf("%+v", l)
			}
		}
		if got != want {
			t.Errorf("the chain of %s is %q, want %q", id, got, want)
		}
	}
}

func TestCurveKeepsEveryOutcomeInFewBuckets(t *testing.T) {
	t.Parallel()
	for _, span := range []time.Duration{0, time.Second, 100 * time.Second, time.Hour, 10 * time.Hour, 30 * 24 * time.Hour, 20 * 365 * 24 * time.Hour} {
		var c curve
		rnd := rand.New(rand.NewPCG(1, uint64(span)))
		const n = 5000
		for i := range n {
			at := night.Add(time.Duration(rnd.Float64() * float64(span)))
			c.add(at, []job.Outcome{job.Reset, job.GaveUp, job.Cancelled}[i%3])
		}
		got := c.result()
		if len(got.Buckets) == 0 || len(got.Buckets) > MaxBuckets || span > time.Hour && len(got.Buckets) < MaxBuckets/8 {
			t.Errorf("%v: %d buckets of %v", span, len(got.Buckets), got.Width)
		}
		var sum int64
		for i, b := range got.Buckets {
			sum += b.Reset + b.Failed + b.Other
			if want := got.Buckets[0].Start.Add(time.Duration(i) * got.Width); !b.Start.Equal(want) {
				t.Fatalf("%v: bucket %d begins at %v, want %v", span, i, b.Start, want)
			}
		}
		if first := got.Buckets[0]; sum != n || first.Start.After(night) || !first.Start.Add(got.Width).After(night) {
			t.Errorf("%v: %d outcomes from %v on", span, sum, first.Start)
		}
	}
	if got := (&curve{}).result(); len(got.Buckets) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestWidthsAreMultiplesOfEachOther(t *testing.T) {
	t.Parallel()
	for w, n := widths[0], 0; n < 20; n++ {
		next := wider(w)
		if next <= w || next%w != 0 {
			t.Errorf("%v after %v", next, w)
		}
		w = next
	}
}

func TestCodesAreBounded(t *testing.T) {
	t.Parallel()
	m := map[job.Outcome]*codeCounts{}
	for i := range 1000 {
		countCode(m, job.UnknownError, fmt.Sprint("code", i))
	}
	for range 5 {
		countCode(m, job.UnknownError, "code7")
	}
	got := m[job.UnknownError].list()
	var sum int64
	for _, c := range got {
		sum += c.N
	}
	if len(got) != MaxCodes || got[0] != (CodeCount{"code7", 6}) || got[MaxCodes-1].Code != "other" || sum != 1005 {
		t.Errorf("%d codes of %d targets: %v", len(got), sum, got)
	}
}
