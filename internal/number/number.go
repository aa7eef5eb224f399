// Package number writes numbers for people.
package number

import (
	"fmt"
	"strconv"
	"strings"
)

// Group writes a number in groups of three digits: 12,345.
func Group(n int64) string {
	s := strconv.FormatInt(n, 10)
	digits := strings.TrimPrefix(s, "-")
	sign := s[:len(s)-len(digits)]
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// Of is a number of things: 1 user, 12,345 users.
func Of(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Group(n) + " " + many
}

// Text is fmt.Sprintf that writes each int and int64 at %d in groups.
func Text(format string, args ...any) string {
	Grouped(args)
	return fmt.Sprintf(format, args...)
}

// Grouped changes the arguments of a format, in their place, so that each int and int64
// is written in groups at %d. One that is a line number, or that was typed by somebody,
// has to be a string.
func Grouped(args []any) {
	for i, a := range args {
		switch n := a.(type) {
		case int:
			args[i] = grouped(n)
		case int64:
			args[i] = grouped(n)
		}
	}
}

type grouped int64

// Format implements fmt.Formatter.
func (n grouped) Format(f fmt.State, verb rune) {
	if verb != 'd' && verb != 'v' {
		_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), int64(n))
		return
	}
	text := Group(int64(n))
	if width, ok := f.Width(); ok {
		if f.Flag('-') {
			width = -width
		}
		text = fmt.Sprintf("%*s", width, text)
	}
	_, _ = fmt.Fprint(f, text)
}
