package number

import (
	"math"
	"testing"
)

func TestGroup(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		0: "0", 7: "7", 999: "999", 1000: "1,000", 12345: "12,345", 999999: "999,999", 1000000: "1,000,000",
		-1: "-1", -999: "-999", -1000: "-1,000", math.MinInt64: "-9,223,372,036,854,775,808",
	} {
		if got := Group(n); got != want {
			t.Errorf("Group(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestOf(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 users", 1: "1 user", 2: "2 users", 1000: "1,000 users"} {
		if got := Of(n, "user", "users"); got != want {
			t.Errorf("Of(%d) = %q, want %q", n, got, want)
		}
	}
}
