package intake

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"regexp"
	"testing"
	"unicode/utf8"

	"relock/internal/job"
)

var anyCount = regexp.MustCompile(`^[\p{L}\p{M}\p{S}\p{N}\p{P}]+$`)

// FuzzScan says that no list makes Scan panic or miscount, and that nothing but
// what Cognito permits comes out, each name once, in order, the same each time.
func FuzzScan(f *testing.F) {
	for _, s := range []string{
		"username\nana\nbob\nana\n",
		"\ufeffid;Email;note\r\n1;a@b.c;\"x\r\ny\"\r\n\r\n;;\r\n2;a b;\r\n",
		"sep=\t\nuser\tx\nana\t\"1\"\"\"\n",
		"ana\nbob\n",
		"username,x\nana,\"\nbob,",
		"username\rana\r",
		"\x1f\x8b\x08\x00\x00\x00\x00\x00",
		utf16Text("\ufeffusername\nana\n😀", false),
		utf16Text("sub;x\r\nana;1\r\n", true),
		"\xff\xfeu\x00\x00\xd8",
		"email\na@b.c:d\n<a@b>\n",
		"phone_number,sub\n1.5E+10,NULL\n'+1555,#N/A\n",
		"ana:x\nbob|y\n",
		"username,x\nana,1\rbob,=\"2\"\n",
		listing,
		`["ana","bob",null,{"a":1}]`,
		"{\"user\":\"ana\"}\n{\"user\":\"\\ud800\",\"user\":1}\n",
		`{"Users":[{"sub":"x"}],"NextToken":"y"}[["ana"]]`,
	} {
		f.Add([]byte(s), false, "")
		f.Add([]byte(s), true, "")
	}
	f.Add([]byte("username,case\nana,1\nbob,\nana,2\n"), false, "case=k")
	f.Add([]byte("ana,1\nbob,\nana,2\n"), true, "2=k")
	dir := f.TempDir()
	f.Add([]byte(listing), false, "custom:team=k")
	f.Fuzz(func(t *testing.T, content []byte, noHeader bool, metaColumn string) {
		cfg := Config{
			Paths: []string{Stdin}, Stdin: bytes.NewReader(content), NoHeader: noHeader, SkipInvalid: true,
			TempDir: dir, Rejects: &bytes.Buffer{},
		}
		if metaColumn != "" {
			cfg.MetadataColumns = []string{metaColumn}
		}
		l, err := Scan(t.Context(), cfg)
		if err != nil {
			_, isList := errors.AsType[*ListError](err)
			_, isRows := errors.AsType[*RowsError](err)
			if !isList && !isRows || err.Error() == "" {
				t.Fatalf("an error of no kind: %v", err)
			}
			return
		}
		defer l.Close()
		if c := l.Counts; c.Rows != c.Duplicates+c.Invalid+c.Targets || c.Excluded != 0 || c.Rows != l.Files[0].Rows {
			t.Fatalf("counts = %+v; they do not add up", c)
		}
		if sum := sha256.Sum256(content); l.Sources()[0].SHA256 != hex.EncodeToString(sum[:]) {
			t.Fatal("the digest is not that of the bytes as read")
		}
		var before []job.Target
		for pass := range 2 {
			seen := map[job.Username]bool{}
			line := int64(0)
			for target, err := range l.Targets(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				if name := string(target.Username); !anyCount.MatchString(name) || utf8.RuneCountInString(name) > 128 {
					t.Fatalf("%q is not a username", name)
				}
				if seen[target.Username] || target.Line <= line {
					t.Fatalf("%q on line %d comes again, or too early: line %d was before it", target.Username, target.Line, line)
				}
				seen[target.Username], line = true, target.Line
				if pass == 0 {
					before = append(before, target)
				} else if before[len(seen)-1].Username != target.Username {
					t.Fatalf("%q, and %q the time before", target.Username, before[len(seen)-1].Username)
				}
			}
			if int64(len(seen)) != l.Counts.Targets {
				t.Fatalf("%d targets, want %d", len(seen), l.Counts.Targets)
			}
		}
	})
}
