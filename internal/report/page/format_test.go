package page

import (
	"testing"
	"time"
)

func TestNumbersForPeople(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "−1,234"} {
		if got := count(n); got != want {
			t.Errorf("count(%d) is %q, want %q", n, got, want)
		}
	}
	for want, c := range map[string][2]int64{
		"–": {0, 0}, "0 %": {0, 9}, "100 %": {9, 9}, "< 0.1 %": {1, 100_000}, "> 99.9 %": {99_999, 100_000},
		"50 %": {1, 2}, "3.3 %": {1, 30}, "96.7 %": {29, 30},
	} {
		if got := share(c[0], c[1]); got != want {
			t.Errorf("share%v is %q, want %q", c, got, want)
		}
	}
	for f, want := range map[float64]string{0: "0", 24: "24", 3.14159: "3.14", 23.96: "24.0", 1440: "1,440", 1440.6: "1,441"} {
		if got := figure(f); got != want {
			t.Errorf("figure(%v) is %q, want %q", f, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "less than 1 s", time.Second: "1 s", 90 * time.Second: "1 min 30 s", time.Hour: "1 h", time.Hour + time.Second: "1 h",
		26*time.Hour + time.Minute: "1 d 2 h", 48*time.Hour + time.Minute: "2 d",
	} {
		if got := span(d); got != want {
			t.Errorf("span(%v) is %q, want %q", d, got, want)
		}
	}
}

func TestCharactersWithoutAShapeAreShown(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"ana": "ana", "Ñandú 名前 ناصر": "Ñandú 名前 ناصر", "a\nb": "a[U+000A]b", "a\u200bb": "a[U+200B]b", "\u202e": "[U+202E]",
		"\x00\t": "[U+0000][U+0009]", "\xff": "[U+FFFD]", "\ufeffx": "[U+FEFF]x", "\u2028": "[U+2028]",
	} {
		if got := visible(in); got != want {
			t.Errorf("visible(%q) is %q, want %q", in, got, want)
		}
	}
	if got := visibleLines("a\tb\n\u200bc\n"); got != "a[U+0009]b\n[U+200B]c\n" {
		t.Errorf("visibleLines is %q", got)
	}
}
