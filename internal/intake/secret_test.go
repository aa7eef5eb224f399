package intake

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	md5Hash    = "5f4dcc3b5aa765d61d8327deb882cf99"
	bcryptHash = "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"
)

// TestSecrets holds lists of leaked accounts. Each is refused, also in part and
// with SkipInvalid, and no part of a row is in the error or among the rejects.
func TestSecrets(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		content string
		literal bool // also with Literal
	}{
		{"ana@x.y:" + md5Hash, true},
		{"ana@x.y:hunter2", true},
		{"ana@x.y:p@ss.word", true},
		{"ana@x.y:" + md5Hash + ":salt", true},
		{md5Hash + ":ana@x.y", true},
		{"ana@x.y|" + md5Hash, true},
		{"ana@x.y " + md5Hash, true},
		{"ana:" + bcryptHash, true},
		{bcryptHash, true},
		{"ana:{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9gxnE0g", true},
		{"ana:pbkdf2_sha256$260000$abcdefghijkl$ZmFrZWhhc2hmYWtlaGFzaGZha2VoYXNoZmFrZQ==", true},
		{"root:$6$salt$" + strings.Repeat("a", 86) + ":19000:0:99999:7:::", true},
		{"ana@x.y|hunter2", false},
		{"ana:" + md5Hash, false},
		{"ana|" + md5Hash, false},
		{"ana:500:aad3b435b51404eeaad3b435b51404ee:" + md5Hash + ":::", false},
		{"ana:X03MO1qnZdYdgyfeuILPmQ==", false},
		{"ana:hunter2", false},
		{"ana:hunter2\nbob:letmein", false},
		{"ana|hunter2\nbob|letmein\ncarl|x", false},
		{"plain\nother\nana:hunter2", false},
	} {
		for _, header := range []string{"", "username\n", "  "} {
			content := header + "dave\n" + tt.content + "\n e r\n"
			cfg := Config{NoHeader: !strings.HasSuffix(header, "\n"), SkipInvalid: true}
			if header == "  " { // in the first row, where a header is expected
				content, cfg.NoHeader = tt.content+"\n", false
			}
			for _, cfg.Literal = range []bool{false, true} {
				if cfg.Literal && !tt.literal {
					continue
				}
				var rejects bytes.Buffer
				cfg.Rejects = &rejects
				cfg.Paths = []string{file(t, "list.txt", content)}
				_, err := Scan(t.Context(), cfg)
				if !errors.Is(err, ErrSecret) && (cfg.NoHeader || header != "  " || !errors.Is(err, ErrHeader)) {
					t.Errorf("%q: error = %v, want ErrSecret", content, err)
				}
				for _, secret := range []string{md5Hash, "hunter2", "letmein", "p@ss", "$2b$", "SSHA", "pbkdf2", "$6$", "X03"} {
					if err != nil && strings.Contains(err.Error(), secret) || strings.Contains(rejects.String(), secret) {
						t.Errorf("%q is in the error or the rejects: %v, %s", secret, err, &rejects)
					}
				}
			}
		}
	}
}

// TestSecretsBesideTheColumn says that a column of hashes is not read, and not
// written beside a row that is not valid.
func TestSecretsBesideTheColumn(t *testing.T) {
	t.Parallel()
	var rejects bytes.Buffer
	l := scan(t, Config{
		Paths:       []string{file(t, "l.csv", "username;x;password\nana;"+md5Hash+";hunter2\nb b;"+md5Hash+";hunter2\nbob:let me in;;\n")},
		SkipInvalid: true, Rejects: &rejects,
	})
	if diff := cmp.Diff([]string{"ana"}, names(targets(t, l))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !strings.Contains(rejects.String(), ",b b;(left out);(left out)\n") || !strings.HasSuffix(rejects.String(), ",(left out);;\n") {
		t.Errorf("rejects = %s", &rejects)
	}
	for _, cfg := range []Config{
		{Column: "password"},
		{MetadataColumns: []string{"password=p"}},
		{MetadataColumns: []string{"x"}},
	} {
		cfg.Paths = []string{file(t, "l.csv", "username;x;password\nana;"+md5Hash+";hunter2\n")}
		if _, err := Scan(t.Context(), cfg); err == nil || strings.Contains(err.Error(), md5Hash) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%+v: %v, want an error without the hash", cfg, err)
		}
	}
}

// TestProvidersInFront says that names that begin alike are no columns, and neither
// is an odd one among many.
func TestProvidersInFront(t *testing.T) {
	t.Parallel()
	want := []string{"okta:1", "okta:2", "okta:3", "auth0|1", "auth0|2", "auth0|3", `a"b;c`}
	l := scan(t, Config{Paths: []string{file(t, "l.txt", strings.ReplaceAll(strings.Join(want, "\n"), `a"b;c`, `"a""b;c"`))}, NoHeader: true})
	if diff := cmp.Diff(want, names(targets(t, l))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
