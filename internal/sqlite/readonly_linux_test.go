package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// TestReadOnly opens files as a user who may not write them.
func TestReadOnly(t *testing.T) {
	for name, c := range map[string]struct {
		file, dir os.FileMode
		want      error
	}{
		"the file is read-only":   {0o444, 0o777, ErrReadOnly},
		"the file is unreadable":  {0, 0o777, ErrDenied},
		"the folder is read-only": {0o666, 0o555, ErrReadOnly}, // no room for -wal
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "relock")
			path := filepath.Join(dir, "x.db")
			db, err := Create(path, testSchema, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(insert(t, db, 1), db.Close()); err != nil {
				t.Fatal(err)
			}
			for up := dir; up != filepath.Dir(os.TempDir()) && up != "/"; up = filepath.Dir(up) {
				if info, err := os.Stat(up); err == nil && up != dir && info.Mode().Perm()&0o055 != 0o055 {
					if err := os.Chmod(up, 0o755); err != nil {
						t.Skip("the temporary folder cannot be opened to another user: ", err)
					}
				}
			}
			if err := errors.Join(os.Chmod(path, c.file), os.Chmod(dir, c.dir)); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
			errs := make(chan error)
			go func() {
				// To root, modes mean nothing; so this thread, which ends with the
				// goroutine, reads and writes files as nobody.
				if os.Geteuid() == 0 {
					runtime.LockOSThread()
					if _, err := unix.SetfsuidRetUid(65534); err != nil {
						errs <- err
						return
					}
				}
				db, err := Open(path, testSchema, Options{})
				if err == nil {
					err = errors.Join(errors.New("it opened"), db.Close())
				}
				errs <- err
			}()
			if err := <-errs; !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
	}
}
