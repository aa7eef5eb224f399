package cognito

import (
	"slices"
	"strings"
)

// filter is a parsed Filter of ListUsers: one attribute, = or ^=, one value.
type filter struct {
	attribute string
	prefix    bool
	value     string
}

// searchable are the attributes that a filter may name (API reference,
// ListUsers, Filter).
var searchable = []string{
	"username", "email", "phone_number", "name", "given_name", "family_name", "preferred_username", "cognito:user_status", "status", "sub",
}

// Filter is a filter as ListUsers understands it, for tests.
type Filter struct {
	Attribute string
	// Prefix is ^= instead of =.
	Prefix bool
	Value  string
}

// ParseFilter reads a filter as ListUsers does, length included. The empty
// filter, which matches everybody, is the zero Filter.
func ParseFilter(s string) (Filter, error) {
	var k checks
	k.str("filter", s, ruleFilter)
	if err := k.err(); err != nil {
		return Filter{}, err
	}
	f, err := parseFilter(s, false)
	if err != nil || f == nil {
		return Filter{}, err
	}
	return Filter{Attribute: f.attribute, Prefix: f.prefix, Value: f.value}, nil
}

// parseFilter reads `attribute = "value"` or `attribute ^= "value"`. Quotation
// marks and backslashes within the value are escaped with a backslash; or, with
// quotesOnly, quotation marks alone are. An empty filter matches everybody and is
// nil.
func parseFilter(s string, quotesOnly bool) (*filter, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return nil, nil
	}
	bad := invalid("Error while parsing filter.")
	end := strings.IndexAny(s, " \t=^\"")
	if end <= 0 {
		return nil, bad
	}
	f := &filter{attribute: s[:end]}
	rest := strings.TrimLeft(s[end:], " \t")
	if after, ok := strings.CutPrefix(rest, "^="); ok {
		f.prefix, rest = true, after
	} else if after, ok := strings.CutPrefix(rest, "="); ok {
		rest = after
	} else {
		return nil, bad
	}
	value, ok := unquote(strings.TrimLeft(rest, " \t"), quotesOnly)
	if !ok {
		return nil, bad
	}
	f.value = value
	if !slices.Contains(searchable, f.attribute) {
		return nil, invalid("Invalid search attribute: %s", f.attribute)
	}
	return f, nil
}

// unquote reads a quoted value that ends the string.
func unquote(s string, quotesOnly bool) (string, bool) {
	if len(s) < 2 || s[0] != '"' {
		return "", false
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if quotesOnly && (i+1 == len(s) || s[i+1] != '"') {
				b.WriteByte('\\')
				continue
			}
			if i++; i == len(s) {
				return "", false
			}
			b.WriteByte(s[i])
		case '"':
			return b.String(), i == len(s)-1
		default:
			b.WriteByte(s[i])
		}
	}
	return "", false
}

// String is the filter as parseFilter reads it.
func (f *filter) String() string {
	op := ` = "`
	if f.prefix {
		op = ` ^= "`
	}
	return f.attribute + op + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(f.value) + `"`
}

// matches tells whether a listing that shows version v of the locked user shows
// the user at all.
func (f *filter) matches(p *Pool, u *user, v version) bool {
	if f == nil {
		return true
	}
	var got string
	switch f.attribute {
	case "username":
		got = u.name
	case "sub":
		got = p.subOf(u)
	case "cognito:user_status":
		got = string(v.status)
	case "status":
		if got = "Enabled"; v.disabled {
			got = "Disabled"
		}
	default:
		got = lookup(v.attrs, f.attribute)
	}
	want := f.value
	switch f.attribute {
	case "username", "email", "preferred_username":
		want = p.fold(want)
	case "cognito:user_status", "status":
		// "is case-insensitive" is said of these two only.
		got, want = strings.ToLower(got), strings.ToLower(want)
	}
	if f.prefix {
		return got != "" && strings.HasPrefix(got, want)
	}
	return got == want
}
