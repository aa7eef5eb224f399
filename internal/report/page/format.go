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

// count writes a number with its thousands apart.
func count(n int64) string {
	return strings.Replace(number.Group(n), "-", "−", 1)
}

// people is a number of users in words.
func people(n int64) string {
	return number.Of(n, "user", "users")
}

// share is n of all in per cent. It says neither 0 nor 100 where that is not so.
func share(n, all int64) string {
	if all <= 0 {
		return "–"
	}
	p := 100 * float64(n) / float64(all)
	switch {
	case n == 0:
		return "0 %"
	case n == all:
		return "100 %"
	case p < 0.1:
		return "< 0.1 %"
	case p > 99.9:
		return "> 99.9 %"
	case p < 10 || p > 90:
		return fmt.Sprintf("%.1f %%", p)
	default:
		return fmt.Sprintf("%.0f %%", p)
	}
}

// figure is a rate with as many digits as help.
func figure(f float64) string {
	switch {
	case f == float64(int64(f)):
		return count(int64(f))
	case f < 10:
		return strconv.FormatFloat(f, 'f', 2, 64)
	case f < 1000:
		return strconv.FormatFloat(f, 'f', 1, 64)
	default:
		return count(int64(f + 0.5))
	}
}

// span is a duration in the two largest units that it has.
func span(d time.Duration) string {
	units := []struct {
		name string
		d    time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"min", time.Minute}, {"s", time.Second}}
	var parts []string
	for _, u := range units {
		if n := d / u.d; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, u.name))
			d -= n * u.d
		} else if len(parts) > 0 {
			break
		}
		if len(parts) == 2 {
			break
		}
	}
	if len(parts) == 0 {
		return "less than 1 s"
	}
	return strings.Join(parts, " ")
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
