package intake

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRows holds what is wrong with a row alone.
func TestRows(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 129)
	tests := []struct {
		name, content string
		cfg           Config
		kind          ProblemKind
		want          string
	}{
		{name: "too short", content: "id,username\n1,ana\n2\n", kind: ProblemFields, want: "list.csv:3: the row is too short: it has 1 field, and column username is number 2"},
		{name: "a field too few", content: "username,name,case\nana,1,2\nbob,1\n", kind: ProblemFields, want: "list.csv:3: the row is too short: it has 2 fields where the header has 3"},
		{name: "a field too many", content: "name;username\n1;ana\nDoe; Jane;bob\n", kind: ProblemFields, want: "list.csv:3: the row is too long: it has 3 fields where the header has 2; quote a field that contains ';'"},
		{name: "another number than the first row", content: "ana,1\nbob\n", cfg: Config{NoHeader: true, Column: "1"}, kind: ProblemFields, want: "list.csv:2: the row is too short: it has 1 field where the first row has 2"},
		{name: "not UTF-8", content: "username\nana\nb\xfcb\n", kind: ProblemEncoding, want: "list.csv:3: column username: is not valid UTF-8; save the list as UTF-8"},
		{name: "another column not UTF-8", content: "username, name\nana,\nbob,B\xfcb\n", kind: ProblemEncoding, want: "list.csv:3: column name: is not valid UTF-8; save the list as UTF-8"},
		{name: "column not UTF-8 without a header", content: "ana,\nbob,B\xfcb\n", cfg: Config{NoHeader: true, Column: "1"}, kind: ProblemEncoding, want: "list.csv:2: column 2: is not valid UTF-8; save the list as UTF-8"},
		{name: "empty", content: "username,name\nana,1\n,2\n", kind: ProblemEmpty, want: "list.csv:3: column username: the username is empty"},
		{name: "space before", content: "username\nana\n bob\n", kind: ProblemSpace, want: "list.csv:3: column username: the username begins or ends with white space; remove it, or use --trim"},
		{name: "space after, quoted", content: "username\nana\n\"bob\t\"\n", kind: ProblemSpace, want: "list.csv:3: column username: the username begins or ends with white space; remove it, or use --trim"},
		{name: "quote after a space", content: "username,name\nana,1\nbob,1\nc d,1\n", kind: ProblemSpace, want: "list.csv:4: column username: the username contains a space (U+0020), which Cognito does not permit"},
		{name: "no-break space", content: "username\nana\nb\u00a0b\n", kind: ProblemSpace, want: "list.csv:3: column username: the username contains a space (U+00A0), which Cognito does not permit"},
		{name: "zero", content: "username\nana\nb\x00b\n", kind: ProblemControl, want: "list.csv:3: column username: the username contains the control character U+0000; the list is damaged, or partly UTF-16: save it anew as UTF-8"},
		{name: "CR", content: "username\nana\nb\rb\n", kind: ProblemControl, want: "list.csv:3: column username: contains a CR: some lines end with CR alone, others do not; end all of them with LF or CRLF"},
		{name: "delete", content: "username\nana\nb\x7fb\n", kind: ProblemControl, want: "list.csv:3: column username: the username contains the control character U+007F; remove it"},
		{name: "next line", content: "username\nana\nb\u0085b\n", kind: ProblemControl, want: "list.csv:3: column username: the username contains the control character U+0085; remove it"},
		{name: "zero width space", content: "username\nana\nb\u200bb\n", kind: ProblemCharacter, want: "list.csv:3: column username: the username contains U+200B, which Cognito does not permit"},
		{name: "not a character", content: "username\nana\nb\uffff\n", kind: ProblemCharacter, want: "list.csv:3: column username: the username contains U+FFFF, which Cognito does not permit"},
		{name: "files joined", content: "username\nana\n\ufeffbob\n", kind: ProblemCharacter, want: "list.csv:3: column username: the username contains a byte order mark (U+FEFF); two files were joined here, remove it"},
		{name: "header once more", content: "username,name\nana,1\nusername,name\n", kind: ProblemHeader, want: "list.csv:3: the header stands here once more; remove the line"},
		{name: "129 characters", content: "username\nana\n" + long + "\n", kind: ProblemLength, want: "list.csv:3: column username: the username has 129 characters; Cognito permits 128"},
		{
			name: "metadata too long", content: "username,case\nana,1\nbob," + strings.Repeat("x", 2041) + "\n",
			cfg: Config{MetadataColumns: []string{"case"}, Metadata: map[string]string{"by": "me"}}, kind: ProblemMetadata,
			want: "list.csv:3: column case: the metadata of the user has 2,049 bytes, keys and values together; 2,048 are permitted",
		},
		{
			name: "metadata with a control character", content: "username,case\nana,1\nbob,x\x01\n", cfg: Config{MetadataColumns: []string{"case=k"}}, kind: ProblemMetadata,
			want: "list.csv:3: column case: the metadata contains U+0001, which SQS does not permit",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := file(t, "list.csv", tt.content)
			tt.cfg.Paths = []string{path}
			_, err := Scan(t.Context(), tt.cfg)
			e, ok := errors.AsType[*RowsError](err)
			if !ok || !errors.Is(err, ErrInvalid) {
				t.Fatalf("error = %v, want a *RowsError of the kind ErrInvalid", err)
			}
			if e.Invalid != 1 || e.Problems[0].Kind != tt.kind || e.ByKind[tt.kind] != 1 {
				t.Errorf("got %d of kind %q, want 1 of kind %q", e.Invalid, e.Problems[0].Kind, tt.kind)
			}
			if diff := cmp.Diff(tt.want, strings.ReplaceAll(e.Problems[0].String(), path, "list.csv")); diff != "" {
				t.Errorf("problem (-want +got):\n%s", diff)
			}

			tt.cfg.SkipInvalid = true
			l := scan(t, tt.cfg)
			for _, target := range targets(t, l) {
				if l.Counts.Invalid != 1 || target.Line >= e.Problems[0].Line {
					t.Errorf("counts = %+v, a target on line %d; the row on line %d is not left out", l.Counts, target.Line, e.Problems[0].Line)
				}
			}
		})
	}
}

// TestPermitted holds usernames that look odd and are Cognito's to judge, if they
// are meant.
func TestPermitted(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"ana", "Google_123", "a,b", `a"b`, "a;b", "=cmd", "+4912345678", "-", "null", "1E+10", "#N/A", "é", "e\u0301", "名前", "😀", "²", "\ufffd", strings.Repeat("é", 128),
	} {
		l := scan(t, Config{Paths: []string{file(t, "l.csv", "username\n\""+strings.ReplaceAll(name, `"`, `""`)+"\"\n")}, Literal: true})
		if diff := cmp.Diff([]string{name}, names(targets(t, l))); diff != "" {
			t.Errorf("usernames (-want +got):\n%s", diff)
		}
	}
}

func TestSkipInvalid(t *testing.T) {
	t.Parallel()
	a := file(t, "a.csv", "username;name\nana;1\nb b;\"x\"\"\ny\"\nana;2\n;3\nc\xff;\n")
	var rejects bytes.Buffer
	cfg := Config{Paths: []string{a}, SkipInvalid: true, MaxProblems: 1, Rejects: &rejects}
	l := scan(t, cfg)
	if diff := cmp.Diff([]string{"ana"}, names(targets(t, l))); diff != "" {
		t.Errorf("usernames (-want +got):\n%s", diff)
	}
	if c := l.Counts; c.Rows != 5 || c.Duplicates != 1 || c.Invalid != 3 || c.Targets != 1 {
		t.Errorf("counts = %+v, want 5 rows = 1 duplicate + 3 invalid + 1 target", c)
	}
	if diff := cmp.Diff(map[ProblemKind]int64{ProblemSpace: 1, ProblemEmpty: 1, ProblemEncoding: 1}, l.InvalidByKind); diff != "" {
		t.Errorf("InvalidByKind (-want +got):\n%s", diff)
	}
	if len(l.Problems) != 1 || l.Problems[0].Line != 3 {
		t.Errorf("problems = %v, want the one of line 3", l.Problems)
	}
	want := "file,line,reason,row\n" +
		a + ",3,\"column username: the username contains a space (U+0020), which Cognito does not permit\",\"b b;\"\"x\"\"\"\"\ny\"\"\"\n" +
		a + ",6,column username: the username is empty,;3\n" +
		a + ",7,column username: is not valid UTF-8; save the list as UTF-8,c\xff;\n"
	if diff := cmp.Diff(want, rejects.String()); diff != "" {
		t.Errorf("Rejects (-want +got):\n%s", diff)
	}

	cfg.SkipInvalid = false
	_, err := Scan(t.Context(), cfg)
	wantErr := "3 of 5 rows are not valid, the first: a.csv:3: column username: the username contains a space (U+0020), which Cognito does not permit; mend them, or leave them out with --skip-invalid"
	if diff := cmp.Diff(wantErr, message(err, a)); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}
