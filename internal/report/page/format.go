package page

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"relock/internal/number"
)

// figure is a rate with as many digits as help.
func figure(f float64) string {
	switch {
	case f == float64(int64(f)):
		return number.Group(int64(f))
	case f < 10:
		return strconv.FormatFloat(f, 'f', 2, 64)
	case f < 1000:
		return strconv.FormatFloat(f, 'f', 1, 64)
	default:
		return number.Group(int64(f + 0.5))
	}
}

// moment is a time for people, always in UTC.
func moment(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// sentence begins with a capital.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}

// passage is a part of a text: words, or a command between backquotes.
type passage struct {
	Text string
	Code bool
}

// words parts our own texts at their backquotes, as `job resume` has them.
func words(s string) []passage {
	var parts []passage
	for i, text := range strings.Split(s, "`") {
		if text != "" {
			parts = append(parts, passage{text, i%2 == 1})
		}
	}
	return parts
}

// stamp is a time for machines.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// visible shows the characters that have no shape of their own, or that turn the
// text around them: what a reader sees is what is there.
func visible(s string) string {
	if strings.IndexFunc(s, invisible) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if invisible(r) {
			fmt.Fprintf(&b, "[U+%04X]", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// visibleLines is visible for a text that may have lines.
func visibleLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = visible(lines[i])
	}
	return strings.Join(lines, "\n")
}

func invisible(r rune) bool {
	return unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' || r == '\u115f' || r == '\u3164' || r == unicode.ReplacementChar
}
