package ledger_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/sqlite"
)

// newJob makes a job "j" with targets u1 to un, one a line.
func newJob(t *testing.T, l *ledger.SQLite, n int) {
	t.Helper()
	if err := l.CreateJob(t.Context(), job.Job{ID: "j", Created: time.Now()}); err != nil {
		t.Fatal(err)
	}
	var targets []job.Target
	for i := range n {
		targets = append(targets, job.Target{Username: job.Username(fmt.Sprint("u", i+1)), Line: int64(i + 1)})
	}
	if err := l.AddTargets(t.Context(), "j", targets); err != nil {
		t.Fatal(err)
	}
}

// grant claims a target that nobody has claimed yet.
func grant(t *testing.T, l *ledger.SQLite, u job.Username) ledger.Claim {
	t.Helper()
	c, err := l.Claim(t.Context(), ledger.Key{Job: "j", Username: u}, "w", time.Minute)
	if err != nil || c.Status != ledger.Granted {
		t.Fatalf("claiming: status %d, error %v", c.Status, err)
	}
	return c
}

func record(t *testing.T, l *ledger.SQLite, u job.Username) error {
	t.Helper()
	return l.Record(t.Context(), ledger.Record{
		Key: ledger.Key{Job: "j", Username: u}, Owner: "w", Attempt: 1, Outcome: job.Reset, At: time.Now(),
	})
}

func TestOpenWithoutLedger(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "relock")
	_, err := ledger.OpenSQLite(dir, ledger.SQLiteOptions{})
	if !errors.Is(err, ledger.ErrNoLedger) || !strings.Contains(err.Error(), dir) {
		t.Errorf("error %v, want ErrNoLedger with the folder's name", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("opening made the folder: %v", err)
	}
}

func TestReopen(t *testing.T) {
	dir := t.TempDir()
	l := openSQLite(t, dir, nil)
	newJob(t, l, 2)
	grant(t, l, "u1")
	grant(t, l, "u2")
	if err := record(t, l, "u1"); err != nil {
		t.Fatal(err)
	}
	id := l.ID()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := ledger.OpenSQLite(dir, ledger.SQLiteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if again.ID() != id || len(id) != 32 {
		t.Errorf("ID %q, then %q", id, again.ID())
	}
	if other := openSQLite(t, t.TempDir(), nil); other.ID() == id {
		t.Error("two ledgers have one ID")
	}
	c, err := again.Claim(t.Context(), ledger.Key{Job: "j", Username: "u2"}, "w", time.Minute)
	if err != nil || c.Status != ledger.Held {
		t.Errorf("the claim is gone: status %d, error %v", c.Status, err)
	}
	if err := record(t, again, "u2"); err != nil {
		t.Errorf("recording through another handle: %v", err)
	}
}

// TestTargetsArriveOutOfOrder claims while the list is still being written, and
// adds targets that come before those that were looked up.
func TestTargetsArriveOutOfOrder(t *testing.T) {
	l := openSQLite(t, t.TempDir(), nil)
	newJob(t, l, 0)
	add := func(from, to int) {
		t.Helper()
		var targets []job.Target
		for i := from; i < to; i++ {
			targets = append(targets, job.Target{Username: job.Username(fmt.Sprint("u", i)), Line: int64(i)})
		}
		if err := l.AddTargets(t.Context(), "j", targets); err != nil {
			t.Fatal(err)
		}
	}
	add(50, 60)
	grant(t, l, "u55")
	add(10, 55) // before, and overlapping
	grant(t, l, "u10")
	grant(t, l, "u49")
	add(100, 150_100) // more than are named at a time
	grant(t, l, "u100")
	grant(t, l, "u150099")
	add(61, 62)
	grant(t, l, "u61")
	totals, err := l.Totals(t.Context(), "j")
	if want := int64(50 + 1 + 150_000); err != nil || totals.Targets != want {
		t.Errorf("%d targets, error %v, want %d", totals.Targets, err, want)
	}
	c, err := l.Claim(t.Context(), ledger.Key{Job: "j", Username: "u9"}, "w", time.Minute)
	if err != nil || c.Status != ledger.NotListed {
		t.Errorf("what was never added: status %d, error %v", c.Status, err)
	}
}

// TestAnotherListIsRefused adds targets where others stand already: a job that
// is continued with another list.
func TestAnotherListIsRefused(t *testing.T) {
	l := openSQLite(t, t.TempDir(), nil)
	newJob(t, l, 20)
	err := l.AddTargets(t.Context(), "j", []job.Target{
		{Username: "u1", Line: 1}, {Username: "new", Line: 21}, {Username: "u3", Line: 2},
	})
	if err == nil || !strings.Contains(err.Error(), "line 2 of list 1") {
		t.Errorf("error %v, want one that names line 2", err)
	}
	n := int64(0)
	for _, err := range l.Entries(t.Context(), "j", ledger.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if totals, err := l.Totals(t.Context(), "j"); err != nil || totals.Targets != n {
		t.Errorf("%d targets in the totals, %d in the list, error %v", totals.Targets, n, err)
	}
}

// TestSameHash has two usernames whose hashes are the same in 48 bits.
func TestSameHash(t *testing.T) {
	const a, b = "user11726592", "user18979575"
	l := openSQLite(t, t.TempDir(), nil)
	newJob(t, l, 0)
	if err := l.AddTargets(t.Context(), "j", []job.Target{{Username: a, Line: 1}, {Username: b, Line: 2}}); err != nil {
		t.Fatal(err)
	}
	grant(t, l, a)
	grant(t, l, b)
	if err := record(t, l, b); err != nil {
		t.Fatal(err)
	}
	for e, err := range l.Entries(t.Context(), "j", ledger.Filter{}) {
		if err != nil || (e.Username == b) != (e.Outcome == job.Reset) {
			t.Errorf("line %d: outcome %q, error %v", e.Line, e.Outcome, err)
		}
	}
}

// TestFullDisk fills the disk in the middle of a job: no claim is granted, no
// outcome is lost, and it goes on when there is room.
func TestFullDisk(t *testing.T) {
	l := openSQLite(t, t.TempDir(), nil)
	newJob(t, l, 2000)
	for i := range 10 {
		grant(t, l, job.Username(fmt.Sprint("u", i+1)))
	}
	if err := l.LimitPages(t.Context(), 1); err != nil { // as small as it can be: as it is
		t.Fatal(err)
	}
	// Longer rows need more pages.
	var full error
	granted := map[job.Username]bool{}
	for i := 11; i <= 2000 && full == nil; i++ {
		u := job.Username(fmt.Sprint("u", i))
		_, full = l.Claim(t.Context(), ledger.Key{Job: "j", Username: u}, strings.Repeat("w", 500), time.Minute)
		granted[u] = full == nil
	}
	if !errors.Is(full, sqlite.ErrFull) || !strings.Contains(full.Error(), ledger.SQLiteFile) {
		t.Fatalf("error %v, want ErrFull with the file's name", full)
	}
	if err := l.LimitPages(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		if err := record(t, l, job.Username(fmt.Sprint("u", i+1))); err != nil {
			t.Errorf("line %d, claimed before: %v", i+1, err)
		}
	}
	for u, ok := range granted {
		c, err := l.Claim(t.Context(), ledger.Key{Job: "j", Username: u}, "w", time.Minute)
		if want := map[bool]ledger.ClaimStatus{true: ledger.Held, false: ledger.Granted}[ok]; err != nil || c.Status != want {
			t.Errorf("granted on the full disk: %v; now status %d, error %v", ok, c.Status, err)
		}
	}
	if totals, err := l.Totals(t.Context(), "j"); err != nil || totals.Outcomes[job.Reset] != 10 || totals.Pending != 1990 {
		t.Errorf("totals %+v, error %v", totals, err)
	}
}

// TestRemovedLedger removes the file in the middle of a job: nothing is granted
// that nobody would find, and it goes on when the file is back.
func TestRemovedLedger(t *testing.T) {
	dir := t.TempDir()
	l := openSQLite(t, dir, nil)
	newJob(t, l, 3)
	grant(t, l, "u1")
	path := filepath.Join(dir, ledger.SQLiteFile)
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	c, err := l.Claim(t.Context(), ledger.Key{Job: "j", Username: "u2"}, "w", time.Minute)
	if !errors.Is(err, sqlite.ErrGone) || !strings.Contains(err.Error(), path) {
		t.Errorf("claiming: status %d, error %v, want ErrGone", c.Status, err)
	}
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	if err := record(t, l, "u1"); err != nil {
		t.Errorf("recording with the file back: %v", err)
	}
	grant(t, l, "u3")
}
