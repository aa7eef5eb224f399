package job

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFold(t *testing.T) {
	t.Parallel()
	for in, want := range map[Username]Username{
		"":                "",
		"ana":             "ana",
		"Ana@Example.COM": "ana@example.com",
		"ÉCOLE":           "école",
		"ΣΊΣ":             "σίσ",
		"Kelvin K":        "kelvin k",
		"ſun":             "sun",
		"שלום":            "שלום",
		"user\u034f1":     "user\u034f1",
	} {
		if got := in.Fold(); got != want {
			t.Errorf("%q folds to %q, want %q", in, got, want)
		}
	}
}

// FuzzFold compares with the standard library's own idea of what differs by case
// only.
func FuzzFold(f *testing.F) {
	for _, p := range [][2]string{{"ana", "ANA"}, {"é", "É"}, {"K", "k"}, {"ſ", "S"}, {"ς", "Σ"}, {"ǅ", "ǆ"}, {"a", "b"}, {"ana", "anax"}, {"ß", "SS"}} {
		f.Add(p[0], p[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if !utf8.ValidString(a) || !utf8.ValidString(b) {
			return
		}
		if got, want := Username(a).Fold() == Username(b).Fold(), strings.EqualFold(a, b); got != want {
			t.Errorf("%q and %q: %v, EqualFold says %v", a, b, got, want)
		}
		for _, s := range []string{a, b, strings.ToUpper(a), strings.ToLower(b)} {
			if once := Username(s).Fold(); once.Fold() != once {
				t.Errorf("%q folds to %q, and that to %q", s, once, once.Fold())
			}
		}
	})
}

func TestExclusions(t *testing.T) {
	t.Parallel()
	list := []Exclusion{
		{Given: "boss@example.com", Username: "Boss", Sub: "6b1e6d2c-0000-4000-8000-000000000001", Email: "boss@example.com", Phone: "+4912345678", Preferred: "chief"},
		{Given: "svc"},
	}
	for name, c := range map[string]struct {
		fold bool
		ask  Username
		want bool
	}{
		"as given":             {false, "boss@example.com", true},
		"username":             {false, "Boss", true},
		"sub":                  {false, "6b1e6d2c-0000-4000-8000-000000000001", true},
		"sub in capitals":      {false, "6B1E6D2C-0000-4000-8000-000000000001", true},
		"phone":                {false, "+4912345678", true},
		"preferred":            {false, "chief", true},
		"the other":            {false, "svc", true},
		"somebody else":        {false, "ana", false},
		"nobody":               {false, "", false},
		"other case":           {false, "boss", false},
		"other case, folded":   {true, "BOSS", true},
		"other e-mail, folded": {true, "Boss@Example.com", true},
	} {
		if got := NewExclusions(list, c.fold).Has(c.ask); got != c.want {
			t.Errorf("%s: Has(%q) = %v", name, c.ask, got)
		}
	}
	if (Exclusions{}).Has("ana") || (Exclusions{}).Len() != 0 {
		t.Error("the zero value excludes somebody")
	}
}
