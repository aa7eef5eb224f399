package reset

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// ErrFilter says that an expression is not a filter of ListUsers.
var ErrFilter = errors.New(`want ATTRIBUTE = "VALUE", or ATTRIBUTE ^= "VALUE" for a beginning, with \ before " and \ within the value`)

// CheckFilter checks a filter that an operator wrote against the syntax of
// API_ListUsers, so that a mistake is told before anything is asked, and returns
// the attribute that it is about. The errors do not hold the value.
func CheckFilter(s string) (Attribute, error) {
	if !utf8.ValidString(s) {
		return "", fmt.Errorf("%w: it is not valid UTF-8", ErrFilter)
	}
	if n := units(s); n > maxFilter {
		return "", fmt.Errorf("the filter is %d characters long, and ListUsers takes %d", n, maxFilter)
	}
	rest := strings.TrimSpace(s)
	end := strings.IndexAny(rest, " \t=^\"")
	if end <= 0 {
		return "", ErrFilter
	}
	attribute := Attribute(rest[:end])
	rest = strings.TrimLeft(rest[end:], " \t")
	rest = strings.TrimPrefix(rest, "^")
	rest, ok := strings.CutPrefix(rest, "=")
	if !ok || !quoted(strings.TrimLeft(rest, " \t")) {
		return "", ErrFilter
	}
	if !slices.Contains(Attributes(), attribute) {
		return "", fmt.Errorf("%w: %q; it searches %s", ErrAttribute, string(attribute), attributeNames())
	}
	return attribute, nil
}

// quoted reports whether s is one value between quotation marks, and nothing
// after it.
func quoted(s string) bool {
	s, ok := strings.CutPrefix(s, `"`)
	for i := 0; ok && i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i == len(s)-1
		}
	}
	return false
}

func attributeNames() string {
	var names []string
	for _, a := range Attributes() {
		names = append(names, string(a))
	}
	return strings.Join(names, ", ")
}
