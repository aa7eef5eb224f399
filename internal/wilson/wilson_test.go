package wilson

import (
	"fmt"
	"testing"
)

// The figures are those of R's prop.test(k, n, correct = FALSE), which is Wilson's
// interval.
func TestInterval(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		k, n      int64
		low, high string
	}{
		{0, 0, "0.0000", "1.0000"},
		{0, 10, "0.0000", "0.2775"},
		{10, 10, "0.7225", "1.0000"},
		{1, 2, "0.0945", "0.9055"},
		{5, 100, "0.0215", "0.1118"},
		{15, 50, "0.1910", "0.4375"},
		{50, 100, "0.4038", "0.5962"},
		{86, 100, "0.7786", "0.9147"},
	} {
		low, high := Interval(tt.k, tt.n)
		if got := [2]string{fmt.Sprintf("%.4f", low), fmt.Sprintf("%.4f", high)}; got != [2]string{tt.low, tt.high} {
			t.Errorf("%d of %d: %v, want %s to %s", tt.k, tt.n, got, tt.low, tt.high)
		}
	}
}
