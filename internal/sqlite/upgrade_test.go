package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// schemas are those of three versions of a program; each knows how to upgrade the
// files of all before it.
func schemas() (first, second, third Schema) {
	up := map[int]string{
		1: `ALTER TABLE t ADD COLUMN v TEXT NOT NULL DEFAULT 'old'; CREATE TABLE u (k INTEGER PRIMARY KEY) STRICT`,
		2: `INSERT INTO u (k) SELECT k FROM t WHERE v = 'old'`,
	}
	first = Schema{ApplicationID: testSchema.ApplicationID, Version: 1, SQL: `CREATE TABLE t (k INTEGER PRIMARY KEY) STRICT`}
	second = Schema{
		ApplicationID: testSchema.ApplicationID, Version: 2, Upgrades: map[int]string{1: up[1]},
		SQL: `CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT NOT NULL DEFAULT 'old') STRICT; CREATE TABLE u (k INTEGER PRIMARY KEY) STRICT`,
	}
	third = second
	third.Version, third.Upgrades = 3, up
	return first, second, third
}

// older makes a file of a version, with a row.
func older(t *testing.T, s Schema) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := Create(path, s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Write(t.Context(), func(tx *Tx) error {
		_, err := tx.Exec(`INSERT INTO t (k) VALUES (7)`)
		return err
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// look reads the version and the rows of u.
func look(t *testing.T, db *DB) (version, rows int64) {
	t.Helper()
	err := db.Read(t.Context(), func(c *Conn) (err error) {
		if version, _, err = c.Int(`PRAGMA user_version`); err != nil {
			return err
		}
		rows, _, err = c.Int(`SELECT count(*) FROM u WHERE k = 7`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return version, rows
}

func TestUpgrade(t *testing.T) {
	first, second, third := schemas()
	for name, from := range map[string]Schema{"one step": second, "two steps": first, "none": third} {
		t.Run(name, func(t *testing.T) {
			path := older(t, from)
			want := int64(1)
			if name == "none" {
				want = 0
			}
			for _, open := range []func(string, Schema, Options) (*DB, error){Open, Create} { // once, and no more
				db, err := open(path, third, Options{})
				if err != nil {
					t.Fatal(err)
				}
				if version, rows := look(t, db); version != 3 || rows != want {
					t.Errorf("version %d with %d rows, want 3 with %d", version, rows, want)
				}
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
			}
			if db, err := Open(path, from, Options{}); name != "none" && !errors.Is(err, ErrNewer) {
				t.Errorf("the older program opens it: %v", err)
			} else if err == nil {
				_ = db.Close()
			}
		})
	}
}

// TestUpgradeFails breaks the second step of two: the file stays as it was.
func TestUpgradeFails(t *testing.T) {
	first, _, third := schemas()
	path := older(t, first)
	third.Upgrades[2] = `INSERT INTO u (k) VALUES (1); SELECT nothing FROM nowhere`
	if _, err := Open(path, third, Options{}); err == nil || !strings.Contains(err.Error(), "upgrading the schema from 2 to 3") || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, want one that names step and file", err)
	}
	db, err := Open(path, first, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n := keys(t, db); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, _, whole := schemas()
	if db, err = Open(path, whole, Options{}); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if version, rows := look(t, db); version != 3 || rows != 1 {
		t.Errorf("after the failure: version %d with %d rows", version, rows)
	}
}

// TestUpgradeMissing opens a file of a version that the program cannot upgrade.
func TestUpgradeMissing(t *testing.T) {
	first, _, third := schemas()
	path := older(t, first)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	delete(third.Upgrades, 1)
	_, err = Open(path, third, Options{})
	if !errors.Is(err, ErrOlder) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), remedies[ErrOlder]) {
		t.Errorf("error %v, want ErrOlder with the file and a remedy", err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the file was changed, error %v", err)
	}
}

// TestUpgradeTogether upgrades a file from many sides at once, while the older
// program has it open: the steps run once, and that program goes on.
func TestUpgradeTogether(t *testing.T) {
	first, _, third := schemas()
	path := older(t, first)
	old, err := Open(path, first, Options{})
	if err != nil {
		t.Fatal(err)
	}
	dbs, errs := make(chan *DB, 6), make(chan error)
	for range cap(dbs) {
		go func() {
			db, err := Open(path, third, Options{BusyTimeout: time.Minute})
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
	for db := range dbs {
		if version, rows := look(t, db); version != 3 || rows != 1 {
			t.Errorf("version %d with %d rows, want 3 with 1", version, rows)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
	err = old.Write(t.Context(), func(tx *Tx) error {
		_, err := tx.Exec(`INSERT INTO t (k) VALUES (8)`)
		return err
	})
	if n := keys(t, old); err != nil || n != 2 {
		t.Errorf("the older program: %d rows, error %v", n, err)
	}
	if err := old.Close(); err != nil {
		t.Error(err)
	}
}
