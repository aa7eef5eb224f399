package intake

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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
			want: "list.csv: names nobody: a header, and no row below it; check how the list was made",
		},
		{
			name: "no usable column", content: "id,name\n1,ana\n", kind: ErrHeader,
			want: `list.csv:1: the header has none of the columns username, cognito:username, user, login, email, sub, phone_number; it has "id", "name"; name the column of the usernames with --column, or use --no-header if the list has none`,
		},
		{
			name: "no header", content: "x,ana@example.com\n", kind: ErrHeader,
			want: "list.csv:1: the first row looks like a user, not like a header; use --no-header if the list has none, else name the column with --column",
		},
		{
			name: "many columns", content: strings.Repeat("c,", 24) + "d\n", kind: ErrHeader,
			want: `list.csv:1: the header has none of the columns username, cognito:username, user, login, email, sub, phone_number; it has ` + strings.Repeat(`"c", `, 19) + `"c" and 5 more; name the column of the usernames with --column, or use --no-header if the list has none`,
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
