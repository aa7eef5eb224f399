package ledgertest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"relock/internal/job"
	"relock/internal/ledger"
)

func halts(t T, e *Env) {
	ctx := t.Context()
	scope := fmt.Sprintf("123456789012/eu-west-%d", e.jobs.Add(1))
	want := func(l Ledger, h job.Halt, ok bool) {
		t.Helper()
		got, is, err := l.Halt(ctx, scope)
		if diff := cmp.Diff(h, got); diff != "" || is != ok || err != nil {
			t.Errorf("halted %v, want %v, error %v, (-want +got): %s", is, ok, err, diff)
		}
	}
	want(e.L, job.Halt{}, false)
	if err := e.L.ClearHalt(ctx, scope); err != nil {
		t.Errorf("clearing what is not there: %v", err)
	}
	for _, h := range []job.Halt{
		{Reason: job.HaltAccessDenied, Code: "NotAuthorizedException", Since: e.Clock.Now()},
		{Reason: job.HaltClockSkew, Code: "InvalidSignatureException", Skew: -10 * time.Minute, Since: e.Clock.Now()},
		{Reason: job.HaltCanary, Since: e.Clock.Now().Add(time.Second)},
	} {
		if err := e.L.SetHalt(ctx, scope, h); err != nil {
			t.Fatalf("halting: %v", err)
		}
		want(e.Other, h, true)
	}
	if _, ok, err := e.L.Halt(ctx, scope+"0"); ok || err != nil {
		t.Errorf("another scope is halted: %v, %v", ok, err)
	}
	if err := e.Other.ClearHalt(ctx, scope); err != nil {
		t.Fatalf("clearing: %v", err)
	}
	want(e.L, job.Halt{}, false)
}

func leases(t T, e *Env) {
	ctx := t.Context()
	name := fmt.Sprintf("123456789012/eu-west-%d", e.jobs.Add(1))
	var held ledger.Lease // what the ledger has to say
	held.Name = name
	for i, c := range []struct {
		l      ledger.Lease
		expect int64
		lost   bool
	}{
		{ledger.Lease{Owner: "b", Counter: 6}, 5, true}, // there is none yet
		{ledger.Lease{Owner: "a", Counter: 1, State: []byte{0, 255}}, 0, false},
		{ledger.Lease{Owner: "a", Counter: 1, State: []byte{0, 255}}, 0, false}, // a retry
		{ledger.Lease{Owner: "b", Counter: 1}, 0, true},                         // too late
		{ledger.Lease{Owner: "a", Counter: 2}, 1, false},
		{ledger.Lease{Owner: "b", Counter: 9, State: []byte("x")}, 2, false}, // a takeover
		{ledger.Lease{Owner: "a", Counter: 3}, 2, true},
		{ledger.Lease{Owner: "", Counter: 10, State: []byte("x")}, 9, false}, // given up
	} {
		c.l.Name = name
		err := e.L.PutLease(ctx, c.l, c.expect)
		if c.lost != errors.Is(err, ledger.ErrLeaseLost) || !c.lost && err != nil {
			t.Errorf("write %d: %v, want lost: %v", i, err, c.lost)
		}
		if !c.lost {
			held = c.l
		}
		got, err := e.Other.Lease(ctx, name)
		if diff := cmp.Diff(held, got, cmpopts.EquateEmpty()); diff != "" || err != nil {
			t.Errorf("after write %d (-want +got): %s%v", i, diff, err)
		}
	}
	for _, counter := range []int64{10, 3} {
		if err := e.L.PutLease(ctx, ledger.Lease{Name: name, Owner: "a", Counter: counter}, 10); err == nil {
			t.Errorf("the counter went from 10 to %d", counter)
		}
	}
}

// raceForALease lets holders move one counter: each move succeeds for one.
func raceForALease(t T, e *Env) {
	const moves = 20
	name := fmt.Sprintf("123456789012/eu-west-%d", e.jobs.Add(1))
	for counter := range int64(moves) {
		var mu sync.Mutex
		var won []string
		var wg sync.WaitGroup
		for i := range 8 {
			owner := fmt.Sprintf("w%d", i)
			l := e.L
			if i%2 == 0 {
				l = e.Other
			}
			wg.Go(func() {
				err := l.PutLease(t.Context(), ledger.Lease{Name: name, Owner: owner, Counter: counter + 1}, counter)
				switch {
				case err == nil:
					mu.Lock()
					won = append(won, owner)
					mu.Unlock()
				case !errors.Is(err, ledger.ErrLeaseLost):
					t.Errorf("moving the lease: %v", err)
				}
			})
		}
		wg.Wait()
		got, err := e.L.Lease(t.Context(), name)
		if len(won) != 1 || err != nil || got.Owner != won[0] {
			t.Errorf("counter %d: %v won, %q holds, error %v", counter, won, got.Owner, err)
		}
	}
}
