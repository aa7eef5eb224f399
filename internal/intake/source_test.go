package intake

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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

		{name: "no list", kind: ErrConfig, want: "no list is named; name a CSV file, or - for standard input"},
		{name: "input twice", cfg: Config{Paths: []string{Stdin, Stdin}, Stdin: strings.NewReader("")}, kind: ErrConfig, want: "standard input (-) is named more than once; name it once"},
		{name: "no input", cfg: Config{Paths: []string{Stdin}}, kind: ErrConfig, want: "there is no standard input to read; name a file"},
		{name: "column by name without a header", cfg: Config{Paths: []string{good}, NoHeader: true, Column: "user"}, kind: ErrConfig, want: `without a header the column is a number from 1, not "user"; use --column NUMBER, or leave --no-header out`},
		{name: "metadata column by name without a header", cfg: Config{Paths: []string{good}, NoHeader: true, MetadataColumns: []string{"2"}}, kind: ErrConfig, want: `without a header a metadata column is NUMBER=KEY, not "2"; use --metadata-column NUMBER=KEY, or leave --no-header out`},
		{name: "metadata column without a name", cfg: Config{Paths: []string{good}, MetadataColumns: []string{"=k"}}, kind: ErrConfig, want: `--metadata-column "=k" has no name; use --metadata-column NAME or NAME=KEY`},
		{name: "one key for two metadata columns", cfg: Config{Paths: []string{good}, MetadataColumns: []string{"a", "b=a"}}, kind: ErrConfig, want: `two of --metadata-column have the key "a"; give each a key of its own with NAME=KEY`},
		{name: "metadata key that cannot be sent", cfg: Config{Paths: []string{good}, MetadataColumns: []string{"a=\x01"}}, kind: ErrConfig, want: `--metadata-column: the key "\x01" contains U+0001, which SQS does not permit; choose another key`},
		{name: "metadata without a key", cfg: Config{Paths: []string{good}, Metadata: map[string]string{"": "x"}}, kind: ErrConfig, want: "--metadata has an empty key; use --metadata KEY=VALUE"},
		{name: "metadata that cannot be sent", cfg: Config{Paths: []string{good}, Metadata: map[string]string{"a": "\xff"}}, kind: ErrConfig, want: `--metadata: the pair of the key "a" is not valid UTF-8; remove it`},
		{name: "metadata too long", cfg: Config{Paths: []string{good}, Metadata: map[string]string{"a": strings.Repeat("x", 2048)}}, kind: ErrConfig, want: "--metadata has 2049 bytes, keys and values together; keep to 2048 bytes"},
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

func (failing) Read([]byte) (int, error) { return 0, errors.New("broken pipe") }

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
