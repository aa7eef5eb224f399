package intake

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOdd holds lists that are refused for a cause that their reader would not
// guess from the complaint of a CSV reader.
func TestOdd(t *testing.T) {
	t.Parallel()
	const zero = "the username contains the control character U+0000; the list is damaged, or partly UTF-16: save it anew as UTF-8"
	tests := []struct {
		name, content string
		cfg           Config
		kind          error
		want          string
	}{
		{
			name: "two byte order marks", content: "\ufeff\ufeffusername\nana\n", kind: ErrHeader,
			want: `list.csv:1: the name of column 1, "\ufeffusername", contains a character that cannot be seen; write the header anew`,
		},
		{
			name: "zero width space in the name that is asked for", content: "id,lo\u200bgin\n1,ana\n", cfg: Config{Column: "LOGIN"}, kind: ErrHeader,
			want: `list.csv:1: the name of column 2, "lo\u200bgin", contains a character that cannot be seen; write the header anew`,
		},
		{
			name: "bars", content: "id|username\n1|ana\n", kind: ErrHeader,
			want: `list.csv:1: the header is one column, "id|username"; separate the columns with a comma, a semicolon or a tab`,
		},
		{
			name: "spaces", content: "username name\nana Ana\n", kind: ErrHeader,
			want: `list.csv:1: the header is one column, "username name"; separate the columns with a comma, a semicolon or a tab`,
		},
		{
			name: "column by number", content: "id,login\n1,ana\n", cfg: Config{Column: "2"}, kind: ErrHeader,
			want: `list.csv:1: the header has no column "2"; it has "id", "login"; give --column the name of the column; a number goes with --no-header`,
		},
		{
			name: "CR alone in part", content: "username\rana\nbob\n", kind: ErrHeader,
			want: "list.csv:1: the header contains a CR: some lines end with CR alone, others do not; end all of them with LF or CRLF",
		},
		{
			name: "a header after all", content: "id, UserName\n1,ana\n", cfg: Config{NoHeader: true, Column: "2"}, kind: ErrHeader,
			want: `list.csv:1: the first row has "UserName" where a user is to be: it is a header; leave --no-header out; if a user is called so, put a header above the list instead`,
		},
		{
			name: "a page to sign in", content: "\n<!DOCTYPE html>\n<title>Sign in</title>", kind: ErrFormat,
			want: "list.csv: is a web page or XML, not CSV; fetch or export the list again, as CSV",
		},
		{
			name: "a comma at the end of each row", content: "username\nana,\n", kind: ErrInvalid,
			want: `1 of 1 rows are not valid, the first: list.csv:2: the row is too long: it has 2 fields where the header has 1; remove the ',' at its end; no row is left; check --column and the list`,
		},
		{
			name: "UTF-16 behind UTF-8", content: "username\n" + utf16Text("ana", true) + "\n", kind: ErrInvalid,
			want: "1 of 1 rows are not valid, the first: list.csv:2: column username: " + zero + "; no row is left; check --column and the list",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := file(t, "list.csv", tt.content)
			tt.cfg.Paths = []string{path}
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

// TestBraces says that names with braces are no JSON.
func TestBraces(t *testing.T) {
	t.Parallel()
	l := scan(t, Config{Paths: []string{file(t, "l.csv", "{{a}}\n[b]\n<c>\n")}, NoHeader: true})
	if diff := cmp.Diff([]string{"{{a}}", "[b]", "<c>"}, names(targets(t, l))); diff != "" {
		t.Errorf("usernames (-want +got):\n%s", diff)
	}
}

// TestOddPaths holds names of lists that were not meant.
func TestOddPaths(t *testing.T) {
	t.Parallel()
	good := file(t, "good.csv", "username\nana\n")
	other := file(t, "other.csv", "username\n")
	dir := filepath.Dir(good)
	link := filepath.Join(t.TempDir(), "link.csv")
	if err := os.Symlink(good, link); err != nil {
		t.Skip(err)
	}
	red := filepath.Join(t.TempDir(), "\x1b[31mred.csv")
	tests := []struct {
		name  string
		paths []string
		kind  error
		want  string
	}{
		{name: "empty", paths: []string{good, ""}, kind: ErrConfig, want: "the name of a list is empty; name a CSV file, or - for standard input; a variable of the shell may be unset"},
		{name: "twice", paths: []string{good, other, good}, kind: ErrConfig, want: good + " and " + good + " are one file; name it once"},
		{name: "twice, by a link", paths: []string{good, link}, kind: ErrConfig, want: good + " and " + link + " are one file; name it once"},
		{name: "below a file", paths: []string{filepath.Join(good, "x")}, kind: ErrRead, want: filepath.Join(good, "x") + ": cannot be read: not a directory; check the path"},
		{name: "control character", paths: []string{red}, kind: ErrRead, want: `"` + filepath.Dir(red) + `/\x1b[31mred.csv": cannot be read: no such file or directory; check the path`},
		{name: "headers alone", paths: []string{other, file(t, "third.csv", "email\n")}, kind: ErrEmpty, want: "the lists name nobody; check how they were made"},
		{name: "folder", paths: []string{dir, good}, kind: ErrRead, want: dir + ": is a folder; name the CSV files in it"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Scan(t.Context(), Config{Paths: tt.paths})
			if diff := cmp.Diff(tt.want, message(err, "")); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if !errors.Is(err, tt.kind) {
				t.Errorf("%v is not of the kind %v", err, tt.kind)
			}
		})
	}
}
