package ledgertest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"relock/internal/job"
	"relock/internal/ledger"
)

// keptCases are those of what is kept with a job beside its targets.
var keptCases = []Case{
	{"exclusions come back as they were set", exclusions},
	{"exclusions can change until the job opens", func(t T, e *Env) {
		ctx, id := t.Context(), e.newJob(t)
		first := []job.Exclusion{{Given: "root", Line: 1}, {Given: "svc"}}
		second := []job.Exclusion{{Given: "root", Line: 1}}
		set := func(l Ledger, list []job.Exclusion, want error) {
			t.Helper()
			if err := l.SetExclusions(ctx, id, list); !errors.Is(err, want) {
				t.Errorf("setting %d: %v, want %v", len(list), err, want)
			}
		}
		set(e.L, nil, nil)
		wantExclusions(t, e.Other, id, nil)
		set(e.L, first, nil)
		set(e.Other, second, nil)
		set(e.L, nil, nil)
		wantExclusions(t, e.Other, id, nil)
		set(e.L, first, nil)
		if err := e.Other.SetState(ctx, id, job.StateOpen, e.Clock.Now()); err != nil {
			t.Fatalf("opening: %v", err)
		}
		set(e.L, first, nil) // an enqueue that goes on
		for _, other := range [][]job.Exclusion{nil, second, {first[1], first[0]}, {first[0], {Given: "svc", Sub: "x"}}} {
			set(e.Other, other, ledger.ErrExclusions)
		}
		wantExclusions(t, e.L, id, first)
	}},
	{"an open job without exclusions gets none", func(t T, e *Env) {
		ctx, id := t.Context(), e.newJob(t)
		if err := e.L.SetState(ctx, id, job.StateOpen, e.Clock.Now()); err != nil {
			t.Fatalf("opening: %v", err)
		}
		if err := e.L.SetExclusions(ctx, id, nil); err != nil {
			t.Errorf("setting none: %v", err)
		}
		if err := e.L.SetExclusions(ctx, id, []job.Exclusion{{Given: "root"}}); !errors.Is(err, ledger.ErrExclusions) {
			t.Errorf("setting one: %v, want ErrExclusions", err)
		}
		wantExclusions(t, e.Other, id, nil)
	}},
	{"a job is sealed once", func(t T, e *Env) {
		ctx, id := t.Context(), e.newJob(t)
		seal := job.Seal{Root: "9f86d081", Leaves: 1_000_000, Signature: "c2ln+/=", PublicKey: "a2V5"}
		bare := job.Seal{Root: "9f86d081", Leaves: 1_000_000}
		others := []job.Seal{{}, {Root: "9f86d081", Leaves: 7}, {Root: "00", Leaves: 1_000_000, Signature: "c2ln+/=", PublicKey: "a2V5"}}
		want := func(s job.Seal) {
			t.Helper()
			j, err := e.Other.Job(ctx, id)
			if diff := cmp.Diff(&s, j.Seal); diff != "" || err != nil {
				t.Errorf("the seal (-want +got): %s%v", diff, err)
			}
		}
		if err := e.L.SetSeal(ctx, id, bare); err != nil {
			t.Fatalf("sealing: %v", err)
		}
		want(bare)
		for range 2 {
			for _, l := range []Ledger{e.L, e.Other} {
				if err := l.SetSeal(ctx, id, seal); err != nil {
					t.Fatalf("sealing: %v", err)
				}
				for _, other := range others {
					if err := l.SetSeal(ctx, id, other); !errors.Is(err, ledger.ErrSealed) {
						t.Errorf("sealing with another: %v, want ErrSealed", err)
					}
				}
			}
		}
		want(seal)
		// A worker without a key comes later, and one with another.
		if err := e.L.SetSeal(ctx, id, bare); err != nil {
			t.Errorf("sealing without a key: %v", err)
		}
		if err := e.L.SetSeal(ctx, id, job.Seal{Root: bare.Root, Leaves: bare.Leaves, Signature: "c2ln", PublicKey: "b3RoZXI="}); !errors.Is(err, ledger.ErrSealedByOther) {
			t.Errorf("sealing with another key: %v, want ErrSealedByOther", err)
		}
		want(seal)
	}},
	{"what a later run is forced past is kept with the job", forced},
}

func forced(t T, e *Env) {
	ctx, id := t.Context(), e.newJob(t)
	before, err := e.L.Job(ctx, id)
	if err != nil {
		t.Fatalf("%v", err)
	}
	one := job.Finding{Code: "ses_sandbox", Text: "first", Stops: true, Forced: true}
	two := job.Finding{Code: "few_receives", Text: `"second" <&>`, Stops: true, Forced: true}
	add := func(l Ledger, list ...job.Finding) {
		t.Helper()
		if err := l.AddForced(ctx, id, list); err != nil {
			t.Fatalf("adding: %v", err)
		}
	}
	add(e.L)
	add(e.L, one)
	add(e.Other, job.Finding{Code: one.Code, Text: "the same again", Stops: true, Forced: true}, two)
	add(e.L, two, one)
	want := before.Plan
	want.Findings = append(slices.Clone(want.Findings), one, two)
	j, err := e.Other.Job(ctx, id)
	if diff := cmp.Diff(want, j.Plan); diff != "" || err != nil {
		t.Errorf("the plan (-want +got): %s%v", diff, err)
	}
	if err := e.L.SetState(ctx, id, job.StateCancelled, e.Clock.Now()); err != nil {
		t.Fatalf("%v", err)
	}
	add(e.Other, two) // nothing new
	if _, ok := errors.AsType[*ledger.StateError](e.L.AddForced(ctx, id, []job.Finding{{Code: "late", Forced: true}})); !ok {
		t.Errorf("what a job was forced past is kept after its end")
	}
}

func wantExclusions(t T, l Ledger, id string, want []job.Exclusion) {
	t.Helper()
	got, err := l.Exclusions(t.Context(), id)
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" || err != nil {
		t.Errorf("the exclusions (-want +got): %s%v", diff, err)
	}
}

func exclusions(t T, e *Env) {
	ctx, id := t.Context(), e.newJob(t)
	list := []job.Exclusion{
		{Given: "z"}, {Given: "a", File: "keep.csv", Line: 7},
		{Given: `q"uo'te\ <&> ` + "\u2028\u200f\n", Username: "ユーザー", Sub: "s", Email: "e@example.com", Phone: "+31", Preferred: "=p"},
	}
	for i := len(list); i < ledger.MaxExclusions; i++ {
		list = append(list, job.Exclusion{
			Given: job.Username(fmt.Sprint("given-", i)), File: "keep.csv", Line: int64(i),
			Username: job.Username(fmt.Sprint("user-", i)), Sub: job.Username(fmt.Sprintf("00000000-0000-0000-0000-%012d", i)),
			Email: job.Username(fmt.Sprintf("somebody-%d@long.example.com", i)),
		})
	}
	if err := e.L.SetExclusions(ctx, id, list); err != nil {
		t.Fatalf("setting: %v", err)
	}
	wantExclusions(t, e.Other, id, list)
	given := list[0].Given
	list[0].Given = "changed by the caller"
	got, err := e.L.Exclusions(ctx, id)
	if err != nil || len(got) == 0 || got[0].Given != given {
		t.Errorf("what the caller does to the list changes what is kept: error %v", err)
	}
	if err := e.L.SetExclusions(ctx, id, append(list, job.Exclusion{Given: "one more"})); err == nil {
		t.Errorf("%d exclusions were taken", len(list)+1)
	}
}
