package reset

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"relock/internal/job"
	"relock/internal/sandbox/cognito"
)

func TestExactly(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		by          Attribute
		value, want string
	}{
		"plain":              {ByUsername, "ana", `username = "ana"`},
		"e-mail":             {ByEmail, "o'neil+x@example.com", `email = "o'neil+x@example.com"`},
		"quotation marks":    {ByEmail, `"a b"@example.com`, `email = "\"a b\"@example.com"`},
		"backslash":          {ByUsername, `CORP\ana`, `username = "CORP\\ana"`},
		"backslash and mark": {ByUsername, `\"`, `username = "\\\""`},
		"ends in backslash":  {ByUsername, `ana\`, `username = "ana\\"`},
		"another filter":     {ByUsername, `x" or sub ^= "`, `username = "x\" or sub ^= \""`},
		"right to left":      {ByPreferred, "\u202eana", "preferred_username = \"\u202eana\""},
		"zero width":         {ByName, "a\u200bb\ufeff", "name = \"a\u200bb\ufeff\""},
		"formula":            {ByUsername, `=HYPERLINK("x")`, `username = "=HYPERLINK(\"x\")"`},
		"status":             {ByStatus, "RESET_REQUIRED", `cognito:user_status = "RESET_REQUIRED"`},
		"as long as can be":  {BySub, strings.Repeat("x", 256-8), `sub = "` + strings.Repeat("x", 256-8) + `"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Exactly(c.by, job.Username(c.value))
			if err != nil || got != c.want {
				t.Errorf("got %s, %v; want %s", got, err, c.want)
			}
		})
	}
}

func TestExactlyRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		by    Attribute
		value string
		want  error
	}{
		"custom attribute":    {"custom:team", "red", ErrAttribute},
		"no attribute":        {"", "red", ErrAttribute},
		"filter as attribute": {`sub ^= "" or sub`, "red", ErrAttribute},
		"empty":               {ByEmail, "", ErrFilterValue},
		"not UTF-8":           {ByUsername, "ana\xff", ErrFilterValue},
		"surrogate":           {ByUsername, "ana\xed\xa0\x80", ErrFilterValue},
		"line feed":           {ByUsername, "ana\nbob", ErrFilterValue},
		"null":                {ByUsername, "ana\x00", ErrFilterValue},
		"C1 control":          {ByUsername, "ana\u0085", ErrFilterValue},
		"too long":            {BySub, strings.Repeat("x", 256-7), ErrFilterValue},
		"too long escaped":    {BySub, strings.Repeat(`"`, 128), ErrFilterValue},
		"too long in UTF-16":  {BySub, strings.Repeat("\U0001F512", 125), ErrFilterValue},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Exactly(c.by, job.Username(c.value))
			if !errors.Is(err, c.want) {
				t.Fatalf("got %q, %v; want %v", got, err, c.want)
			}
			if c.value != "" && c.want == ErrFilterValue && strings.Contains(err.Error(), c.value) {
				t.Errorf("the error holds the value: %v", err)
			}
		})
	}
}

// FuzzExactly reads every filter back with the sandbox's parser, which knows
// nothing of this package: it has to say exactly the attribute and the value.
func FuzzExactly(f *testing.F) {
	for _, v := range []string{
		"ana", `a"b`, `a\b`, `\"`, `\\"`, `" or sub = "x`, "\u202eana", "a\u200b", "=1+1", "\xff", "", "a\nb",
		strings.Repeat(`\`, 130), strings.Repeat("é", 240), strings.Repeat("\U0001F512", 120),
	} {
		for i := range Attributes() {
			f.Add(i, v)
		}
	}
	f.Fuzz(func(t *testing.T, i int, value string) {
		by := Attributes()[uint(i)%uint(len(Attributes()))]
		filter, err := Exactly(by, job.Username(value))
		if err != nil {
			return
		}
		got, err := cognito.ParseFilter(filter)
		if err != nil {
			t.Fatalf("%q for %q is refused: %v", filter, value, err)
		}
		if want := (cognito.Filter{Attribute: string(by), Value: value}); got != want {
			t.Errorf("%q reads as %+v, want %+v", filter, got, want)
		}
	})
}

func TestAttributesAreThoseThatTheSandboxSearches(t *testing.T) {
	t.Parallel()
	for _, a := range Attributes() {
		if _, err := cognito.ParseFilter(string(a) + ` = "x"`); err != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
	if a := Attributes(); len(slices.Compact(slices.Sorted(slices.Values(a)))) != 10 {
		t.Errorf("%d attributes, want the 10 of AWS's list", len(a))
	}
}
