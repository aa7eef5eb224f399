package worker

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relock/internal/ledger"
)

func TestReadLeaderStatus(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	said, err := json.Marshal(handover{Status: &LeaderStatus{At: at, Pace: 12.5, Budget: 24, Quota: 30, Throttles: 3, InFlight: 2, BudgetReason: "80 % of 30"}})
	if err != nil {
		t.Fatal(err)
	}
	held := ledger.Lease{Name: "1/eu-west-1", Owner: "w", State: []byte(`{"write":1,"data":` + string(said) + `}`)}
	got, ok := ReadLeaderStatus(held)
	if diff := cmp.Diff(LeaderStatus{At: at, Pace: 12.5, Budget: 24, Quota: 30, Throttles: 3, InFlight: 2, BudgetReason: "80 % of 30"}, got); diff != "" || !ok {
		t.Errorf("%v -want +got:\n%s", ok, diff)
	}
	held.Owner = ""
	if _, ok := ReadLeaderStatus(held); ok {
		t.Error("a lease that nobody holds has a status")
	}
	for _, state := range []string{"", "{}", "no JSON", `{"data":null}`, `{"data":7}`, `{"data":{"status":null}}`} {
		if _, ok := ReadLeaderStatus(ledger.Lease{Owner: "w", State: []byte(state)}); ok {
			t.Errorf("%q has a status", state)
		}
	}
}
