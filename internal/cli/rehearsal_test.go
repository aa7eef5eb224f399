package cli_test

import (
	"database/sql"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // to change the ledger past the ledger

	"relock/internal/ledger"
)

// TestRehearsal plays docs/rehearsal.sh with the real programs, and then tries to
// change what the ledger says of that night.
func TestRehearsal(t *testing.T) {
	t.Parallel()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("the script needs bash")
	}
	if err := binaries(); err != nil {
		t.Fatalf("building the programs: %v", err)
	}
	script, err := filepath.Abs("../../docs/rehearsal.sh")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	env := append(os.Environ(), "PATH="+programs+string(os.PathListSeparator)+os.Getenv("PATH"), "NO_COLOR=1")
	night := exec.Command(bash, script, dir)
	night.Env = env
	if out, err := night.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	root, err := os.ReadFile(filepath.Join(dir, "root.txt"))
	if err != nil {
		t.Fatal(err)
	}
	verify := func(t *testing.T, at string) (string, int) {
		t.Helper()
		cmd := exec.Command(filepath.Join(programs, "job"), "verify", "--ledger", "file:"+at, "--root", strings.TrimSpace(string(root)), "inc-2026-1123")
		cmd.Env = env
		out, err := cmd.CombinedOutput()
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			return string(out), exit.ExitCode()
		}
		if err != nil {
			t.Fatal(err)
		}
		return string(out), 0
	}
	whole := filepath.Join(dir, "relock")
	if out, code := verify(t, whole); code != 0 {
		t.Fatalf("verify ends with %d:\n%s", code, out)
	}
	const (
		ours  = `job = (SELECT num FROM job WHERE id = 'inc-2026-1123')`
		first = `place = (SELECT min(place) FROM target WHERE ` + ours + `)`
	)
	for name, change := range map[string][]string{
		"a byte changed":   {`UPDATE target SET username = 'user-00x' WHERE ` + ours + ` AND username = 'user-002'`},
		"a record removed": {`DELETE FROM target WHERE ` + ours + ` AND ` + first},
		"a record added":   {`INSERT INTO target (job, place, username, outcome, at) SELECT job, 999999, 'eve', 'reset', at FROM target WHERE ` + ours + ` LIMIT 1`},
		"two swapped": {
			`UPDATE target SET place = 888888 WHERE ` + ours + ` AND ` + first,
			`UPDATE target SET place = place - 1 WHERE ` + ours + ` AND ` + first,
			`UPDATE target SET place = (SELECT min(place) + 1 FROM target WHERE ` + ours + `) WHERE ` + ours + ` AND place = 888888`,
		},
		// The worker's own seal goes, and `job evidence` makes the next one.
		"the tree made anew": {
			`UPDATE target SET outcome = 'reset' WHERE ` + ours + ` AND outcome = 'user_disabled'`,
			`UPDATE job SET seal = NULL WHERE id = 'inc-2026-1123'`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			at := filepath.Join(t.TempDir(), "relock")
			if err := os.CopyFS(at, os.DirFS(whole)); err != nil {
				t.Fatal(err)
			}
			db, err := sql.Open("sqlite", filepath.Join(at, ledger.SQLiteFile))
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range change {
				res, err := db.Exec(s)
				if err != nil {
					t.Fatalf("%s: %v", s, err)
				}
				if n, _ := res.RowsAffected(); n == 0 {
					t.Fatalf("%s changed nothing", s)
				}
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			if name == "the tree made anew" {
				cmd := exec.Command(filepath.Join(programs, "job"), "evidence", "--ledger", "file:"+at, "--output", filepath.Join(t.TempDir(), "e.html"), "inc-2026-1123")
				cmd.Env = env
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
			}
			if out, code := verify(t, at); code != 1 {
				t.Errorf("verify ends with %d, want 1:\n%s", code, out)
			}
		})
	}
}
