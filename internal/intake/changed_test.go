package intake

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestChanged says that a list which changes after Scan is noticed before
// anything that has changed is handed out.
func TestChanged(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("username\n")
	for i := range 40_000 { // more than two blocks
		fmt.Fprintf(&b, "user%06d@example.com\n", i)
	}
	text := b.String()
	replace := func(offset int) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if _, err := f.WriteAt([]byte("X"), int64(offset)); err != nil {
				t.Fatal(err)
			}
		}
	}
	tests := []struct {
		name    string
		content string
		change  func(*testing.T, string)
		atLeast int // targets from the blocks before
	}{
		{name: "in the first block", content: text, change: replace(2000)},
		{name: "in the second block", content: text, change: replace(300_000), atLeast: 11_000},
		{name: "in the last byte", content: text, change: replace(len(text) - 2), atLeast: 24_000},
		{name: "compressed", content: gzipOf(t, text), change: replace(500)},
		{name: "shorter", content: text, change: func(t *testing.T, path string) {
			if err := os.Truncate(path, int64(len(text)-21)); err != nil {
				t.Fatal(err)
			}
		}, atLeast: 24_000},
		{name: "shorter by whole blocks", content: text, change: func(t *testing.T, path string) {
			if err := os.Truncate(path, sourceBlock); err != nil {
				t.Fatal(err)
			}
		}, atLeast: 11_000},
		{name: "empty", content: text, change: func(t *testing.T, path string) {
			if err := os.Truncate(path, 0); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "longer", content: text, change: func(t *testing.T, path string) {
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if _, err := f.WriteString("new@example.com\n"); err != nil {
				t.Fatal(err)
			}
		}, atLeast: 24_000},
		{name: "longer by a block", content: text[:9] + strings.Repeat("x", 100) + "\n" + strings.Repeat("\n", sourceBlock-110), change: func(t *testing.T, path string) {
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if _, err := f.WriteString("new@example.com\n"); err != nil {
				t.Fatal(err)
			}
		}, atLeast: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := file(t, "list.csv", tt.content)
			l := scan(t, Config{Paths: []string{path}})
			before := targets(t, l)
			tt.change(t, path)

			n := 0
			var failed error
			for target, err := range l.Targets(t.Context()) {
				if failed != nil {
					t.Fatal("Targets goes on after its error")
				}
				if failed = err; err != nil {
					continue
				}
				if diff := cmp.Diff(before[n], target); diff != "" {
					t.Fatalf("target %d is not one that was checked (-want +got):\n%s", n, diff)
				}
				n++
			}
			want := "list.csv: the file changed after it was checked; run the command again with a file that nothing writes to"
			if diff := cmp.Diff(want, message(failed, path)); diff != "" || !errors.Is(failed, ErrChanged) {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if n < tt.atLeast {
				t.Errorf("%d targets before the error, want at least %d", n, tt.atLeast)
			}
		})
	}
}

// TestReplaced says that a file which is replaced as editors do stays the one
// that was checked.
func TestReplaced(t *testing.T) {
	t.Parallel()
	path := file(t, "list.csv", "username\nana\n")
	l := scan(t, Config{Paths: []string{path}})
	if err := os.Rename(file(t, "other.csv", "username\neve\n"), path); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"ana"}, names(targets(t, l))); diff != "" {
		t.Errorf("usernames (-want +got):\n%s", diff)
	}
}

// TestPipe reads what can be read once, as a shell's <(…) gives it.
func TestPipe(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	path := fmt.Sprintf("/dev/fd/%d", r.Fd())
	if _, err := os.Stat(path); err != nil {
		t.Skip("the system has no /dev/fd")
	}
	if _, err := w.WriteString("username\nana\n"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	l := scan(t, Config{Paths: []string{path}})
	for range 2 {
		if diff := cmp.Diff([]string{"ana"}, names(targets(t, l))); diff != "" {
			t.Errorf("usernames (-want +got):\n%s", diff)
		}
	}
}

func TestUnreadable(t *testing.T) {
	t.Parallel()
	if os.Getuid() == 0 {
		t.Skip("root may read every file; run this test as another user")
	}
	path := file(t, "list.csv", "username\nana\n")
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	_, err := Scan(t.Context(), Config{Paths: []string{path}})
	if want := "list.csv: cannot be read: permission denied; make the file readable for this user"; message(err, path) != want || !errors.Is(err, ErrRead) {
		t.Errorf("error = %v, want %s", err, want)
	}
}

// TestNothingLeft says that temporary files are gone while they are in use, so
// that a process which dies leaves none.
func TestNothingLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := scan(t, Config{Paths: []string{Stdin}, Stdin: strings.NewReader("username\nana\n"), TempDir: dir})
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left in the folder: %v, %v", left, err)
	}
	if f, ok := l.sources[0].file.(*tempFile); !ok {
		t.Errorf("standard input is read from a %T", l.sources[0].file)
	} else if info, err := f.Stat(); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, %v; want 0600", info.Mode(), err)
	}
	if diff := cmp.Diff([]string{"ana"}, names(targets(t, l))); diff != "" {
		t.Errorf("usernames (-want +got):\n%s", diff)
	}
}
