package ledger_test

import (
	"testing"

	"relock/internal/job"
	"relock/internal/ledger"
)

// Every outcome is counted in one part, and in one only.
func TestTotalsSplit(t *testing.T) {
	t.Parallel()
	all := ledger.Totals{Outcomes: map[job.Outcome]int64{}}
	var want int64
	for i, o := range job.Outcomes() {
		all.Outcomes[o] = 1 << i
		want += 1 << i
	}
	succeeded, failed, other := all.Split()
	if succeeded+failed+other != want || succeeded != all.Succeeded() || failed != all.Failed() {
		t.Errorf("%b, %b and %b", succeeded, failed, other)
	}
	if got := all.Outcomes[job.Reset] + all.Outcomes[job.AlreadyReset]; succeeded != got {
		t.Errorf("succeeded: %b, want %b", succeeded, got)
	}
	if got := all.Outcomes[job.Excluded] + all.Outcomes[job.Cancelled]; other != got {
		t.Errorf("other: %b, want %b", other, got)
	}
}
