package ledgertest

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"relock/internal/job"
	"relock/internal/ledger"
)

// property plays random histories of one job to the ledger and to the model:
// several targets, owners and attempts, both handles, and a clock that moves.
func property(t *testing.T, e *Env) {
	rapid.Check(t, func(t *rapid.T) {
		ctx := t.Context()
		id := fmt.Sprintf("model-%d", e.jobs.Add(1))
		model := NewMemory("", e.Clock.Now)
		both := func(what string, f func(Ledger) string) {
			l := e.L
			if rapid.Bool().Draw(t, "other handle") {
				l = e.Other
			}
			if got, want := f(l), f(model); got != want {
				t.Fatalf("%s: %q, want %q", what, got, want)
			}
		}
		j := job.Job{ID: id, Created: e.Clock.Now()}
		both("create", func(l Ledger) string { return answer(l.CreateJob(ctx, j)) })

		usernames := rapid.SampledFrom([]job.Username{"a", "b", "c", "never listed"})
		owners := rapid.SampledFrom([]string{"A", "B"})
		outcomes := rapid.SampledFrom(job.Outcomes())
		key := func(t *rapid.T) ledger.Key { return ledger.Key{Job: id, Username: usernames.Draw(t, "username")} }
		attempt := rapid.IntRange(0, 4)

		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				n := rapid.IntRange(1, 3).Draw(t, "targets")
				var targets []job.Target
				for i := range n {
					targets = append(targets, job.Target{Username: job.Username("abc"[i : i+1]), Line: int64(i + 1)})
				}
				both("add", func(l Ledger) string { return answer(l.AddTargets(ctx, id, targets)) })
			},
			"state": func(t *rapid.T) {
				to := rapid.SampledFrom([]job.State{job.StateStaging, job.StateOpen, job.StatePaused, job.StateOpen, job.StateFinished}).Draw(t, "to")
				at := e.Clock.Now()
				both("state", func(l Ledger) string { return answer(l.SetState(ctx, id, to, at)) })
			},
			"wait": func(t *rapid.T) {
				e.Clock.Advance(time.Duration(rapid.IntRange(1, 2000).Draw(t, "ms")) * time.Millisecond)
			},
			"claim": func(t *rapid.T) {
				key, owner := key(t), owners.Draw(t, "owner")
				lease := time.Duration(rapid.IntRange(0, 2000).Draw(t, "lease")) * time.Millisecond
				both("claim", func(l Ledger) string {
					c, err := l.Claim(ctx, key, owner, lease)
					return fmt.Sprintf("%+v %s", c, answer(err))
				})
			},
			"record": func(t *rapid.T) {
				r := ledger.Record{
					Key: key(t), Owner: owners.Draw(t, "owner"), Attempt: attempt.Draw(t, "attempt"), Outcome: outcomes.Draw(t, "outcome"),
					Repeated: rapid.Bool().Draw(t, "repeated"), Calls: rapid.IntRange(0, 3).Draw(t, "calls"), At: e.Clock.Now(),
				}
				r.SignOut = rapid.Bool().Draw(t, "sign out")
				both("record", func(l Ledger) string { return answer(l.Record(ctx, r)) })
			},
			"release": func(t *rapid.T) {
				r := ledger.Release{
					Key: key(t), Owner: owners.Draw(t, "owner"), Attempt: attempt.Draw(t, "attempt"),
					InDoubt: rapid.Bool().Draw(t, "doubt"), Tried: rapid.Bool().Draw(t, "tried"),
					Deferred: rapid.Bool().Draw(t, "deferred"), Repeated: rapid.Bool().Draw(t, "repeated"),
				}
				both("release", func(l Ledger) string { return answer(l.Release(ctx, r)) })
			},
			"sign out": func(t *rapid.T) {
				r := ledger.SignOutRecord{
					Key: key(t), State: rapid.SampledFrom(job.SignOuts()).Draw(t, "to"), At: e.Clock.Now(),
					Code: rapid.SampledFrom([]string{"", "TooManyRequestsException"}).Draw(t, "code"),
				}
				both("sign out", func(l Ledger) string { return answer(l.RecordSignOut(ctx, r)) })
			},
			"close sign-outs": func(t *rapid.T) {
				if rapid.IntRange(0, 5).Draw(t, "seldom") != 0 {
					t.Skip("they are closed seldom")
				}
				at := e.Clock.Now()
				both("close sign-outs", func(l Ledger) string {
					n, err := l.CloseSignOuts(ctx, id, at)
					return fmt.Sprint(n, answer(err))
				})
			},
			"close out": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "seldom") != 0 {
					t.Skip("a job is closed out once")
				}
				at := e.Clock.Now()
				both("close out", func(l Ledger) string {
					n, err := l.CloseOut(ctx, id, job.Missing, at)
					return fmt.Sprint(n, answer(err))
				})
			},
			"": func(t *rapid.T) {
				if diff := compare(t, e.L, model, id); diff != "" {
					t.Fatalf("%s", diff)
				}
			},
		})
	})
}
