// Package sqlitetest shows what becomes of a database file that is not as it
// should be, to a ledger and to a queue alike: each fault has a clear error, which
// names the file and what to do, nothing is confirmed that is not there, and when
// the fault is mended the work goes on.
package sqlitetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relock/internal/sqlite"
)

// Handle is an open ledger or queue.
type Handle interface {
	LimitPages(ctx context.Context, n int64) error
	Close() error
}

// Kind is a kind of database file, with those who use it.
type Kind struct {
	// File is the file's name in its folder.
	File string
	// ApplicationID and Version are those of its schema.
	ApplicationID int32
	Version       int
	// Open opens what is in a folder, and Create makes it where there is none; busy
	// is how long either waits for a lock.
	Open, Create func(dir string, busy time.Duration) (Handle, error)
	// Write adds something of about a kilobyte that is new each time.
	Write func(ctx context.Context, h Handle) error
}

// busy is how long a lock is waited for where it is there to stay, and patient
// where it is to go.
const (
	busy    = 20 * time.Millisecond
	patient = 10 * time.Second
)

// Run runs the suite.
func (k Kind) Run(t *testing.T) {
	t.Run("opening", k.opening)
	t.Run("opening, locked", k.openingLocked)
	t.Run("opening, not permitted", k.notPermitted)
	t.Run("locked in the middle", k.locked)
	t.Run("a full disk in the middle", k.full)
	t.Run("removed in the middle", k.removed)
}

// is fails the test unless err is of a kind, names the file, and says what to do.
func is(t *testing.T, err, kind error, path string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("error %v, want one that %v", err, kind)
		return
	}
	for _, want := range []string{path, kind.Error(), sqlite.Remedy(kind)} {
		if want == "" || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
}

func (k Kind) path(dir string) string { return filepath.Join(dir, k.File) }

// create makes what the test is about.
func (k Kind) create(t *testing.T, dir string, busy time.Duration) Handle {
	t.Helper()
	h, err := k.Create(dir, busy)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// made makes one, with something in it, and closes it.
func (k Kind) made(t *testing.T, dir string) {
	t.Helper()
	h, err := k.Create(dir, patient)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(k.Write(t.Context(), h), h.Close()); err != nil {
		t.Fatal(err)
	}
}

// schema is what another program, or another version, keeps under the same name.
func (k Kind) schema(id int32, version int) sqlite.Schema {
	return sqlite.Schema{ApplicationID: id, Version: version, SQL: `CREATE TABLE t (x)`}
}

// opening opens files that are not ours: they stay as they were.
func (k Kind) opening(t *testing.T) {
	write := func(content string) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	foreign := func(id int32, version int) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			db, err := sqlite.Create(path, k.schema(id, version), sqlite.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		make func(t *testing.T, path string)
		want error
	}{
		"a list of usernames":   {write("username\n" + strings.Repeat("ana@example.com\n", 300)), sqlite.ErrNotOurs},
		"another application's": {foreign(k.ApplicationID^1, 1), sqlite.ErrNotOurs},
		"of a newer version":    {foreign(k.ApplicationID, k.Version+1), sqlite.ErrNewer},
		"a folder":              {func(t *testing.T, path string) { _ = os.Mkdir(path, 0o700) }, sqlite.ErrNotOurs},
		"damaged": {func(t *testing.T, path string) {
			k.made(t, filepath.Dir(path))
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			copy(b[100:], strings.Repeat("\xff", 2000))
			write(string(b))(t, path)
		}, sqlite.ErrCorrupt},
	} {
		for way, open := range map[string]func(string, time.Duration) (Handle, error){"open": k.Open, "create": k.Create} {
			t.Run(name+"/"+way, func(t *testing.T) {
				dir := t.TempDir()
				path := k.path(dir)
				c.make(t, path)
				before, _ := os.ReadFile(path)
				h, err := open(dir, busy)
				if err == nil {
					_ = h.Close()
				}
				is(t, err, c.want, path)
				if after, _ := os.ReadFile(path); string(after) != string(before) {
					t.Error("the file was changed")
				}
			})
		}
	}
}

// hold takes the lock for writing, as another process does, until it is told to
// let go.
func (k Kind) hold(t *testing.T, dir string) (letGo func()) {
	t.Helper()
	db, err := sqlite.Open(k.path(dir), k.schema(k.ApplicationID, k.Version), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	held, release, done := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		done <- db.Write(context.WithoutCancel(t.Context()), func(*sqlite.Tx) error {
			close(held)
			<-release
			return nil
		})
	}()
	<-held
	return func() {
		close(release)
		if err := errors.Join(<-done, db.Close()); err != nil {
			t.Error(err)
		}
	}
}

func (k Kind) openingLocked(t *testing.T) {
	dir := t.TempDir()
	k.made(t, dir)
	letGo := k.hold(t, dir)
	h, err := k.Open(dir, busy)
	if err != nil {
		t.Fatalf("opening takes no lock: %v", err)
	}
	is(t, k.Write(t.Context(), h), sqlite.ErrLocked, k.path(dir))
	letGo()
	if err := errors.Join(k.Write(t.Context(), h), h.Close()); err != nil {
		t.Errorf("after the lock: %v", err)
	}
}

func (k Kind) locked(t *testing.T) {
	dir := t.TempDir()
	impatient, waits := k.create(t, dir, busy), k.create(t, dir, patient)
	letGo := k.hold(t, dir)
	is(t, k.Write(t.Context(), impatient), sqlite.ErrLocked, k.path(dir))
	waited := make(chan error)
	go func() { waited <- k.Write(t.Context(), waits) }()
	letGo()
	if err := <-waited; err != nil {
		t.Errorf("waiting for the lock: %v", err)
	}
	if err := k.Write(t.Context(), impatient); err != nil {
		t.Errorf("after the lock: %v", err)
	}
}

// full fills the disk: what does not fit is refused, and it goes on with room.
func (k Kind) full(t *testing.T) {
	dir := t.TempDir()
	h := k.create(t, dir, patient)
	if err := k.Write(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if err := h.LimitPages(t.Context(), 1); err != nil { // as small as it can be: as it is
		t.Fatal(err)
	}
	var err error
	for n := 0; err == nil && n < 10_000; n++ {
		err = k.Write(t.Context(), h)
	}
	is(t, err, sqlite.ErrFull, k.path(dir))
	if err := h.LimitPages(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if err := k.Write(t.Context(), h); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// removed takes away the file, one beside it, or the folder: what nobody would
// find is not confirmed.
func (k Kind) removed(t *testing.T) {
	for _, name := range []string{k.File, k.File + "-wal", ""} {
		t.Run("file "+name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "relock")
			h := k.create(t, dir, patient)
			if err := k.Write(t.Context(), h); err != nil {
				t.Fatal(err)
			}
			victim := filepath.Join(dir, name)
			if err := os.Rename(victim, dir+"-away"); err != nil {
				t.Fatal(err)
			}
			gone := k.path(dir)
			if name != "" {
				gone = victim
			}
			is(t, k.Write(t.Context(), h), sqlite.ErrGone, gone)
			if name != "" { // another file in its place is not it
				if err := os.WriteFile(victim, nil, 0o600); err != nil {
					t.Fatal(err)
				}
				is(t, k.Write(t.Context(), h), sqlite.ErrGone, gone)
			}
			if err := os.Rename(dir+"-away", victim); err != nil {
				t.Fatal(err)
			}
			if err := k.Write(t.Context(), h); err != nil {
				t.Errorf("with it back: %v", err)
			}
		})
	}
}
