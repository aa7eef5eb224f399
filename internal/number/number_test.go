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

func TestText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		format string
		args   []any
		want   string
	}{
		{"%d of %d", []any{1234, int64(1234567)}, "1,234 of 1,234,567"},
		{"%8d|%-8d|", []any{1234, int64(12)}, "   1,234|12      |"},
		{"%x %v %s", []any{4096, 4096, "4096"}, "1000 4,096 4096"},
		{"%d %.1f", []any{uint16(9464), 1234.5}, "9464 1234.5"},
	} {
		if got := Text(c.format, c.args...); got != c.want {
			t.Errorf("Text(%q) = %q, want %q", c.format, got, c.want)
		}
	}
}
