package worker

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"relock/internal/ledger"
	"relock/internal/pace"
)

func TestALeaseShowsHowItsHolderStands(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	l := newLease(leaseConfig{
		learnt: func() map[string]pace.State { return nil },
		shown: func() *Shown {
			return shownOf(pace.Snapshot{Pace: 12.5, Budget: 24, Quota: 30, Throttles: 3, InFlight: 2}, "80 % of 30", at)
		},
	})
	held := ledger.Lease{Name: "1/eu-west-1", Owner: "w", State: l.state(nil)}
	got, ok := ReadShown(held)
	if diff := cmp.Diff(Shown{At: at, Pace: 12.5, Budget: 24, Quota: 30, Throttles: 3, InFlight: 2, BudgetReason: "80 % of 30"}, got); diff != "" || !ok {
		t.Errorf("%v -want +got:\n%s", ok, diff)
	}
	held.Owner = ""
	if _, ok := ReadShown(held); ok {
		t.Error("a lease that nobody holds shows something")
	}
	for _, state := range []string{"", "{}", "no JSON", `{"shown":null}`} {
		if _, ok := ReadShown(ledger.Lease{Owner: "w", State: []byte(state)}); ok {
			t.Errorf("%q shows something", state)
		}
	}
}

// A standby knows how the active worker stands, as that one goes on saying, and
// forgets it when it is active itself.
func TestAStandbySeesHowTheActiveWorkerStands(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := newArena(t)
		var pace atomic.Int64
		a := x.enter("a", func(c *contender) {
			c.lease.cfg.shown = func() *Shown { return &Shown{Pace: float64(pace.Add(1)), BudgetReason: "80 % of 30"} }
		})
		time.Sleep(time.Second)
		b := x.enter("b")
		time.Sleep(time.Minute)
		who, shown := b.lease.others()
		if who != "a" || shown == nil || shown.Pace < float64(pace.Load())-2 || shown.BudgetReason != "80 % of 30" {
			t.Errorf("%q shows %+v of %d", who, shown, pace.Load())
		}
		if who, shown := a.lease.others(); who != "" || shown != nil {
			t.Errorf("the active one stands by for %q, %+v", who, shown)
		}
		a.end()
		time.Sleep(time.Minute)
		if who, shown := b.lease.others(); who != "" || shown != nil {
			t.Errorf("after its take-over it stands by for %q, %+v", who, shown)
		}
		b.end()
	})
}
