package cognito

import "testing"

// FuzzFilter reads arbitrary filters: no panic, and what is understood reads the
// same when it is written out again.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{
		``, ` `, `username = "ana"`, `username ^= "a\"b\\"`, `email="x"`, `sub ^=`, `status = "Enabled`, `"`, `=`, `^=`, `cognito:user_status = ""`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := parseFilter(s, false)
		if err != nil || got == nil {
			return
		}
		again, err := parseFilter(got.String(), false)
		if err != nil {
			t.Fatalf("%q was read as %q, which is refused: %v", s, got, err)
		}
		if *again != *got {
			t.Errorf("%q was read as %+v, and written out as %+v", s, *got, *again)
		}
	})
}
