package intake

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// message is an error's text without the folder of the list.
func message(err error, path string) string {
	if err == nil {
		return ""
	}
	if path == "" {
		return err.Error()
	}
	return strings.ReplaceAll(err.Error(), path, filepath.Base(path))
}

// gzipOf compresses text.
func gzipOf(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// storedGzip wraps text without compressing it, so that it can be cut anywhere.
func storedGzip(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.NoCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestStructure holds what stops a run even with SkipInvalid.
func TestStructure(t *testing.T) {
	t.Parallel()
	zipped := gzipOf(t, "username\nana\nbob\n")
	damaged := []byte(zipped)
	damaged[len(damaged)-6] ^= 1
	stored := storedGzip(t, "username,name\n"+strings.Repeat("ana@example.com,1\n", 5000)+"bob,Do\"e\n")
	corrupt := []byte(zipped)
	corrupt[10] |= 6 // a type of block that does not exist
	long := "username\n" + strings.Repeat("ana@example.com\n", 10) + "\"bob\n" + strings.Repeat("carl@example.com\n", 200_000)
	tests := []struct {
		name, content string
		cfg           Config
		kind          error
		want          string
	}{
		{
			name: "nothing", content: "", kind: ErrEmpty,
			want: "list.csv: is empty; check how the list was made",
		},
		{
			name: "blank lines only", content: "\ufeff\n \r\n\n", kind: ErrEmpty,
			want: "list.csv: is empty; check how the list was made",
		},
		{
			name: "sep line only", content: "sep=;\n", kind: ErrEmpty,
			want: "list.csv: is empty; check how the list was made",
		},
		{
			name: "header only", content: "username\n\n", kind: ErrEmpty,
			want: "the list names nobody; check how it was made",
		},
		{
			name: "no usable column", content: "id,name\n1,ana\n", kind: ErrHeader,
			want: `list.csv:1: the header has none of the columns username, cognito:username, user, email, sub, phone_number; it has "id", "name"; name the column of the usernames with --column, or use --no-header if the list has none`,
		},
		{
			name: "no header", content: "x,ana@example.com\n", kind: ErrHeader,
			want: "list.csv:1: the first row looks like a user, not like a header; use --no-header if the list has none, else name the column with --column",
		},
		{
			name: "many columns", content: strings.Repeat("c,", 24) + "d\n", kind: ErrHeader,
			want: `list.csv:1: the header has none of the columns username, cognito:username, user, email, sub, phone_number; it has ` + strings.Repeat(`"c", `, 19) + `"c" and 5 more; name the column of the usernames with --column, or use --no-header if the list has none`,
		},
		{
			name: "column not there", content: "\nid;username\n1;ana\n", cfg: Config{Column: "login"}, kind: ErrHeader,
			want: `list.csv:2: the header has no column "login"; it has "id", "username"; check --column`,
		},
		{
			name: "two columns of the name", content: "email,Email \na,b\n", kind: ErrHeader,
			want: `list.csv:1: the header has two columns "email"; rename one of them`,
		},
		{
			name: "metadata column not there", content: "username\na\n", cfg: Config{MetadataColumns: []string{"case"}}, kind: ErrHeader,
			want: `list.csv:1: the header has no column "case" for the metadata; it has "username"; check --metadata-column`,
		},
		{
			name: "column number too high", content: "ana,1\n", cfg: Config{NoHeader: true, Column: "3"}, kind: ErrHeader,
			want: "list.csv:1: the first row has no column 3; it has 2 columns; check --column and the delimiter",
		},
		{
			name: "metadata column number too high", content: "ana\n", cfg: Config{NoHeader: true, MetadataColumns: []string{"2=case"}}, kind: ErrHeader,
			want: "list.csv:1: the first row has no column 2; it has 1 column; check --metadata-column and the delimiter",
		},
		{
			name: "header not UTF-8", content: "username,\xfcber\nana,1\n", kind: ErrHeader,
			want: "list.csv:1: the header is not valid UTF-8; save the list as UTF-8",
		},
		{
			name: "header with a control character", content: "username,a\x00b\nana,1\n", kind: ErrHeader,
			want: "list.csv:1: the header contains a control character; save the list as plain CSV in UTF-8",
		},
		{
			name: "stray quote", content: "username,name\nana,1\nbob,Do\"e\n", kind: ErrFormat,
			want: `list.csv:3:7: a stray quote (") in a field that does not begin with one; quote the field and double the quote: "a""b"`,
		},
		{
			name: "stray quote after sep line and quoted newlines", content: "sep=,\nusername,name\nana,\"1\r\n2\n3\"\nbob,Do\"e\n", kind: ErrFormat,
			want: `list.csv:6:7: a stray quote (") in a field that does not begin with one; quote the field and double the quote: "a""b"`,
		},
		{
			name: "text after the closing quote", content: "username,name\nana,\"Do\"e\n", kind: ErrFormat,
			want: `list.csv:2:8: a quoted field is never closed, or goes on after its closing quote; close it, and double a quote (") within it: "a""b"`,
		},
		{
			name: "quote open at the end of the last line", content: "username,name\nana,\"Doe", kind: ErrFormat,
			want: `list.csv:2:9: a quoted field is never closed, or goes on after its closing quote; close it, and double a quote (") within it: "a""b"`,
		},
		{
			name: "quote open over lines", content: "username,name\nana,\"Doe\nbob,1\ncarl,2\n", kind: ErrFormat,
			want: `list.csv:2: a quoted field in the row that begins here is not closed by line 4, column 8; close it, and double a quote (") within it: "a""b"`,
		},
		{
			name: "quote open until the next quote", content: "username,name\nana,\"Doe\nbob,\"Roe\"\n", kind: ErrFormat,
			want: `list.csv:2: a quoted field in the row that begins here is not closed by line 3, column 5; close it, and double a quote (") within it: "a""b"`,
		},
		{
			name: "quote open in a long list", content: long, kind: ErrFormat,
			want: `list.csv:12: no row ends within 1 MiB; look for a quote (") in or after this line that is never closed`,
		},
		{
			name: "CR alone", content: "username\rana\rbob\r", kind: ErrFormat,
			want: `list.csv: ends its lines with CR alone, as old Macintosh programs do; convert it: tr '\r' '\n' <FILE | enqueue -`,
		},
		{
			name: "UTF-16 cut in half", content: utf16Text("\ufeffusername\nana\n", false)[:25], kind: ErrFormat,
			want: "list.csv:2: is not valid UTF-16: the last character is cut in half; save the list as UTF-8",
		},
		{
			name: "UTF-16 ends within a pair", content: utf16Text("username\nana😀", true)[:26], kind: ErrFormat,
			want: "list.csv:2: is not valid UTF-16: the second half of a surrogate pair is missing at the end; save the list as UTF-8",
		},
		{
			name: "UTF-16 with half a pair", content: utf16Text("username\nana\nb", false) + "\x00\xd8" + utf16Text("b\n", false), kind: ErrFormat,
			want: "list.csv:3: is not valid UTF-16: half a surrogate pair (D800) stands alone; save the list as UTF-8",
		},
		{
			name: "UTF-32", content: "\xff\xfe\x00\x00u\x00\x00\x00", kind: ErrFormat,
			want: "list.csv: is UTF-32; save the list as UTF-8",
		},
		{
			name: "gzip cut off", content: zipped[:len(zipped)-9], kind: ErrFormat,
			want: "list.csv: the gzip data ends too early; the rest of the list is missing; fetch or compress the file again",
		},
		{
			name: "gzip cut off in its header", content: zipped[:5], kind: ErrFormat,
			want: "list.csv: the gzip data ends too early; the rest of the list is missing; fetch or compress the file again",
		},
		{
			name: "gzip cut off in a row with a stray quote", content: stored[:strings.Index(stored, "Do\"e")+4], kind: ErrFormat,
			want: "list.csv: the gzip data ends too early; the rest of the list is missing; fetch or compress the file again",
		},
		{
			name: "gzip damaged", content: string(damaged), kind: ErrFormat,
			want: "list.csv: the gzip data is damaged; fetch or compress the file again",
		},
		{
			name: "gzip corrupt", content: string(corrupt), kind: ErrFormat,
			want: "list.csv: the gzip data is damaged; fetch or compress the file again",
		},
		{
			name: "gzip with a tail", content: zipped + "username\nana\n", kind: ErrFormat,
			want: "list.csv: the gzip data is damaged, or something else follows it; fetch or compress the file again",
		},
		{
			name: "gzip twice", content: gzipOf(t, zipped), kind: ErrFormat,
			want: "list.csv: is compressed twice; decompress it once (gzip -d)",
		},
		{
			name: "spreadsheet", content: "PK\x03\x04\x14\x00\x06\x00", kind: ErrFormat,
			want: `list.csv: is a ZIP archive or a spreadsheet (.xlsx), not CSV; save the sheet as "CSV UTF-8", or unpack the archive`,
		},
		{
			name: "no row left", content: "username\na b\n", cfg: Config{SkipInvalid: true}, kind: ErrInvalid,
			want: "1 of 1 rows are not valid, the first: list.csv:2: column username: the username contains a space (U+0020), which Cognito does not permit; no row is left; check --column and the list",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := file(t, "list.csv", tt.content)
			tt.cfg.Paths = []string{path}
			tt.cfg.SkipInvalid = true
			_, err := Scan(t.Context(), tt.cfg)
			if diff := cmp.Diff(tt.want, message(err, path)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if !errors.Is(err, tt.kind) {
				t.Errorf("%v is not of the kind %v", err, tt.kind)
			}
		})
	}
}

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
		{name: "another number than the first row", content: "ana,1\nbob\n", cfg: Config{NoHeader: true}, kind: ProblemFields, want: "list.csv:2: the row is too short: it has 1 field where the first row has 2"},
		{name: "not UTF-8", content: "username\nana\nb\xfcb\n", kind: ProblemEncoding, want: "list.csv:3: column username: is not valid UTF-8; save the list as UTF-8"},
		{name: "another column not UTF-8", content: "username, name\nana,\nbob,B\xfcb\n", kind: ProblemEncoding, want: "list.csv:3: column name: is not valid UTF-8; save the list as UTF-8"},
		{name: "column not UTF-8 without a header", content: "ana,\nbob,B\xfcb\n", cfg: Config{NoHeader: true}, kind: ProblemEncoding, want: "list.csv:2: column 2: is not valid UTF-8; save the list as UTF-8"},
		{name: "empty", content: "username,name\nana,1\n,2\n", kind: ProblemEmpty, want: "list.csv:3: column username: the username is empty"},
		{name: "space before", content: "username\nana\n bob\n", kind: ProblemSpace, want: "list.csv:3: column username: the username begins or ends with white space; remove it, names are taken as written"},
		{name: "space after, quoted", content: "username\nana\n\"bob\t\"\n", kind: ProblemSpace, want: "list.csv:3: column username: the username begins or ends with white space; remove it, names are taken as written"},
		{name: "quote after a space", content: "username,name\nana,1\nbob,1\nc d,1\n", kind: ProblemSpace, want: "list.csv:4: column username: the username contains a space (U+0020), which Cognito does not permit"},
		{name: "no-break space", content: "username\nana\nb\u00a0b\n", kind: ProblemSpace, want: "list.csv:3: column username: the username contains a space (U+00A0), which Cognito does not permit"},
		{name: "zero", content: "username\nana\nb\x00b\n", kind: ProblemControl, want: "list.csv:3: column username: the username contains the control character U+0000; remove it"},
		{name: "CR", content: "username\nana\nb\rb\n", kind: ProblemControl, want: "list.csv:3: column username: the username contains the control character U+000D; remove it"},
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
			want: "list.csv:3: column case: the metadata of the user has 2049 bytes, keys and values together; 2048 are permitted",
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

// TestPermitted holds usernames that look odd and are Cognito's to judge.
func TestPermitted(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"ana", "Google_123", "a,b", `a"b`, "a;b", "=cmd", "+4912345678", "-", "é", "e\u0301", "名前", "😀", "²", "\ufffd", strings.Repeat("é", 128),
	} {
		l := scan(t, Config{Paths: []string{file(t, "l.csv", "username\n\""+strings.ReplaceAll(name, `"`, `""`)+"\"\n")}})
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

func TestFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	missing := filepath.Join(dir, "missing.csv")
	folder := filepath.Join(dir, "folder")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	good := file(t, "good.csv", "username\nana\n")
	tests := []struct {
		name string
		cfg  Config
		path string
		kind error
		want string
	}{
		{name: "missing", cfg: Config{Paths: []string{good, missing}}, path: missing, kind: ErrRead, want: "missing.csv: cannot be read: no such file or directory; check the path"},
		{name: "folder", cfg: Config{Paths: []string{folder}}, path: folder, kind: ErrRead, want: "folder: is a folder; name the CSV files in it"},
		{name: "input fails", cfg: Config{Paths: []string{Stdin}, Stdin: io.MultiReader(strings.NewReader("username\n"), failing{})}, kind: ErrRead, want: "standard input: cannot be read: broken pipe"},
		{name: "no temporary file", cfg: Config{Paths: []string{Stdin}, Stdin: strings.NewReader("username\n"), TempDir: missing}, path: missing, kind: ErrTemp, want: "a temporary file in missing.csv cannot be used: no such file or directory; free space there, or set TMPDIR to a folder with about as much space as the list has"},
		{name: "rejects fail", cfg: Config{Paths: []string{file(t, "b.csv", "username\nana\n\"\x00\"\n")}, SkipInvalid: true, Rejects: failing{}}, kind: ErrTemp, want: "the list of rejected rows or duplicates cannot be written: broken pipe; free space, or name another file"},
		{name: "duplicates fail", cfg: Config{Paths: []string{good, good}, DuplicatesOut: failing{}}, kind: ErrTemp, want: "the list of rejected rows or duplicates cannot be written: broken pipe; free space, or name another file"},

		{name: "no list", kind: ErrConfig, want: "no list is named; name a CSV file, or - for standard input"},
		{name: "input twice", cfg: Config{Paths: []string{Stdin, Stdin}}, kind: ErrConfig, want: "standard input (-) is named more than once; name it once"},
		{name: "no input", cfg: Config{Paths: []string{Stdin}}, kind: ErrConfig, want: "there is no standard input to read; name a file"},
		{name: "column by name without a header", cfg: Config{Paths: []string{good}, NoHeader: true, Column: "user"}, kind: ErrConfig, want: `without a header the column is a number from 1, not "user"; use --column NUMBER, or leave --no-header out`},
		{name: "metadata column by name without a header", cfg: Config{Paths: []string{good}, NoHeader: true, MetadataColumns: []string{"2"}}, kind: ErrConfig, want: `without a header a metadata column is NUMBER=KEY, not "2"; use --metadata-column NUMBER=KEY, or leave --no-header out`},
		{name: "metadata column without a name", cfg: Config{Paths: []string{good}, MetadataColumns: []string{"=k"}}, kind: ErrConfig, want: `the metadata column "=k" has no name; use --metadata-column NAME or NAME=KEY`},
		{name: "one key for two metadata columns", cfg: Config{Paths: []string{good}, MetadataColumns: []string{"a", "b=a"}}, kind: ErrConfig, want: `two metadata columns have the key "a"; give each a key of its own with NAME=KEY`},
		{name: "metadata key that cannot be sent", cfg: Config{Paths: []string{good}, MetadataColumns: []string{"a=\x01"}}, kind: ErrConfig, want: `the metadata key "\x01" contains U+0001, which SQS does not permit; choose another key`},
		{name: "metadata without a key", cfg: Config{Paths: []string{good}, Metadata: map[string]string{"": "x"}}, kind: ErrConfig, want: "the metadata has an empty key; use --metadata KEY=VALUE"},
		{name: "metadata that cannot be sent", cfg: Config{Paths: []string{good}, Metadata: map[string]string{"a": "\xff"}}, kind: ErrConfig, want: `the metadata for "a" is not valid UTF-8; remove it`},
		{name: "metadata too long", cfg: Config{Paths: []string{good}, Metadata: map[string]string{"a": strings.Repeat("x", 2048)}}, kind: ErrConfig, want: "the metadata has 2049 bytes, keys and values together; keep to 2048 bytes"},
		{name: "delimiter", cfg: Config{Paths: []string{good}, Delimiter: '"'}, kind: ErrConfig, want: `'"' cannot separate fields; use a comma, a semicolon or a tab`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Scan(t.Context(), tt.cfg)
			if diff := cmp.Diff(tt.want, message(err, tt.path)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if !errors.Is(err, tt.kind) {
				t.Errorf("%v is not of the kind %v", err, tt.kind)
			}
		})
	}
}

// failing neither reads nor writes.
type failing struct{}

func (failing) Read([]byte) (int, error)  { return 0, errors.New("broken pipe") }
func (failing) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestCancelled(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"username\nana\n", gzipOf(t, "username\nana\n"), utf16Text("username\nana\n", true)} {
		path := file(t, "list", content)
		l := scan(t, Config{Paths: []string{path}})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := Scan(ctx, Config{Paths: []string{path}}); err != context.Canceled {
			t.Errorf("Scan: error = %v, want %v itself", err, context.Canceled)
		}
		n := 0
		for target, err := range l.Targets(ctx) {
			n++
			if err != context.Canceled {
				t.Errorf("Targets: %+v, %v; want the error %v itself", target, err, context.Canceled)
			}
		}
		if n != 1 {
			t.Errorf("Targets goes on after its error: %d times", n)
		}
	}
}
