package reset

import (
	"errors"
	"strings"
	"testing"

	"relock/internal/sandbox/cognito"
)

func TestCheckFilter(t *testing.T) {
	t.Parallel()
	for text, c := range map[string]struct {
		by  Attribute
		err error
	}{
		`email = "ana@example.com"`:           {ByEmail, nil},
		`email ^= "ana"`:                      {ByEmail, nil},
		` sub="x" `:                           {BySub, nil},
		`cognito:user_status = "CONFIRMED"`:   {ByStatus, nil},
		`status = "Enabled"`:                  {ByEnabled, nil},
		`name = "a \" b \\"`:                  {ByName, nil},
		``:                                    {"", ErrFilter},
		`email`:                               {"", ErrFilter},
		`email = ana`:                         {"", ErrFilter},
		`email = "ana`:                        {"", ErrFilter},
		`email = "ana\"`:                      {"", ErrFilter},
		`email = "a" or name = "b"`:           {"", ErrFilter},
		`email ^ = "ana"`:                     {"", ErrFilter},
		`email ~ "ana"`:                       {"", ErrFilter},
		`"email" = "ana"`:                     {"", ErrFilter},
		`email = "` + "\xff" + `"`:            {"", ErrFilter},
		`custom:team = "red"`:                 {"", ErrAttribute},
		`Email = "ana@example.com"`:           {"", ErrAttribute},
		`address ^= "` + "secret" + `street"`: {"", ErrAttribute},
	} {
		by, err := CheckFilter(text)
		if by != c.by || !errors.Is(err, c.err) {
			t.Errorf("%s: got %q, %v; want %q, %v", text, by, err, c.by, c.err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error holds the value: %v", err)
		}
	}
	if _, err := CheckFilter(`email = "` + strings.Repeat("x", 256) + `"`); err == nil {
		t.Error("a filter of more than 256 characters passes")
	}
}

// FuzzCheckFilter compares with the sandbox's parser, which knows nothing of this
// package: both take the same filters.
func FuzzCheckFilter(f *testing.F) {
	for _, s := range []string{
		`username = "ana"`, `email ^= "a\"b\\"`, `sub=""`, ` status ^="x" `, `name = "a" "b"`, `a = "b"`, `name = "\`, `name ^^= "x"`, "name\t=\n\"x\"",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		by, err := CheckFilter(s)
		got, theirs := cognito.ParseFilter(s)
		if got == (cognito.Filter{}) && theirs == nil || !validText(s) {
			return // the empty filter, which is everybody; and what no request can carry
		}
		if (err == nil) != (theirs == nil) || err == nil && string(by) != got.Attribute {
			t.Errorf("%q: got %q, %v; the sandbox says %+v, %v", s, by, err, got, theirs)
		}
	})
}

func validText(s string) bool { return strings.ToValidUTF8(s, "") == s }
