package intake

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relock/internal/job"
)

func TestScan(t *testing.T) {
	t.Parallel()
	a := file(t, "a.csv", "id,Username ,case\r\n1,ana,INC-1\r\n\r\n2,\"bob\",\r\n,,\r\n3,ana,INC-2\r\n")
	b := file(t, "b.csv", "user;case\ncarl;INC-3\nbob;INC-4\n\n\n")
	l := scan(t, Config{
		Paths: []string{a, b}, MetadataColumns: []string{"CASE=incident"},
		Metadata: map[string]string{"by": "sec"},
	})

	want := job.Counts{Rows: 5, Duplicates: 2, Targets: 3}
	if diff := cmp.Diff(want, l.Counts); diff != "" {
		t.Errorf("Counts (-want +got):\n%s", diff)
	}
	wantTargets := []job.Target{
		{Username: "ana", File: 0, Line: 2, Metadata: map[string]string{"incident": "INC-1"}},
		{Username: "bob", File: 0, Line: 4},
		{Username: "carl", File: 1, Line: 2, Metadata: map[string]string{"incident": "INC-3"}},
	}
	for range 2 { // Targets begins anew each time.
		if diff := cmp.Diff(wantTargets, targets(t, l)); diff != "" {
			t.Errorf("Targets (-want +got):\n%s", diff)
		}
	}
	wantDups := []Duplicate{
		{File: a, Line: 6, FirstFile: a, FirstLine: 2, Differs: true},
		{File: b, Line: 3, FirstFile: a, FirstLine: 4, Differs: true},
	}
	if diff := cmp.Diff(wantDups, l.Duplicates); diff != "" {
		t.Errorf("Duplicates (-want +got):\n%s", diff)
	}
	if l.DuplicatesDiffer != 2 {
		t.Errorf("DuplicatesDiffer = %d, want 2", l.DuplicatesDiffer)
	}
	wantCSV := "file,line,first_file,first_line\n" + a + ",6," + a + ",2\n" + b + ",3," + a + ",4\n"
	for range 2 { // so does WriteDuplicates
		var dups bytes.Buffer
		if err := l.WriteDuplicates(&dups); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(wantCSV, dups.String()); diff != "" {
			t.Errorf("WriteDuplicates (-want +got):\n%s", diff)
		}
	}
	if err := l.WriteDuplicates(failing{}); !errors.Is(err, ErrTemp) {
		t.Errorf("writing the duplicates fails with %v", err)
	}
	wantFiles := []File{
		{
			Source: job.Source{Name: "a.csv", SHA256: l.Files[0].SHA256}, Path: a, Encoding: UTF8, Delimiter: ',',
			Column: "Username", Rows: 3, Blank: 2,
		},
		{
			Source: job.Source{Name: "b.csv", SHA256: l.Files[1].SHA256}, Path: b, Encoding: UTF8, Delimiter: ';',
			Column: "user", Rows: 2, Blank: 2, base: 6,
		},
	}
	if diff := cmp.Diff(wantFiles, l.Files, cmp.AllowUnexported(File{})); diff != "" {
		t.Errorf("Files (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(NameKinds{Other: 3}, l.Kinds); diff != "" {
		t.Errorf("Kinds (-want +got):\n%s", diff)
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	const text = "username,name\r\nana,\"Doe\nAna\"\r\nñandú@example.com,😀\r\n"
	zip := func(parts ...string) string {
		var b bytes.Buffer
		for _, p := range parts {
			w := gzip.NewWriter(&b)
			if _, err := w.Write([]byte(p)); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
		}
		return b.String()
	}
	tests := []struct {
		name, content string
		encoding      Encoding
		delimiter     rune
		zipped        bool
		firstLine     int64
	}{
		{name: "plain", content: text},
		{name: "no end of the last line", content: strings.TrimSuffix(text, "\r\n")},
		{name: "LF", content: strings.ReplaceAll(text, "\r\n", "\n")},
		{name: "BOM", content: "\ufeff" + text},
		{name: "BOM before a quoted header", content: "\ufeff\"username\",name\nana,\"Doe\nAna\"\nñandú@example.com,😀"},
		{name: "semicolons", content: strings.ReplaceAll(text, ",", ";"), delimiter: ';'},
		{name: "tabs", content: strings.ReplaceAll(text, ",", "\t"), delimiter: '\t'},
		{name: "sep line", content: "sep=|\r\n" + strings.ReplaceAll(text, ",", "|"), delimiter: '|', firstLine: 3},
		{name: "quoted sep line", content: "\"SEP=;\"\n" + strings.ReplaceAll(text, ",", ";"), delimiter: ';', firstLine: 3},
		{name: "blank lines before the header", content: "\n\r\n" + text, firstLine: 4},
		{name: "UTF-16 LE with BOM", content: utf16Text("\ufeff"+text, false), encoding: UTF16LE},
		{name: "UTF-16 BE with BOM", content: utf16Text("\ufeff"+text, true), encoding: UTF16BE},
		{name: "UTF-16 LE", content: utf16Text(text, false), encoding: UTF16LE},
		{name: "UTF-16 BE", content: utf16Text(text, true), encoding: UTF16BE},
		{name: "gzip", content: zip(text), zipped: true},
		{name: "gzip of two members", content: zip(text[:20], text[20:]), zipped: true},
		{name: "gzip of UTF-16", content: zip(utf16Text(text, false)), zipped: true, encoding: UTF16LE},
		{name: "a comma in the name of the other column", content: "username;\"last, first, middle\"\nana;1\nñandú@example.com;2\n", delimiter: ';'},
		{name: "more commas than semicolons, username between semicolons", content: "a,b,c;username\nx;ana\ny;ñandú@example.com\n", delimiter: ';'},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := file(t, "list", tt.content)
			for _, cfg := range []Config{{Paths: []string{path}}, {Paths: []string{Stdin}, Stdin: strings.NewReader(tt.content)}} {
				l := scan(t, cfg)
				ts := targets(t, l)
				if diff := cmp.Diff([]string{"ana", "ñandú@example.com"}, names(ts)); diff != "" {
					t.Errorf("usernames (-want +got):\n%s", diff)
				}
				if want := max(tt.firstLine, 2); ts[0].Line != want {
					t.Errorf("first line = %d, want %d", ts[0].Line, want)
				}
				f := l.Files[0]
				encoding, delimiter := tt.encoding, tt.delimiter
				if encoding == "" {
					encoding = UTF8
				}
				if delimiter == 0 {
					delimiter = ','
				}
				if f.Encoding != encoding || f.Delimiter != delimiter || f.Gzip != tt.zipped {
					t.Errorf("found %v, %q, gzip %v; want %v, %q, %v", f.Encoding, f.Delimiter, f.Gzip, encoding, delimiter, tt.zipped)
				}
			}
		})
	}
}

// TestLong reads a list that is longer than a row may be.
func TestLong(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("username,note\n")
	const rows = 60_000
	for i := range rows {
		fmt.Fprintf(&b, "user%06d@example.com,\"a note, quoted\"\n", i)
	}
	fmt.Fprintf(&b, "last,%s\n", strings.Repeat("x", maxRow-textBuffer-10))
	l := scan(t, Config{Paths: []string{file(t, "l.csv", b.String())}})
	ts := targets(t, l)
	if len(ts) != rows+1 || ts[rows].Username != "last" || ts[rows].Line != rows+2 {
		t.Errorf("%d targets, the last on line %d; want %d, %d", len(ts), ts[len(ts)-1].Line, rows+1, rows+2)
	}
}

func TestNoHeader(t *testing.T) {
	t.Parallel()
	a, b := file(t, "a.csv", "1,ana,x"), file(t, "b.csv", "2;ana;\n3;bob;y")
	l := scan(t, Config{Paths: []string{a, b}, NoHeader: true, Column: "2", MetadataColumns: []string{"3=case"}})
	want := []job.Target{
		{Username: "ana", Line: 1, Metadata: map[string]string{"case": "x"}},
		{Username: "bob", File: 1, Line: 2, Metadata: map[string]string{"case": "y"}},
	}
	if diff := cmp.Diff(want, targets(t, l)); diff != "" {
		t.Errorf("Targets (-want +got):\n%s", diff)
	}
	if l.Files[0].Column != "2" || l.Files[0].Blank+l.Files[1].Blank != 0 {
		t.Errorf("files = %+v, want column 2 and no blank rows", l.Files)
	}

	l = scan(t, Config{Paths: []string{file(t, "c.csv", "ana\na;b\n")}, NoHeader: true, Literal: true})
	if diff := cmp.Diff([]string{"ana", "a;b"}, names(targets(t, l))); diff != "" {
		t.Errorf("usernames (-want +got):\n%s", diff)
	}
}

// TestColumn says which column is chosen.
func TestColumn(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, header, column, want string }{
		{name: "the only one", header: "a,b,c,SUB", want: "SUB"},
		{name: "the first by rank, not by place", header: "email,sub,Username,user", want: "Username"},
		{name: "that of Cognito's import", header: "cognito:mfa_enabled,email,cognito:username,phone_number", want: "cognito:username"},
		{name: "outer spaces", header: "id, Phone_Number ,c,d", want: "Phone_Number"},
		{name: "two of a lower rank", header: "email,email,username,d", want: "username"},
		{name: "as people write it", header: "Full Name,E-mail Address,User Name,d", want: "User Name"},
		{name: "with underscores", header: "a,USER_NAME,c,email", want: "USER_NAME"},
		{name: "login", header: "a,b,E-Mail,Login", want: "Login"},
		{name: "address", header: "a,b,E-mail address,Phone Number", want: "E-mail address"},
		{name: "phone", header: "a,b,c,Phone", want: "Phone"},
		{name: "as asked for but for a hyphen", header: "username,e-mail,c,d", column: "Email", want: "e-mail"},
		{name: "as it is written before what is alike", header: "e-mail,email,c,d", column: "email", want: "email"},
		{name: "by name", header: "username,Login Name,c,d", column: " login name", want: "Login Name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := scan(t, Config{Paths: []string{file(t, "l.csv", tt.header+"\n0,1,2,3\n")}, Column: tt.column, Literal: true})
			if got := l.Files[0].Column; got != tt.want {
				t.Errorf("column = %q, want %q", got, tt.want)
			}
			header := strings.Split(tt.header, ",")
			for i, h := range header {
				if strings.TrimSpace(h) == tt.want && names(targets(t, l))[0] != fmt.Sprint(i) {
					t.Errorf("the username is %v, want %d", names(targets(t, l)), i)
				}
			}
		})
	}
}

// TestMetadataReplaces says that a value of the row's own counts instead of the
// job's for the same key.
func TestMetadataReplaces(t *testing.T) {
	t.Parallel()
	own := strings.Repeat("o", 2000)
	l := scan(t, Config{
		Paths: []string{file(t, "l.csv", "username,k\nana,"+own+"\n")}, MetadataColumns: []string{"k"},
		Metadata: map[string]string{"k": strings.Repeat("j", 1500)},
	})
	if got := targets(t, l)[0].Metadata["k"]; got != own {
		t.Errorf("metadata = %.20s…, want the row's own", got)
	}
}
