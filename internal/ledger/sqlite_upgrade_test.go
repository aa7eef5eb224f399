package ledger_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/sqlite"
)

// schemaOf lists the columns of every table of a ledger's file.
func schemaOf(t *testing.T, path string) []string {
	t.Helper()
	db, err := sqlite.Open(path, sqlite.Schema{ApplicationID: 0x524c6b4c, Version: 3}, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var columns []string
	err = db.Read(t.Context(), func(c *sqlite.Conn) error {
		return c.Query(`SELECT m.name || '.' || c.name || ' ' || c.type || ' ' || c."notnull" || ' ' || coalesce(c.dflt_value, '-') || ' ' || c.pk
			FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY 1`, func(r sqlite.Row) error {
			columns = append(columns, r.Text(0))
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return columns
}

// TestSQLiteUpgrade opens a ledger as the first version wrote it: everything in it
// is as it was, the job goes on, and its file is that of a new ledger.
func TestSQLiteUpgrade(t *testing.T) {
	b, err := os.ReadFile("testdata/ledger-1.db")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ledger.SQLiteFile), b, 0o600); err != nil {
		t.Fatal(err)
	}
	const id = "inc-2026-1123"
	t0 := time.Date(2026, time.November, 23, 9, 0, 0, 0, time.UTC)
	now := t0.Add(10 * time.Second)
	l, err := ledger.OpenSQLite(dir, ledger.SQLiteOptions{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	j, err := l.Job(ctx, id)
	want := job.Job{
		ID: id, Pool: "eu-west-1_AbCdEf123", Region: "eu-west-1", Reason: "incident 1123", Parent: "before",
		StartedBy: "arn:aws:sts::123456789012:assumed-role/responder/ana", Content: "9f86d081",
		Sources: []job.Source{{Name: "users.csv", SHA256: "ab"}},
		Policy:  job.Policy{SignOut: true, Metadata: map[string]string{"case": "1123"}},
		Counts:  job.Counts{Rows: 6, Duplicates: 1, Targets: 5},
		State:   job.StateOpen, Created: t0, Opened: t0.Add(time.Second),
	}
	if diff := cmp.Diff(want, j); diff != "" || err != nil {
		t.Errorf("the job (-want +got): %s%v", diff, err)
	}
	entries := []ledger.Entry{
		{Target: job.Target{Username: "ana", Line: 2}, Outcome: job.Reset, RequestID: "r-1", Attempts: 1, Calls: 1, At: t0.Add(2 * time.Second)},
		{Target: job.Target{Username: "ben", Line: 3, Metadata: map[string]string{"lang": "de"}}, Attempts: 1},
		{Target: job.Target{Username: "cem", Line: 4}, Outcome: job.UserDisabled, Repeated: true, Code: "NotAuthorizedException",
			Note: "the user is disabled", RequestID: "r-2", Attempts: 2, Calls: 2, At: t0.Add(3 * time.Second)},
		{Target: job.Target{Username: "dua", Line: 5}, Attempts: 1, Claimed: true},
		{Target: job.Target{Username: "eli", Line: 6}},
	}
	var got []ledger.Entry
	for e, err := range l.Entries(ctx, id, ledger.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e)
	}
	if diff := cmp.Diff(entries, got); diff != "" {
		t.Errorf("the entries (-want +got): %s", diff)
	}
	totals := func(want ledger.Totals) {
		t.Helper()
		got, err := l.Totals(ctx, id)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" || err != nil {
			t.Errorf("the totals (-want +got): %s%v", diff, err)
		}
	}
	totals(ledger.Totals{Targets: 5, Pending: 3, Repeated: 1, Last: t0.Add(3 * time.Second),
		Outcomes: map[job.Outcome]int64{job.Reset: 1, job.UserDisabled: 1}})
	if h, ok, err := l.Halt(ctx, "123456789012/eu-west-1"); err != nil || !ok || h.Reason != job.HaltCanary {
		t.Errorf("the halt: %+v, %v, %v", h, ok, err)
	}
	if lease, err := l.Lease(ctx, "123456789012/eu-west-1"); err != nil || lease.Counter != 7 || string(lease.State) != "x" {
		t.Errorf("the lease: %+v, %v", lease, err)
	}

	// It goes on, with what is new.
	for u, want := range map[job.Username]ledger.ClaimStatus{"ana": ledger.Finished, "ben": ledger.GrantedInDoubt, "dua": ledger.Held, "eli": ledger.Granted} {
		c, err := l.Claim(ctx, ledger.Key{Job: id, Username: u}, "w2", time.Minute)
		if err != nil || c.Status != want || c.SignOut != "" {
			t.Errorf("claiming %s: status %d, sign-out %q, error %v, want %d", u, c.Status, c.SignOut, err, want)
		}
	}
	eli := ledger.Key{Job: id, Username: "eli"}
	if err := l.Record(ctx, ledger.Record{Key: eli, Owner: "w2", Attempt: 1, Outcome: job.Reset, SignOut: true, At: now}); err != nil {
		t.Fatal(err)
	}
	if err := l.RecordSignOut(ctx, ledger.SignOutRecord{Key: eli, State: job.SignOutDone, At: now}); err != nil {
		t.Fatal(err)
	}
	totals(ledger.Totals{Targets: 5, Pending: 2, Repeated: 1, Last: now,
		Outcomes: map[job.Outcome]int64{job.Reset: 2, job.UserDisabled: 1}, SignOuts: map[job.SignOut]int64{job.SignOutDone: 1}})
	if list, err := l.Exclusions(ctx, id); err != nil || len(list) != 0 {
		t.Errorf("%d exclusions, error %v", len(list), err)
	}
	if err := l.SetSeal(ctx, id, job.Seal{Root: "ab"}); err != nil {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}

	fresh := openSQLite(t, t.TempDir(), nil)
	if diff := cmp.Diff(schemaOf(t, fresh.Path()), schemaOf(t, filepath.Join(dir, ledger.SQLiteFile))); diff != "" {
		t.Errorf("the columns (-new +upgraded): %s", diff)
	}
}
