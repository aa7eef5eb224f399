package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var testSchema = Schema{
	ApplicationID: 0x524c6b54,
	Version:       3,
	SQL:           `CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT) STRICT`,
}

// create makes a database for a test.
func create(t *testing.T, path string, o Options) *DB {
	t.Helper()
	db, err := Create(path, testSchema, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func insert(t *testing.T, db *DB, k int) error {
	t.Helper()
	return db.Write(t.Context(), func(tx *Tx) error {
		_, err := tx.Exec(`INSERT INTO t (k, v) VALUES (?, 'x')`, k)
		return err
	})
}

// keys counts the rows.
func keys(t *testing.T, db *DB) (n int64) {
	t.Helper()
	err := db.Read(t.Context(), func(c *Conn) (err error) {
		n, _, err = c.Int(`SELECT count(*) FROM t`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestCreateIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b?c#d%20", "relock")
	path := filepath.Join(dir, "x.db")
	db := create(t, path, Options{})
	if err := insert(t, db, 1); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{dir: 0o700, path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, error %v, want %v", name, info.Mode(), err, want)
		}
	}
}

func TestOpenClosesToOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	create(t, path, Options{})
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	create(t, path, Options{})
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, error %v", info.Mode(), err)
	}
}

func TestOpenAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := Create(path, testSchema, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := insert(t, db, 1); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	for _, open := range []func(string, Schema, Options) (*DB, error){Open, Create} {
		db, err := open(path, testSchema, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if n := keys(t, db); n != 1 {
			t.Errorf("%d rows, want 1", n)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Write(t.Context(), func(*Tx) error { return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("writing after Close: %v", err)
	}
	if err := db.Read(t.Context(), func(*Conn) error { return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("reading after Close: %v", err)
	}
}

// TestCreateTogether opens a new file from many sides at once: one makes the
// schema, all get the same file.
func TestCreateTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "x.db")
	errs := make(chan error)
	dbs := make(chan *DB, 8)
	for range cap(dbs) {
		go func() {
			db, err := Create(path, testSchema, Options{})
			if err == nil {
				dbs <- db
			}
			errs <- err
		}()
	}
	for range cap(dbs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	close(dbs)
	k := 0
	for db := range dbs {
		k++
		if err := insert(t, db, k); err != nil {
			t.Error(err)
		}
		if n := keys(t, db); n != int64(k) {
			t.Errorf("%d rows, want %d", n, k)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestBadFiles opens what is not ours: a clear error that names the file, and
// the file stays as it was.
func TestBadFiles(t *testing.T) {
	// foreign makes a database with another application's marks.
	foreign := func(id int32, version int) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			db, err := Create(path, Schema{ApplicationID: id, Version: version, SQL: `CREATE TABLE t (x)`}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	write := func(content string) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	damaged := func(t *testing.T, path string) {
		db, err := Create(path, testSchema, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		copy(b[100:], strings.Repeat("\xff", 400)) // the first page after its header
		write(string(b))(t, path)
	}
	// half is what a kill leaves between the switch to WAL and the schema.
	half := func(t *testing.T, path string) {
		write("")(t, path)
		conn, err := connect(path, "rw")
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(conn.script("PRAGMA journal_mode=WAL"), conn.close()); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Fatalf("%v, %v: want a file with a header", info, err)
		}
	}
	for name, c := range map[string]struct {
		make         func(t *testing.T, path string)
		open, create error
	}{
		"missing":               {func(*testing.T, string) {}, ErrNoFile, nil},
		"empty":                 {write(""), ErrEmpty, nil},
		"made in part":          {half, ErrEmpty, nil},
		"text":                  {write("username\nana\n" + strings.Repeat("x", 200)), ErrNotOurs, ErrNotOurs},
		"short text":            {write("username\n"), ErrNotOurs, ErrNotOurs},
		"a folder":              {func(t *testing.T, path string) { _ = os.Mkdir(path, 0o700) }, ErrNotOurs, ErrNotOurs},
		"another application's": {foreign(7, 1), ErrNotOurs, ErrNotOurs},
		"an unmarked database":  {foreign(0, 0), ErrNotOurs, ErrNotOurs},
		"of a newer version":    {foreign(testSchema.ApplicationID, 4), ErrNewer, ErrNewer},
		"of no version":         {foreign(testSchema.ApplicationID, 0), ErrNotOurs, ErrNotOurs},
		"damaged":               {damaged, ErrCorrupt, ErrCorrupt},
		"a link to nowhere":     {func(t *testing.T, path string) { _ = os.Symlink("nowhere", path) }, ErrLink, ErrLink},
		"a link to a file": {func(t *testing.T, path string) {
			write("")(t, path+".victim")
			_ = os.Symlink(path+".victim", path)
		}, ErrLink, ErrLink},
	} {
		for _, way := range []struct {
			name string
			open func(string, Schema, Options) (*DB, error)
			want error
		}{{"open", Open, c.open}, {"create", Create, c.create}} {
			t.Run(name+"/"+way.name, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "x.db")
				c.make(t, path)
				before, _ := os.ReadFile(path)
				db, err := way.open(path, testSchema, Options{})
				if err == nil {
					err = errors.Join(insert(t, db, 1), db.Close())
				}
				if !errors.Is(err, way.want) {
					t.Fatalf("error %v, want %v", err, way.want)
				}
				if err == nil {
					return
				}
				if !strings.Contains(err.Error(), path) || remedies[way.want] == "" || !strings.Contains(err.Error(), remedies[way.want]) {
					t.Errorf("the error names no file or no remedy: %v", err)
				}
				if after, _ := os.ReadFile(path); string(after) != string(before) {
					t.Error("the file was changed")
				}
			})
		}
	}
}

// Links that lie in wait for the files beside the database are not followed.
func TestLinksBesideTheFile(t *testing.T) {
	for _, suffix := range []string{"-wal", "-shm", "-journal"} {
		dir := t.TempDir()
		path, victim := filepath.Join(dir, "x.db"), filepath.Join(dir, "victim")
		if err := os.Symlink(victim, path+suffix); err != nil {
			t.Fatal(err)
		}
		db, err := Create(path, testSchema, Options{})
		if err == nil {
			err = errors.Join(insert(t, db, 1), db.Close())
		}
		if _, there := os.Lstat(victim); there == nil {
			t.Errorf("%s: what the link leads to was made (%v)", suffix, err)
		}
	}
}

func TestOpenLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	db := create(t, path, Options{})
	other := create(t, path, Options{BusyTimeout: 20 * time.Millisecond})
	locked, release := make(chan struct{}), make(chan struct{})
	done := make(chan error)
	go func() {
		done <- db.Write(t.Context(), func(*Tx) error {
			close(locked)
			<-release
			return nil
		})
	}()
	<-locked
	if err := insert(t, other, 1); !errors.Is(err, ErrLocked) {
		t.Errorf("writing: %v, want ErrLocked", err)
	}
	// To open it and to read it takes no lock.
	third := create(t, path, Options{BusyTimeout: 20 * time.Millisecond})
	if n := keys(t, third); n != 0 {
		t.Errorf("%d rows, want none", n)
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := insert(t, other, 1); err != nil {
		t.Errorf("after the lock: %v", err)
	}
}
