package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	modernc "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// hold keeps the writer busy with a transaction until release is called.
func hold(t *testing.T, db *DB) (release func()) {
	t.Helper()
	begun, end, done := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		done <- db.Write(t.Context(), func(*Tx) error {
			close(begun)
			<-end
			return nil
		})
	}()
	<-begun
	return func() {
		t.Helper()
		close(end)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

// together runs operations in one transaction, in the order given: they queue
// up while the writer is busy.
func together(t *testing.T, db *DB, ops ...func() error) []error {
	t.Helper()
	release := hold(t, db)
	errs := make([]error, len(ops))
	var wg sync.WaitGroup
	for i, op := range ops {
		wg.Go(func() { errs[i] = op() })
		for db.w.queued() == i {
			runtime.Gosched()
		}
	}
	release()
	wg.Wait()
	return errs
}

var errRefused = errors.New("refused")

func TestOneFailureIsNotAnothers(t *testing.T) {
	var flushes int
	db := create(t, filepath.Join(t.TempDir(), "x.db"), Options{
		Flush: func(*Tx) error { flushes++; return nil },
	})
	flushes = 0
	two := func(tx *Tx) error {
		for _, k := range []int{10, 11} {
			if _, err := tx.Exec(`INSERT INTO t (k) VALUES (?)`, k); err != nil {
				return err
			}
		}
		return errRefused
	}
	errs := together(t, db,
		func() error { return insert(t, db, 1) },
		func() error { return insert(t, db, 1) },              // a constraint
		func() error { return db.WriteAll(t.Context(), two) }, // taken back
		func() error {
			return db.Write(t.Context(), func(tx *Tx) error {
				_, err := tx.Exec(`INSERT INTO t (k) VALUES (?)`, strings.Repeat("x", 10)) // a mismatch
				return err
			})
		},
		func() error {
			return db.Write(t.Context(), func(tx *Tx) error {
				_, err := tx.Exec(`INSERT INTO nothing VALUES (1)`)
				return err
			})
		},
		func() error {
			return db.WriteAll(t.Context(), func(tx *Tx) error {
				_, err := tx.Exec(`INSERT INTO t (k) VALUES (2), (3)`)
				return err
			})
		},
	)
	if errs[0] != nil || !constraint(errs[1]) || !errors.Is(errs[2], errRefused) || errs[3] == nil || errs[4] == nil || errs[5] != nil {
		t.Errorf("errors: %v", errs)
	}
	if n := keys(t, db); n != 3 {
		t.Errorf("%d rows, want 1, 2 and 3", n)
	}
	if flushes != 2 {
		t.Errorf("%d transactions, want one for all six, and the one before", flushes)
	}
}

func TestFlushFailureFailsAll(t *testing.T) {
	var fail bool
	var resets int
	db := create(t, filepath.Join(t.TempDir(), "x.db"), Options{
		Flush: func(*Tx) error {
			if fail {
				return errRefused
			}
			return nil
		},
		Reset: func() { resets++ },
	})
	failing := func() error {
		return db.Write(t.Context(), func(tx *Tx) error {
			fail = true
			_, err := tx.Exec(`INSERT INTO t (k) VALUES (1)`)
			return err
		})
	}
	for i, err := range together(t, db, failing, func() error { return insert(t, db, 2) }) {
		if !errors.Is(err, errRefused) {
			t.Errorf("operation %d: %v", i, err)
		}
	}
	fail = false
	if err := insert(t, db, 3); err != nil {
		t.Error(err)
	}
	if n := keys(t, db); n != 1 || resets != 3 {
		t.Errorf("%d rows after %d transactions, want 1 after 3", n, resets)
	}
}

func TestAbandonedOperationIsNotRun(t *testing.T) {
	db := create(t, filepath.Join(t.TempDir(), "x.db"), Options{})
	ctx, cancel := context.WithCancelCause(t.Context())
	release := hold(t, db)
	done := make(chan error)
	run := func(*Tx) error { t.Error("it was run"); return nil }
	go func() { done <- db.Write(ctx, run) }()
	for db.w.queued() == 0 {
		runtime.Gosched()
	}
	cancel(errRefused)
	if err := <-done; !errors.Is(err, errRefused) {
		t.Errorf("abandoned in the queue: %v", err)
	}
	release()
	if err := db.Write(ctx, run); !errors.Is(err, errRefused) {
		t.Errorf("with a context that had ended: %v", err)
	}
	if err := insert(t, db, 1); err != nil {
		t.Error(err)
	}
}

func TestManyWriters(t *testing.T) {
	const goroutines, each = 32, 20
	path := filepath.Join(t.TempDir(), "x.db")
	dbs := []*DB{create(t, path, Options{}), create(t, path, Options{})}
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range each {
				if err := insert(t, dbs[g%2], g*each+i); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for _, db := range dbs {
		if n := keys(t, db); n != goroutines*each {
			t.Errorf("%d rows, want %d", n, goroutines*each)
		}
	}
}

func TestFullDisk(t *testing.T) {
	db := create(t, filepath.Join(t.TempDir(), "x.db"), Options{})
	if err := insert(t, db, 0); err != nil {
		t.Fatal(err)
	}
	if err := db.LimitPages(t.Context(), 8); err != nil {
		t.Fatal(err)
	}
	big := strings.Repeat("x", 3000)
	var err error
	kept := int64(1)
	for k := 1; err == nil && k < 100; k++ {
		err = db.WriteAll(t.Context(), func(tx *Tx) error {
			_, err := tx.Exec(`INSERT INTO t (k, v) VALUES (?, ?)`, k, big)
			return err
		})
		if err == nil {
			kept++
		}
	}
	if !errors.Is(err, ErrFull) {
		t.Fatalf("error %v, want ErrFull", err)
	}
	if n := keys(t, db); n != kept {
		t.Errorf("%d rows, want the %d that were confirmed", n, kept)
	}
	if err := db.LimitPages(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if err := insert(t, db, 1000); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

func TestRemovedFile(t *testing.T) {
	for _, name := range []string{"x.db", "x.db-wal", ""} {
		t.Run(fmt.Sprintf("%q", name), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "relock")
			db := create(t, filepath.Join(dir, "x.db"), Options{})
			if err := insert(t, db, 1); err != nil {
				t.Fatal(err)
			}
			victim := filepath.Join(dir, name)
			if err := os.Rename(victim, dir+"-away"); err != nil {
				t.Fatal(err)
			}
			if err := insert(t, db, 2); !errors.Is(err, ErrGone) {
				t.Errorf("with it gone: %v, want ErrGone", err)
			}
			if name != "" { // another file in its place is not it
				if err := os.WriteFile(victim, nil, 0o600); err != nil {
					t.Fatal(err)
				}
				if err := insert(t, db, 3); !errors.Is(err, ErrGone) {
					t.Errorf("with another in its place: %v, want ErrGone", err)
				}
			}
			if err := os.Rename(dir+"-away", victim); err != nil {
				t.Fatal(err)
			}
			if err := insert(t, db, 4); err != nil {
				t.Errorf("with it back: %v", err)
			}
		})
	}
}

// constraint reports whether err is a violated constraint, such as a key that is
// taken.
func constraint(err error) bool {
	e, ok := errors.AsType[*modernc.Error](err)
	return ok && e.Code()&0xff == lib.SQLITE_CONSTRAINT
}
