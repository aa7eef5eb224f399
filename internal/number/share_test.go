package number_test

import (
	"testing"
	"time"

	"relock/internal/number"
)

func TestShares(t *testing.T) {
	t.Parallel()
	for want, c := range map[string][2]int64{
		"–": {0, 0}, "0 %": {0, 9}, "100 %": {9, 9}, "< 0.1 %": {1, 100_000}, "> 99.9 %": {99_999, 100_000},
		"50 %": {1, 2}, "3.3 %": {1, 30}, "96.7 %": {29, 30},
	} {
		if got := number.Share(c[0], c[1]); got != want {
			t.Errorf("Share%v is %q, want %q", c, got, want)
		}
	}
}

func TestDurations(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 0: "0 s", time.Millisecond: "less than 1 s", time.Second: "1 s",
		59400 * time.Millisecond: "59 s", 59600 * time.Millisecond: "1 min", 90 * time.Second: "2 min",
		59*time.Minute + 40*time.Second: "1 h 00 min", 26*time.Hour + 5*time.Minute: "26 h 05 min",
	} {
		if got := number.Duration(d); got != want {
			t.Errorf("Duration(%v) is %q, want %q", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "less than 1 s", time.Second: "1 s", 90 * time.Second: "1 min 30 s", time.Hour: "1 h", time.Hour + time.Second: "1 h",
		26*time.Hour + time.Minute: "1 d 2 h", 48*time.Hour + time.Minute: "2 d",
	} {
		if got := number.Span(d); got != want {
			t.Errorf("Span(%v) is %q, want %q", d, got, want)
		}
	}
}
