package cli_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"relock/internal/cli"
	"relock/internal/ledger"
)

// TestMain lets the scripts run the programs: the test binary, under their names.
func TestMain(m *testing.M) {
	testscript.Main(leakChecked{m}, map[string]func(){
		"enqueue": func() { os.Exit(cli.Main(cli.Enqueue)) },
		"worker":  func() { os.Exit(cli.Main(cli.Worker)) },
		"job":     func() { os.Exit(cli.Main(cli.Job)) },
		"sandbox": func() { os.Exit(cli.Main(cli.Sandbox)) },
	})
}

// leakChecked is goleak.VerifyTestMain for a package whose TestMain is
// testscript's.
type leakChecked struct{ m *testing.M }

func (l leakChecked) Run() int {
	code := l.m.Run()
	if programs != "" {
		_ = os.RemoveAll(programs) // in the system's temporary folder
	}
	if code != 0 {
		return code
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// TestScript runs the programs as a user does, one script a concept.
func TestScript(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		ContinueOnError:     true,
		RequireUniqueNames:  true,
		Setup:               setUpScript,
		Condition: func(cond string) (bool, error) {
			if cond == "root" {
				return os.Getuid() == 0, nil // whom no file refuses
			}
			return false, fmt.Errorf("unknown condition %s", cond)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"code":    scriptCode,
			"private": scriptPrivate,
			"aws":     scriptAWS,
			"fault":   scriptFault,
			"depth":   scriptDepth,
			"resets":  scriptResets,
			"send":    scriptSend,
			"bytes":   scriptBytes,
			"lines":   scriptLines,
			"ledger":  scriptLedger,
			"lock":    scriptLock,
			"kept":    scriptKept,
			"plan":    scriptPlan,
			"queue":   scriptQueue,
			"ses":     scriptSES,
			"keys":    scriptKeys,
			"pool":    scriptPoolAdd,
			"seed":    scriptSeed,
			"switch":  scriptSwitch,

			"same-job":   scriptSameJob,
			"job-of":     scriptJobOf,
			"jsonl-list": scriptJSONLList,
			"gateway":    scriptGateway,
			"occupy":     scriptOccupy,
		},
	})
}

// scriptCode is `code N PROGRAM ARGS…`: it runs the program and expects the exit
// code N.
func scriptCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N PROGRAM [ARG…]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%s: %v", args[1], err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("%s ends with %d, want %d", args[1], got, want)
	}
}

// scriptPrivate is `private PATH…`: every file there is for its owner's eyes only.
func scriptPrivate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: private PATH…")
	}
	for _, path := range args {
		files := 0
		ts.Check(filepath.WalkDir(ts.MkAbs(path), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			files++
			info, err := d.Info()
			if err == nil && info.Mode().Perm() != 0o600 {
				err = fmt.Errorf("%s has the mode %v, want 0600", path, info.Mode())
			}
			return err
		}))
		if files == 0 {
			ts.Fatalf("%s has no files", path)
		}
	}
}

// scriptBytes is `bytes FILE GO-STRING`: it writes a file with any bytes.
func scriptBytes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: bytes FILE GO-STRING")
	}
	text, err := strconv.Unquote(`"` + args[1] + `"`)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// scriptLines is `lines FILE FROM TO FORMAT [HEADER]`: it writes a list with a
// header and a row for each number.
func scriptLines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 || len(args) > 5 {
		ts.Fatalf("usage: lines FILE FROM TO FORMAT [HEADER]")
	}
	args = append(args, "username")
	from, err := strconv.Atoi(args[1])
	ts.Check(err)
	to, err := strconv.Atoi(args[2])
	ts.Check(err)
	var text strings.Builder
	text.WriteString(args[4] + "\n")
	for i := from; i <= to; i++ {
		text.WriteString(fmt.Sprintf(args[3]+"\n", i))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text.String()), 0o600))
}

// scriptLedger is `ledger DIR`: $LEDGER is the ID of the ledger there.
func scriptLedger(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: ledger DIR")
	}
	led, err := ledger.OpenSQLite(ts.MkAbs(args[0]), ledger.SQLiteOptions{})
	ts.Check(err)
	ts.Setenv("LEDGER", led.ID())
	ts.Check(led.Close())
}
