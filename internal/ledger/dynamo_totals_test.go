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
	c := client(t, servers.StartDynalite(t), nil)
	table := newTable()
	a, b := openDynamoDB(t, c, table, lazy(clock)), openDynamoDB(t, c, table, lazy(clock))
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

// TestDynamoDBTotalsOfAnUnsureRecord: a record whose reply never came is counted
// when a retry has seen it, once; and by others if there is no retry.
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
	for _, u := range []job.Username{"u1", "u2"} {
		k := ledger.Key{Job: "j", Username: u}
		if _, err := l.Claim(t.Context(), k, "w", time.Minute); err != nil {
			t.Fatal(err)
		}
		if u == "u1" { // so that the session is there
			if err := l.Release(t.Context(), ledger.Release{Key: k, Owner: "w", Attempt: 1}); err != nil {
				t.Fatal(err)
			}
			continue
		}
		r := ledger.Record{Key: k, Owner: "w", Attempt: 1, Outcome: job.Reset, Repeated: true, At: time.UnixMilli(1)}
		s.set(once("UpdateItem", lostAfter))
		if err := l.Record(t.Context(), r); err == nil {
			t.Fatal("the reply was lost, and nobody noticed")
		}
		wantTotals(t, l, 0, 0)
		for range 2 {
			if err := l.Record(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			wantTotals(t, l, 1, 1)
		}
	}
	k := ledger.Key{Job: "j", Username: "u3"}
	if _, err := l.Claim(t.Context(), k, "w", time.Minute); err != nil {
		t.Fatal(err)
	}
	s.set(once("UpdateItem", lostAfter))
	if err := l.Record(t.Context(), ledger.Record{Key: k, Owner: "w", Attempt: 1, Outcome: job.Reset, At: time.UnixMilli(1)}); err == nil {
		t.Fatal("the reply was lost, and nobody noticed")
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	wantTotals(t, other, 1, 1)
	clock.Advance(time.Minute)
	wantTotals(t, other, 2, 1)
}
