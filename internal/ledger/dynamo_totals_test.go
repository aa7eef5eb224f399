package ledger_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/ledger/ledgertest"
	"relock/internal/peers/servers"
)

// lazy is a ledger that never writes its totals by itself.
func lazy(clock *ledgertest.Clock) ledger.DynamoDBOptions {
	o := options(clock.Now)
	o.FlushEvery = time.Hour
	return o
}

func wantTotals(t *testing.T, l *ledger.DynamoDB, done, repeated int64) {
	t.Helper()
	want := ledger.Totals{Targets: 4, Pending: 4 - done, Repeated: repeated, Outcomes: make(map[job.Outcome]int64)}
	if done > 0 {
		want.Outcomes[job.Reset], want.Last = done, time.UnixMilli(1).UTC()
	}
	got, err := l.Totals(t.Context(), "j")
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" || err != nil {
		t.Errorf("the totals (-want +got): %s%v", diff, err)
	}
}

// TestDynamoDBTotals: a handle knows its own figures at once, others when it has
// written them, and all of them when it has ended.
func TestDynamoDBTotals(t *testing.T) {
	clock := ledgertest.NewClock()
	endpoint, table := servers.StartDynalite(t), newTable()
	var n atomic.Int64
	a := openDynamoDB(t, client(t, endpoint, nil), table, lazy(clock))
	b := openDynamoDB(t, client(t, endpoint, countPasses(&n)), table, lazy(clock))
	addTargets(t, a, "u1", "u2", "u3", "u4")
	wantTotals(t, b, 0, 0)
	recordReset(t, a, ledger.Key{Job: "j", Username: "u1"}, "a")
	recordReset(t, b, ledger.Key{Job: "j", Username: "u2"}, "b")
	wantTotals(t, a, 1, 0)
	wantTotals(t, b, 1, 0)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	wantTotals(t, b, 2, 0)
	// Closed is closed: there is nothing that might still come.
	clock.Advance(time.Hour)
	wantTotals(t, b, 2, 0)
	if n.Load() != 0 {
		t.Errorf("%d passes over a session that has ended", n.Load())
	}
}

// countPasses counts the queries over the states of targets.
func countPasses(n *atomic.Int64) func(http.RoundTripper) http.RoundTripper {
	return func(rt http.RoundTripper) http.RoundTripper {
		return tripper(func(r *http.Request) (*http.Response, error) {
			if body, err := bodyOf(r); err != nil {
				return nil, err
			} else if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".Query") && strings.Contains(body, "work#j#0") {
				n.Add(1)
			}
			return rt.RoundTrip(r)
		})
	}
}

// TestDynamoDBTotalsAfterACrash: what a dead handle has recorded is counted by
// another once it has been silent, once, and again when it has been heard of.
func TestDynamoDBTotalsAfterACrash(t *testing.T) {
	clock := ledgertest.NewClock()
	endpoint, table := servers.StartDynalite(t), newTable()
	s, wrap := sabotage(func(string) fate { return passes })
	o := lazy(clock)
	o.Patience = time.Nanosecond
	dead := openDead(t, client(t, endpoint, wrap), table, o)
	addTargets(t, dead, "u1", "u2", "u3", "u4")
	recordReset(t, dead, ledger.Key{Job: "j", Username: "u1"}, "dead")
	recordReset(t, dead, ledger.Key{Job: "j", Username: "u2"}, "dead")

	var n atomic.Int64
	l := openDynamoDB(t, client(t, endpoint, countPasses(&n)), table, lazy(clock))
	wantTotals(t, l, 0, 0) // its figures are not written yet
	clock.Advance(25 * time.Second)
	wantTotals(t, l, 0, 0)
	if n.Load() != 0 {
		t.Errorf("%d passes over a session that may be alive", n.Load())
	}
	clock.Advance(10 * time.Second)
	wantTotals(t, l, 2, 0)
	clock.Advance(time.Hour)
	wantTotals(t, l, 2, 0)
	wantTotals(t, l, 2, 0)
	if n.Load() != 1 {
		t.Errorf("%d passes, want 1", n.Load())
	}

	// It was only asleep. It announces itself before it records more, and then
	// dies: the pass comes again.
	recordReset(t, dead, ledger.Key{Job: "j", Username: "u3"}, "dead")
	s.set(func(string) fate { return lostBefore })
	wantTotals(t, l, 2, 0)
	clock.Advance(35 * time.Second)
	wantTotals(t, l, 3, 0)
	if n.Load() != 2 {
		t.Errorf("%d passes, want 2", n.Load())
	}
}

// openDead opens a ledger whose end is not a good one.
func openDead(t *testing.T, api ledger.DynamoDBAPI, table string, o ledger.DynamoDBOptions) *ledger.DynamoDB {
	t.Helper()
	l, err := ledger.CreateDynamoDB(t.Context(), api, table, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if l.Close() == nil {
			t.Error("it ended in good order")
		}
	})
	return l
}

// TestDynamoDBTotalsAfterCloseOut: closing out sets the figures right, however
// short the silence.
func TestDynamoDBTotalsAfterCloseOut(t *testing.T) {
	clock := ledgertest.NewClock()
	endpoint, table := servers.StartDynalite(t), newTable()
	s, wrap := sabotage(func(string) fate { return passes })
	o := lazy(clock)
	o.Patience = time.Nanosecond
	dead := openDead(t, client(t, endpoint, wrap), table, o)
	addTargets(t, dead, "u1", "u2", "u3", "u4")
	for _, u := range []job.Username{"u1", "u2", "u3", "u4"} {
		recordReset(t, dead, ledger.Key{Job: "j", Username: u}, "dead")
	}
	s.set(func(string) fate { return lostBefore })
	l := openDynamoDB(t, client(t, endpoint, nil), table, lazy(clock))
	wantTotals(t, l, 0, 0)
	if n, err := l.CloseOut(t.Context(), "j", job.Missing, clock.Now()); n != 0 || err != nil {
		t.Errorf("closed %d, %v", n, err)
	}
	wantTotals(t, l, 4, 0)
}

// unsureRecord claims a target and records it, and the reply to that is lost; the
// next try is throttled.
func unsureRecord(t *testing.T, l *ledger.DynamoDB, s *saboteur, u job.Username, repeated bool) ledger.Record {
	t.Helper()
	release(t, l, u) // the next write is the record's
	k := ledger.Key{Job: "j", Username: u}
	c, err := l.Claim(t.Context(), k, "w", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	r := ledger.Record{Key: k, Owner: "w", Attempt: c.Attempt, Outcome: job.Reset, Repeated: repeated, At: time.UnixMilli(1)}
	for _, f := range []fate{lostAfter, throttled} { // the second tells nothing new
		s.set(once("UpdateItem", f))
		if err := l.Record(t.Context(), r); err == nil {
			t.Fatal("the record failed, and nobody noticed")
		}
	}
	return r
}

// release claims a target and gives it up: the session announces itself, and
// counts nothing.
func release(t *testing.T, l *ledger.DynamoDB, u job.Username) {
	t.Helper()
	k := ledger.Key{Job: "j", Username: u}
	c, err := l.Claim(t.Context(), k, "w", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Release(t.Context(), ledger.Release{Key: k, Owner: "w", Attempt: c.Attempt}); err != nil {
		t.Fatal(err)
	}
}

// TestDynamoDBTotalsOfAnUnsureRecord: a record whose reply never came is counted
// when a retry has seen it, once; and by others if there is no retry. What others
// have found is never taken back.
func TestDynamoDBTotalsOfAnUnsureRecord(t *testing.T) {
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
	other := openDynamoDB(t, client(t, endpoint, nil), table, lazy(clock))
	for i, repeated := range []bool{false, true} {
		r := unsureRecord(t, l, s, job.Username([]string{"u1", "u2"}[i]), repeated)
		wantTotals(t, l, int64(i), 0)
		for range 3 {
			if err := l.Record(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			wantTotals(t, l, int64(i)+1, int64(i))
		}
	}
	unsureRecord(t, l, s, "u3", false)
	wantTotals(t, l, 2, 1)
	clock.Advance(time.Minute)
	wantTotals(t, other, 3, 1)
	for range 2 {
		release(t, l, "u4")
		clock.Advance(20 * time.Second)
		wantTotals(t, l, 3, 1)
		wantTotals(t, other, 3, 1)
	}
	unsureRecord(t, l, s, "u4", false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	wantTotals(t, other, 3, 1)
	clock.Advance(time.Minute)
	wantTotals(t, other, 4, 1)
}

// TestDynamoDBListing: targets count when their listing is complete, and once,
// also when its reply is lost.
func TestDynamoDBListing(t *testing.T) {
	clock := ledgertest.NewClock()
	endpoint, table := servers.StartDynalite(t), newTable()
	s, wrap := sabotage(func(string) fate { return passes })
	o := lazy(clock)
	l := openDynamoDB(t, client(t, endpoint, wrap), table, o)
	addTargets(t, l, "u1", "u2", "u3")
	more := []job.Target{{Username: "u4", Line: 4}}
	k := ledger.Key{Job: "j", Username: "u4"}

	o.Patience = time.Nanosecond
	dying := openDynamoDB(t, client(t, endpoint, wrap), table, o)
	s.set(once("UpdateItem", lostBefore))
	if err := dying.AddTargets(t.Context(), "j", more); err == nil {
		t.Error("the request was lost, and nobody noticed")
	}
	if c, err := l.Claim(t.Context(), k, "w", time.Minute); err != nil || c.Status != ledger.NotListed {
		t.Errorf("status %d, error %v, want NotListed", c.Status, err)
	}
	n := 0
	for range l.Entries(t.Context(), "j", ledger.Filter{}) {
		n++
	}
	if got, err := l.Totals(t.Context(), "j"); n != 3 || got.Targets != 3 || err != nil {
		t.Errorf("%d entries, %d targets, error %v; want 3", n, got.Targets, err)
	}

	s.set(once("UpdateItem", lostAfter))
	if err := l.AddTargets(t.Context(), "j", more); err != nil {
		t.Error(err)
	}
	wantTotals(t, l, 0, 0)
	if c, err := dying.Claim(t.Context(), k, "w", time.Minute); err != nil || c.Status != ledger.Granted {
		t.Errorf("status %d, error %v, want Granted", c.Status, err)
	}
}
