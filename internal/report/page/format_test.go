package page

import "testing"

func TestFigures(t *testing.T) {
	t.Parallel()
	for f, want := range map[float64]string{0: "0", 24: "24", 3.14159: "3.14", 23.96: "24.0", 1440: "1,440", 1440.6: "1,441"} {
		if got := figure(f); got != want {
			t.Errorf("figure(%v) is %q, want %q", f, got, want)
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
