package sqlitetest

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"relock/internal/sqlite"
)

// notPermitted opens files as a user who may not write them, or not read them.
func (k Kind) notPermitted(t *testing.T) {
	for name, c := range map[string]struct {
		file, dir os.FileMode
		want      error
	}{
		"the file is read-only":   {0o444, 0o777, sqlite.ErrReadOnly},
		"the file is unreadable":  {0, 0o777, sqlite.ErrDenied},
		"the folder is read-only": {0o666, 0o555, sqlite.ErrReadOnly}, // no room for -wal
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "relock")
			k.made(t, dir)
			openTo(t, dir)
			if err := errors.Join(os.Chmod(k.path(dir), c.file), os.Chmod(dir, c.dir)); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
			is(t, asNobody(func() error {
				h, err := k.Open(dir, busy)
				if err == nil {
					err = errors.Join(errors.New("it opened"), h.Close())
				}
				return err
			}), c.want, k.path(dir))
		})
	}
}

// openTo lets other users into the folders above dir.
func openTo(t *testing.T, dir string) {
	t.Helper()
	for up := filepath.Dir(dir); up != filepath.Dir(os.TempDir()) && up != "/"; up = filepath.Dir(up) {
		if info, err := os.Stat(up); err == nil && info.Mode().Perm()&0o055 != 0o055 {
			if err := os.Chmod(up, 0o755); err != nil {
				t.Skip("the temporary folder cannot be opened to another user: ", err)
			}
		}
	}
}

// asNobody calls f as a user to whom modes mean something: to root they mean
// nothing, so a thread, which ends with its goroutine, reads and writes as nobody.
func asNobody(f func() error) error {
	errs := make(chan error)
	go func() {
		if os.Geteuid() == 0 {
			runtime.LockOSThread()
			if _, err := unix.SetfsuidRetUid(65534); err != nil {
				errs <- err
				return
			}
		}
		errs <- f()
	}()
	return <-errs
}
