package telemetry

import (
	"testing"
	"time"
)

// A history keeps the last hour, in order, and what it handed out does not change.
func TestHistory(t *testing.T) {
	t.Parallel()
	var h History
	if s := h.Snapshot(); len(s) != 0 {
		t.Errorf("a new history has %d samples", len(s))
	}
	const most = 3600
	begun := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	check := func(n int) {
		t.Helper()
		s := h.Snapshot()
		if len(s) != min(n, most) {
			t.Fatalf("after %d seconds there are %d samples", n, len(s))
		}
		for i, got := range s {
			if want := begun.Add(time.Duration(n-len(s)+i) * time.Second); !got.At.Equal(want) {
				t.Fatalf("after %d seconds, sample %d is of %v, want %v", n, i, got.At, want)
			}
		}
	}
	var early []Sample
	for i := range 2*most + 7 {
		h.Add(Sample{At: begun.Add(time.Duration(i) * time.Second)})
		switch i + 1 {
		case 1, most - 1, most, most + 1, 2 * most, 2*most + 7:
			check(i + 1)
		}
		if i == 10 {
			early = h.Snapshot()
		}
	}
	if len(early) != 11 || !early[10].At.Equal(begun.Add(10*time.Second)) {
		t.Error("a snapshot changed after it was taken")
	}
}
