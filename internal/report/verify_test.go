package report

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relock/internal/job"
	"relock/internal/ledger"
)

func key(seed byte) (ed25519.PrivateKey, ed25519.PublicKey) {
	private := ed25519.NewKeyFromSeed(slices.Repeat([]byte{seed}, ed25519.SeedSize))
	return private, private.Public().(ed25519.PublicKey)
}

func openLedger(t *testing.T, dir string) *ledger.SQLite {
	t.Helper()
	led, err := ledger.OpenSQLite(dir, ledger.SQLiteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = led.Close() })
	return led
}

// sealed makes a ledger in a file, with one finished and sealed job.
func sealed(t *testing.T, key ed25519.PrivateKey) (dir string, s job.Seal) {
	t.Helper()
	dir = t.TempDir()
	led, err := ledger.CreateSQLite(dir, ledger.SQLiteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	users := everyOutcome()
	users = users[:len(users)-1] // nobody is pending
	users[2].signOut = job.SignOutDone
	fill(t, led, job.Job{ID: "inc", Reason: "break-in", StartedBy: "arn:aws:iam::1:user/ana", Plan: job.Plan{Budget: 24}}, users)
	if s, err = Seal(t.Context(), led, "inc", key); err != nil {
		t.Fatal(err)
	}
	if err := led.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, s
}

// tamper writes to the ledger's file, past the ledger.
func tamper(t *testing.T, dir string, statements ...string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "ledger*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no ledger in %s: %v", dir, err)
	}
	db, err := sql.Open("sqlite", files[0])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, s := range statements {
		res, err := db.Exec(s)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		if n, _ := res.RowsAffected(); n == 0 {
			t.Fatalf("%s changed nothing", s)
		}
	}
}

func verify(t *testing.T, dir string, trust Trust) Verdict {
	t.Helper()
	v, err := Verify(t.Context(), openLedger(t, dir), "inc", trust)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVerifyPassesWithWhatWasKeptOutside(t *testing.T) {
	t.Parallel()
	private, public := key(1)
	dir, s := sealed(t, private)
	for name, trust := range map[string]Trust{
		"root": {Root: s.Root}, "root in capitals": {Root: strings.ToUpper(s.Root)}, "key": {Key: public}, "both": {Root: s.Root, Key: public},
	} {
		if v := verify(t, dir, trust); !v.Whole || !v.Proved || v.State != SealWhole || v.Root != s.Root || v.Leaves != s.Leaves {
			t.Errorf("%s: %+v", name, v)
		}
	}
	if v := verify(t, dir, Trust{}); !v.Whole || v.Proved {
		t.Errorf("without anything from outside nothing is proved: %+v", v)
	}
	_, other := key(2)
	if v := verify(t, dir, Trust{Key: other}); v.Whole || v.Proved {
		t.Errorf("another key's signature passes: %+v", v)
	}
	if v := verify(t, dir, Trust{Root: strings.Repeat("0", 64)}); v.Whole || v.Proved {
		t.Errorf("another root passes: %+v", v)
	}
}

func TestVerifyFailsAfterAnyChange(t *testing.T) {
	t.Parallel()
	private, public := key(1)
	const row = `(SELECT min(place) FROM target)`
	cases := map[string][]string{
		"a byte of a username":   {`UPDATE target SET username = 'o''neilk' WHERE username = 'o''neill'`},
		"an outcome":             {`UPDATE target SET outcome = 'reset' WHERE outcome = 'gave_up'`},
		"an outcome and counter": {`UPDATE target SET outcome = 'reset' WHERE outcome = 'gave_up'`, `UPDATE total SET n = n + 1 WHERE outcome = 'reset'`, `DELETE FROM total WHERE outcome = 'gave_up'`},
		"an error code":          {`UPDATE target SET code = 'x' WHERE outcome = 'gave_up'`},
		"a note":                 {`UPDATE target SET note = 'x' WHERE place = ` + row},
		"a request ID":           {`UPDATE target SET request_id = 'req-9' WHERE place = ` + row},
		"a time by 1 ms":         {`UPDATE target SET at = at + 1 WHERE place = ` + row},
		"the flag repeated":      {`UPDATE target SET flags = 0 WHERE flags = 1`},
		"the calls":              {`UPDATE target SET calls = calls + 1 WHERE place = ` + row},
		"the attempts":           {`UPDATE target SET attempts = attempts + 1 WHERE place = ` + row},
		"metadata":               {`UPDATE target SET metadata = '{"case":"=INC-2"}' WHERE metadata IS NOT NULL`},
		"the line":               {`UPDATE target SET place = 999 WHERE place = ` + row},
		"a record removed":       {`DELETE FROM target WHERE place = ` + row},
		"a record removed, and the counts fitted": {
			`DELETE FROM target WHERE outcome = 'gave_up'`, `UPDATE job SET targets = targets - 1`, `DELETE FROM total WHERE outcome = 'gave_up'`,
			`UPDATE job SET counts = json_set(counts, '$.targets', json_extract(counts, '$.targets') - 1, '$.rows', json_extract(counts, '$.rows') - 1)`,
		},
		"a record added": {`INSERT INTO target (job, place, username, outcome, at) SELECT job, 500, 'eve', 'reset', 1 FROM target LIMIT 1`},
		"two swapped": {
			`UPDATE target SET place = 900 WHERE username = 'user00' AND place = 5`, `UPDATE target SET place = 5 WHERE username = 'user01' AND place = 6`,
			`UPDATE target SET place = 6 WHERE username = 'user00'`,
		},
		"two names swapped": {
			`UPDATE target SET username = 'x' WHERE username = 'user00'`, `UPDATE target SET username = 'user00' WHERE username = 'user03'`, `UPDATE target SET username = 'user03' WHERE username = 'x'`,
		},
		"the list's hash":   {`UPDATE job SET sources = replace(sources, 'aa', 'ab')`},
		"the reason":        {`UPDATE job SET reason = 'test'`},
		"who started it":    {`UPDATE job SET started_by = 'arn:aws:iam::1:user/eve'`},
		"the plan":          {`UPDATE job SET plan = replace(plan, '24', '25')`},
		"the counts":        {`UPDATE job SET counts = json_set(counts, '$.duplicates', 0)`},
		"the time finished": {`UPDATE job SET finished = finished + 1`},
		"the state":         {`UPDATE job SET state = 'cancelled'`},
		"an exclusion":      {`UPDATE exclusion SET list = replace(list, 'root', 'eve')`},
	}
	for name, statements := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, s := sealed(t, private)
			tamper(t, dir, statements...)
			for how, trust := range map[string]Trust{"root": {Root: s.Root}, "key": {Key: public}, "nothing from outside": {}} {
				if v := verify(t, dir, trust); v.Whole || v.Proved || len(v.Problems) == 0 {
					t.Errorf("with %s: %+v", how, v)
				}
			}
			// Whoever can write the ledger makes the tree anew, and the seal.
			tamper(t, dir, `UPDATE job SET seal = NULL`)
			eve, _ := key(9)
			led := openLedger(t, dir)
			forged, err := Seal(context.Background(), led, "inc", eve)
			if err != nil {
				t.Fatal(err)
			}
			if forged.Root == s.Root {
				t.Fatal("the forged ledger has the root of before")
			}
			for how, trust := range map[string]Trust{"root": {Root: s.Root}, "key": {Key: public}} {
				if v := verify(t, dir, trust); v.Whole || v.Proved {
					t.Errorf("forged, with %s: %+v", how, v)
				}
			}
		})
	}
}

// A signature of the true root is no help to records that give another one.
func TestVerifyChecksTheSignatureOfTheRecordsAndNotOfTheSeal(t *testing.T) {
	t.Parallel()
	private, public := key(1)
	dir, _ := sealed(t, private)
	tamper(t, dir, `UPDATE target SET code = 'x' WHERE outcome = 'gave_up'`)
	if v := verify(t, dir, Trust{Key: public}); v.Whole || !slices.ContainsFunc(v.Problems, func(p string) bool { return strings.Contains(p, "signature") }) {
		t.Errorf("%+v", v)
	}
}

func TestSealIsForJobsThatAreOver(t *testing.T) {
	t.Parallel()
	led, err := ledger.CreateSQLite(t.TempDir(), ledger.SQLiteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = led.Close() }()
	fill(t, led, job.Job{ID: "open"}, everyOutcome())
	if _, err := Seal(t.Context(), led, "open", nil); err == nil || !strings.Contains(err.Error(), "job open is open with 1 targets and 1 sign-outs pending") {
		t.Errorf("sealing an open job: %v", err)
	}
	if _, err := Seal(t.Context(), led, "none", nil); !errors.Is(err, ledger.ErrNoJob) {
		t.Errorf("sealing no job: %v", err)
	}
	v, err := Verify(t.Context(), led, "open", Trust{})
	if err != nil || v.Whole || v.State != SealNone {
		t.Errorf("verifying an open job: %+v, %v", v, err)
	}
}

func TestSealingAgainChangesNothing(t *testing.T) {
	t.Parallel()
	dir, s := sealed(t, nil)
	again, err := Seal(t.Context(), openLedger(t, dir), "inc", nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, again); diff != "" {
		t.Error(diff)
	}
	if s.Signature != "" || s.PublicKey != "" {
		t.Errorf("signed without a key: %+v", s)
	}
}

// A job that was cancelled while its list was still being written has fewer records
// than rows, and nobody has changed anything; one that was sent in full has lost some.
func TestVerifyAJobThatWasCancelledInPart(t *testing.T) {
	t.Parallel()
	for _, all := range []bool{false, true} {
		led := memory()
		ok := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		ctx := t.Context()
		ok(led.CreateJob(ctx, job.Job{ID: "part", Counts: job.Counts{Rows: 5, Targets: 5}}))
		ok(led.AddTargets(ctx, "part", []job.Target{{Username: "a", Line: 2}, {Username: "b", Line: 3}}))
		if all {
			ok(led.SetSent(ctx, "part", ledger.SentAll))
		}
		ok(led.SetState(ctx, "part", job.StateCancelled, night))
		if _, err := led.CloseOut(ctx, "part", job.Cancelled, night); err != nil {
			t.Fatal(err)
		}
		s, err := Seal(ctx, led, "part", nil)
		ok(err)
		v, err := Verify(ctx, led, "part", Trust{Root: s.Root})
		ok(err)
		open, err := ReadStillOpen(ctx, led, "part")
		ok(err)
		want := int64(3)
		if all {
			want = 0
		}
		if v.Whole == all || v.Unlisted != want || open.Unlisted != want {
			t.Errorf("sent in full %v: %+v; still open: %d not listed", all, v, open.Unlisted)
		}
	}
}

// A seal that nobody signed is signed later, as long as the records are the same.
func TestSealingAgainWithAKeySigns(t *testing.T) {
	t.Parallel()
	private, public := key(1)
	dir, s := sealed(t, nil)
	if v := verify(t, dir, Trust{Key: public}); v.Whole {
		t.Error("a seal without a signature passes")
	}
	again, err := Seal(t.Context(), openLedger(t, dir), "inc", private)
	if err != nil || again.Root != s.Root || again.Signature == "" {
		t.Fatalf("%+v, %v", again, err)
	}
	if v := verify(t, dir, Trust{Key: public}); !v.Proved {
		t.Errorf("%+v", v)
	}
	if _, err := Seal(t.Context(), openLedger(t, dir), "inc", nil); err != nil {
		t.Errorf("without the key: %v", err)
	}
	if v := verify(t, dir, Trust{Key: public}); !v.Proved {
		t.Errorf("after that: %+v", v)
	}

	dir, _ = sealed(t, nil)
	tamper(t, dir, `UPDATE target SET code = 'x' WHERE outcome = 'gave_up'`)
	if _, err := Seal(t.Context(), openLedger(t, dir), "inc", private); !errors.Is(err, ledger.ErrSealed) {
		t.Errorf("changed records are signed: %v", err)
	}
}

// What is done beside the records that the root covers: to the seal, and to what the
// ledger counts by itself.
func TestVerifyAfterAChangeBesideTheRecords(t *testing.T) {
	t.Parallel()
	private, public := key(1)
	for name, c := range map[string]struct {
		statement            string
		root, key, untouched bool // passes
	}{
		"removed":               {`UPDATE job SET seal = NULL`, true, false, true},
		"signature removed":     {`UPDATE job SET seal = json_remove(seal, '$.signature', '$.public_key')`, true, false, true},
		"signature changed":     {`UPDATE job SET seal = json_set(seal, '$.signature', 'AAAA')`, false, false, false},
		"public key changed":    {`UPDATE job SET seal = json_set(seal, '$.public_key', 'AAAA')`, false, false, false},
		"root changed":          {`UPDATE job SET seal = json_set(seal, '$.root', 'aa')`, false, false, false},
		"the latest outcome":    {`UPDATE job SET last = last + 1`, false, false, false},
		"how far it is sent":    {`UPDATE job SET sent = 1`, false, false, false},
		"number of leaves less": {`UPDATE job SET seal = json_set(seal, '$.leaves', 1)`, false, false, false},
	} {
		dir, s := sealed(t, private)
		tamper(t, dir, c.statement)
		for how, x := range map[string]struct {
			trust Trust
			pass  bool
		}{"root": {Trust{Root: s.Root}, c.root}, "key": {Trust{Key: public}, c.key}, "nothing from outside": {Trust{}, c.untouched}} {
			if v := verify(t, dir, x.trust); v.Whole != x.pass {
				t.Errorf("%s, with %s: %+v", name, how, v)
			}
		}
	}
}
