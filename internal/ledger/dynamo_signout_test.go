package ledger_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/ledger/ledgertest"
	"relock/internal/peers/servers"
)

// wantSignOuts compares what the totals say of second steps.
func wantSignOuts(t *testing.T, l ledgertest.Ledger, pending, done, failed int64) {
	t.Helper()
	want := map[job.SignOut]int64{}
	for s, n := range map[job.SignOut]int64{job.SignOutPending: pending, job.SignOutDone: done, job.SignOutFailed: failed} {
		if n != 0 {
			want[s] = n
		}
	}
	got, err := l.Totals(t.Context(), "j")
	if diff := cmp.Diff(want, got.SignOuts, cmpopts.EquateEmpty()); diff != "" || err != nil {
		t.Errorf("the sign-outs (-want +got): %s%v", diff, err)
	}
}

// recordAsking claims a target and records an outcome that a sign-out follows.
func recordAsking(t *testing.T, l ledgertest.Ledger, u job.Username, o job.Outcome) error {
	t.Helper()
	k := ledger.Key{Job: "j", Username: u}
	c, err := l.Claim(t.Context(), k, "w", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return l.Record(t.Context(), ledger.Record{Key: k, Owner: "w", Attempt: c.Attempt, Outcome: o, At: time.UnixMilli(1), SignOut: true})
}

func signOut(u job.Username, to job.SignOut) ledger.SignOutRecord {
	return ledger.SignOutRecord{Key: ledger.Key{Job: "j", Username: u}, State: to, At: time.UnixMilli(2)}
}

// TestDynamoDBUnsureSignOut: a sign-out whose reply never came is counted when a
// retry has seen it, once, and by others if there is no retry.
func TestDynamoDBUnsureSignOut(t *testing.T) {
	clock := ledgertest.NewClock()
	endpoint, table := servers.StartDynalite(t), newTable()
	s, wrap := sabotage(func(string) fate { return passes })
	o := lazy(clock)
	o.Patience = time.Nanosecond
	l, err := ledger.CreateDynamoDB(t.Context(), client(t, endpoint, wrap), table, o)
	if err != nil {
		t.Fatal(err)
	}
	addTargets(t, l, "u1", "u2", "u3", "u4", "u5", "u6")
	other := openDynamoDB(t, client(t, endpoint, nil), table, lazy(clock))
	for _, u := range []job.Username{"u1", "u2", "u3"} {
		if err := recordAsking(t, l, u, job.Reset); err != nil {
			t.Fatal(err)
		}
	}
	wantSignOuts(t, l, 3, 0, 0)
	unsure := func(r ledger.SignOutRecord) {
		t.Helper()
		for _, f := range []fate{lostAfter, throttled} { // the second tells nothing new
			s.set(once("UpdateItem", f))
			if err := l.RecordSignOut(t.Context(), r); err == nil {
				t.Fatal("the sign-out was not recorded, and nobody noticed")
			}
		}
	}
	unsure(signOut("u1", job.SignOutDone))
	wantSignOuts(t, l, 3, 0, 0)
	for range 2 {
		if err := l.RecordSignOut(t.Context(), signOut("u1", job.SignOutDone)); err != nil {
			t.Fatal(err)
		}
		wantSignOuts(t, l, 2, 1, 0)
	}
	// Instead of a retry, something else is tried: the first one stands.
	unsure(signOut("u2", job.SignOutDone))
	if err := l.RecordSignOut(t.Context(), signOut("u2", job.SignOutFailed)); err != nil {
		t.Fatal(err)
	}
	wantSignOuts(t, l, 1, 2, 0)
	// No retry, but the message comes again.
	unsure(signOut("u3", job.SignOutFailed))
	wantSignOuts(t, l, 1, 2, 0)
	if c, err := l.Claim(t.Context(), ledger.Key{Job: "j", Username: "u3"}, "w", time.Minute); err != nil || c.SignOut != job.SignOutFailed {
		t.Errorf("sign-out %q, error %v", c.SignOut, err)
	}
	wantSignOuts(t, l, 0, 2, 1)
	// Nor that: the sign-outs are closed.
	if err := recordAsking(t, l, "u4", job.Reset); err != nil {
		t.Fatal(err)
	}
	unsure(signOut("u4", job.SignOutFailed))
	wantSignOuts(t, l, 1, 2, 1)
	if n, err := l.CloseSignOuts(t.Context(), "j", clock.Now()); n != 0 || err != nil {
		t.Errorf("closed %d, %v, want 0", n, err)
	}
	wantSignOuts(t, l, 0, 2, 2)
	if err := recordAsking(t, l, "u5", job.Reset); err != nil {
		t.Fatal(err)
	}
	// Nothing at all: others count it.
	unsure(signOut("u5", job.SignOutFailed))
	wantSignOuts(t, l, 1, 2, 2)
	clock.Advance(time.Minute)
	wantSignOuts(t, other, 0, 2, 3)
	release(t, l, "u6") // it hears of it
	wantSignOuts(t, l, 0, 2, 3)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	wantSignOuts(t, other, 0, 2, 3)
}

// TestDynamoDBSignOutsAfterACrash: what a dead handle asked for and did is counted
// by CloseSignOuts, however short the silence.
func TestDynamoDBSignOutsAfterACrash(t *testing.T) {
	clock := ledgertest.NewClock()
	endpoint, table := servers.StartDynalite(t), newTable()
	s, wrap := sabotage(func(string) fate { return passes })
	o := lazy(clock)
	o.Patience = time.Nanosecond
	dead := openDead(t, client(t, endpoint, wrap), table, o)
	addTargets(t, dead, "u1", "u2", "u3", "u4")
	for _, u := range []job.Username{"u1", "u2", "u3"} {
		if err := recordAsking(t, dead, u, job.Reset); err != nil {
			t.Fatal(err)
		}
	}
	if err := dead.RecordSignOut(t.Context(), signOut("u1", job.SignOutDone)); err != nil {
		t.Fatal(err)
	}
	s.set(func(string) fate { return lostBefore })
	l := openDynamoDB(t, client(t, endpoint, nil), table, lazy(clock))
	wantSignOuts(t, l, 0, 0, 0) // as nobody has counted the outcomes either
	if err := l.RecordSignOut(t.Context(), signOut("u2", job.SignOutDone)); err != nil {
		t.Fatal(err)
	}
	wantSignOuts(t, l, 0, 1, 0)
	if n, err := l.CloseSignOuts(t.Context(), "j", clock.Now()); n != 1 || err != nil {
		t.Errorf("closed %d, %v, want 1", n, err)
	}
	wantSignOuts(t, l, 0, 2, 1)
}

// TestDynamoDBAskedByOutcome: once every target has an outcome, none of the
// sign-outs that are pending is left out. A session knows of three records, others
// have found a fourth of it: the larger of both figures would be three.
func TestDynamoDBAskedByOutcome(t *testing.T) {
	clock := ledgertest.NewClock()
	endpoint, table := servers.StartDynalite(t), newTable()
	s, wrap := sabotage(func(string) fate { return passes })
	o := lazy(clock)
	o.Patience = time.Nanosecond
	l, err := ledger.CreateDynamoDB(t.Context(), client(t, endpoint, wrap), table, o)
	if err != nil {
		t.Fatal(err)
	}
	addTargets(t, l, "u1", "u2", "u3", "u4")
	release(t, l, "u4")
	other := openDynamoDB(t, client(t, endpoint, nil), table, lazy(clock))
	writes := 0
	s.set(func(op string) fate { // the claim passes, the record's reply is lost
		if op == "UpdateItem" {
			writes++
		}
		if op == "UpdateItem" && writes == 2 {
			return lostAfter
		}
		return passes
	})
	if err := recordAsking(t, l, "u1", job.GaveUp); err == nil {
		t.Fatal("the record's reply was lost, and nobody noticed")
	}
	s.set(func(string) fate { return passes })
	clock.Advance(time.Minute)
	wantSignOuts(t, other, 1, 0, 0)
	for _, u := range []job.Username{"u2", "u3", "u4"} {
		if err := recordAsking(t, l, u, job.Reset); err != nil {
			t.Fatal(err)
		}
	}
	wantSignOuts(t, l, 4, 0, 0)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if totals, err := other.Totals(t.Context(), "j"); err != nil || totals.Pending != 0 {
		t.Errorf("%d pending, error %v", totals.Pending, err)
	}
	wantSignOuts(t, other, 4, 0, 0)
}

// TestDynamoDBLongExclusions: a list beyond what one item may hold comes back
// whole, and what is longer than an item is refused.
func TestDynamoDBLongExclusions(t *testing.T) {
	l := openDynamoDB(t, client(t, servers.StartDynalite(t), nil), newTable(), options(nil))
	addTargets(t, l, "u1")
	long := func(n int) job.Username {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte('a' + i%26)
		}
		return job.Username(b)
	}
	var list []job.Exclusion
	for i := range 700 { // 1.4 MB
		list = append(list, job.Exclusion{Given: job.Username(fmt.Sprint(i)), Email: long(2000)})
	}
	if err := l.SetExclusions(t.Context(), "j", list); err != nil {
		t.Fatal(err)
	}
	got, err := l.Exclusions(t.Context(), "j")
	if diff := cmp.Diff(list, got); diff != "" || err != nil {
		t.Errorf("%d exclusions, error %v", len(got), err)
	}
	if err := l.SetExclusions(t.Context(), "j", []job.Exclusion{{Given: long(200_001)}}); err == nil {
		t.Error("an exclusion that fits into no item was taken")
	}
}

// TestDynamoDBUpgrade: a table as version 1 wrote it is read, and enqueue raises
// its version.
func TestDynamoDBUpgrade(t *testing.T) {
	endpoint, table := servers.StartDynalite(t), newTable()
	c := client(t, endpoint, nil)
	addTargets(t, openDynamoDB(t, c, table, options(nil)), "u1")
	version := func() string { return attribute(t, c, table, "meta", "ledger", "version") }
	if v := version(); v != "2" {
		t.Errorf("a new ledger has version %s", v)
	}
	update(t, c, table, "meta", "ledger", "SET #a = :v", "version", "1")
	update(t, c, table, "jobs", "j", "REMOVE #a", "plan", "")
	l, err := ledger.OpenDynamoDB(t.Context(), c, table, options(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if j, err := l.Job(t.Context(), "j"); err != nil || j.Plan.Budget != 0 {
		t.Errorf("the job of version 1: %+v, error %v", j, err)
	}
	if v := version(); v != "1" {
		t.Errorf("a worker made it version %s", v)
	}
	for range 2 {
		openDynamoDB(t, c, table, options(nil))
		if v := version(); v != "2" {
			t.Errorf("enqueue left version %s", v)
		}
	}
}
