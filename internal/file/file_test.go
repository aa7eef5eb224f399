package file_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"relock/internal/file"
)

// writers are the ways to write "new" to a path.
var writers = map[string]func(path string) error{
	"New": func(path string) error {
		f, err := file.New(path)
		return write(f, err)
	},
	"Append": func(path string) error {
		f, err := file.Append(path)
		return write(f, err)
	},
	"Replace": func(path string) error {
		r, err := file.Replace(path, 0o600)
		if err != nil {
			return err
		}
		_, err = r.WriteString("new")
		return errors.Join(err, r.Commit(), r.Close())
	},
	"Write": func(path string) error { return file.Write(path, []byte("new"), 0o600) },
}

func write(f *os.File, err error) error {
	if err != nil {
		return err
	}
	_, err = f.WriteString("new")
	return errors.Join(err, f.Close())
}

func TestNoLinkIsFollowed(t *testing.T) {
	t.Parallel()
	for name, write := range writers {
		for _, there := range []bool{true, false} {
			dir := t.TempDir()
			victim, path := filepath.Join(dir, "victim"), filepath.Join(dir, "out")
			if there {
				put(t, victim, "precious", 0o644)
			}
			if err := os.Symlink(victim, path); err != nil {
				t.Fatal(err)
			}
			want := file.ErrKind
			if name == "New" {
				want = fs.ErrExist
			}
			if err := write(path); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", name, err, want)
			}
			if got, err := os.ReadFile(victim); there && string(got) != "precious" || !there && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s wrote through the link: %q, %v", name, got, err)
			}
			if link, err := os.Readlink(path); link != victim {
				t.Errorf("%s changed the link: %q, %v", name, link, err)
			}
			if n := entries(t, dir); there && n != 2 || !there && n != 1 {
				t.Errorf("%s leaves %d files", name, n)
			}
		}
	}
}

// Another name of the old file, or a process that has it open, does not get what is written to
// a replacement.
func TestReplacementIsAnotherFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	victim, path := filepath.Join(dir, "victim"), filepath.Join(dir, "out")
	put(t, victim, "precious", 0o666)
	if err := os.Link(victim, path); err != nil {
		t.Fatal(err)
	}
	if err := file.Write(path, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := read(t, victim); got != "precious" {
		t.Errorf("the other name of the file has %q", got)
	}
	if got := read(t, path); got != "new" {
		t.Errorf("the file has %q", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v, want mode 0600", info.Mode(), err)
	}
}

// What was there stays until the new one is complete, and nothing else is left.
func TestReplacementNotCommitted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	put(t, path, "old", 0o600)
	r, err := file.Replace(path, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.WriteString("half"); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, path); got != "old" {
		t.Errorf("the file has %q", got)
	}
	if n := entries(t, dir); n != 1 {
		t.Errorf("%d files are left, want 1", n)
	}
}

func TestAppend(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	for range 2 {
		f, err := file.Append(path)
		if err := write(f, err); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(t, path); got != "newnew" {
		t.Errorf("the log has %q", got)
	}
}

func put(t *testing.T, path, text string, perm fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), perm); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func entries(t *testing.T, dir string) int {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}
