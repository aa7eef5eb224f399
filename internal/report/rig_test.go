package report

import (
	"context"
	"fmt"
	"testing"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
)

// writer is a ledger that the tests fill.
type writer interface {
	Sealer
	CreateJob(ctx context.Context, j job.Job) error
	SetExclusions(ctx context.Context, id string, list []job.Exclusion) error
	AddTargets(ctx context.Context, id string, targets []job.Target) error
	SetSent(ctx context.Context, id string, place int64) error
	SetState(ctx context.Context, id string, to job.State, at time.Time) error
	Claim(ctx context.Context, key ledger.Key, owner string, lease time.Duration) (ledger.Claim, error)
	Record(ctx context.Context, r ledger.Record) error
	RecordSignOut(ctx context.Context, r ledger.SignOutRecord) error
}

var night = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

// one is a user of a job, and what becomes of the user.
type one struct {
	name     string
	metadata map[string]string
	outcome  job.Outcome // empty: stays pending
	code     string
	repeated bool
	signOut  job.SignOut
	after    time.Duration // from the start of the night
}

// night's users: every outcome once, and names as strangers choose them.
func everyOutcome() []one {
	users := []one{
		{name: "=cmd|'/Ccalc'!A0", outcome: job.Reset, signOut: job.SignOutDone},
		{name: "+15551234567", outcome: job.Reset, repeated: true, signOut: job.SignOutFailed, metadata: map[string]string{"case": "=INC-1"}},
		{name: "o'neill", outcome: job.Reset, signOut: job.SignOutPending},
	}
	for i, o := range job.Outcomes() {
		u := one{name: fmt.Sprintf("user%02d", i), outcome: o, after: time.Duration(i) * time.Second}
		if o.Failed() {
			u.code = "CodeOf_" + string(o)
		}
		users = append(users, u)
	}
	return append(users, one{name: "later"})
}

// fill makes a job of users; it is finished unless somebody is pending.
func fill(t *testing.T, led writer, j job.Job, users []one) job.Job {
	t.Helper()
	ctx := t.Context()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	j.Pool, j.Region, j.Created = "eu-west-1_AbCdEf123", "eu-west-1", night
	j.Sources = []job.Source{{Name: "users.csv", SHA256: "aa"}}
	j.Counts = job.Counts{Rows: int64(len(users)) + 1, Duplicates: 1, Targets: int64(len(users))}
	ok(led.CreateJob(ctx, j))
	ok(led.SetExclusions(ctx, j.ID, []job.Exclusion{{Given: "root", Username: "root"}}))
	targets := make([]job.Target, 0, len(users))
	for i, u := range users {
		targets = append(targets, job.Target{Username: job.Username(u.name), Line: int64(i + 2), Metadata: u.metadata})
	}
	ok(led.AddTargets(ctx, j.ID, targets))
	ok(led.SetSent(ctx, j.ID, ledger.SentAll))
	ok(led.SetState(ctx, j.ID, job.StateOpen, night))
	pending := false
	for i, u := range users {
		if u.outcome == "" {
			pending = true
			continue
		}
		key := ledger.Key{Job: j.ID, Username: job.Username(u.name)}
		claim, err := led.Claim(ctx, key, "w", time.Hour)
		ok(err)
		ok(led.Record(ctx, ledger.Record{
			Key: key, Owner: "w", Attempt: claim.Attempt, Outcome: u.outcome, Repeated: u.repeated, Code: u.code,
			RequestID: fmt.Sprintf("req-%d", i), Calls: 1, At: night.Add(u.after), SignOut: u.signOut != "",
		}))
		if u.signOut == job.SignOutDone || u.signOut == job.SignOutFailed {
			ok(led.RecordSignOut(ctx, ledger.SignOutRecord{Key: key, State: u.signOut, Code: "TooManyRequestsException", At: night.Add(u.after)}))
		}
	}
	if !pending {
		ok(led.SetState(ctx, j.ID, job.StateFinished, night.Add(time.Minute)))
	}
	j, err := led.Job(ctx, j.ID)
	ok(err)
	return j
}
