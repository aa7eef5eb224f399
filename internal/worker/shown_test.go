package worker

import (
	"testing"
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
			return shownOf(pace.Snapshot{Pace: 12.5, Budget: 24, Quota: 30, Throttles: 3, InFlight: 2}, at)
		},
	})
	held := ledger.Lease{Name: "1/eu-west-1", Owner: "w", State: l.state(nil)}
	got, ok := ReadShown(held)
	if diff := cmp.Diff(Shown{At: at, Pace: 12.5, Budget: 24, Quota: 30, Throttles: 3, InFlight: 2}, got); diff != "" || !ok {
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
