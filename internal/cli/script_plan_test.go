package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"relock/internal/ledger"
)

var updateGolden = flag.Bool("update-golden", false, "write testdata/golden instead of comparing with it")

// What differs from run to run.
var (
	planMoment = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d( UTC| [+-]\d{4} \([^)]*\))`)
	jsonMoment = regexp.MustCompile(`"finish":"[^"]*"`)
)

// scriptPlan is `plan GOLDEN CODE ARG…`: enqueue with these arguments says exactly
// what the golden file has and ends with CODE; unless that is 0, queue and ledger
// are untouched.
func scriptPlan(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: plan GOLDEN CODE ARG…")
	}
	code := 0
	if err := ts.Exec("enqueue", args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		code = exit.ExitCode()
	}
	if strconv.Itoa(code) != args[1] {
		ts.Fatalf("enqueue ends with %d, want %s", code, args[1])
	}
	if code != 0 {
		scriptUntouched(ts)
	}
	got := fmt.Sprintf("$ enqueue %s\n%s%sexit %d\n", strings.Join(args[2:], " "), ts.ReadFile("stdout"), ts.ReadFile("stderr"), code)
	got = planMoment.ReplaceAllString(strings.ReplaceAll(got, ts.Getenv("ENDPOINT"), "ENDPOINT"), "MOMENT")
	got = jsonMoment.ReplaceAllString(got, `"finish":"MOMENT"`)
	path := filepath.Join("testdata", "golden", args[0]+".txt")
	if *updateGolden {
		ts.Check(os.MkdirAll(filepath.Dir(path), 0o755))
		ts.Check(os.WriteFile(path, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	ts.Check(err)
	if diff := cmp.Diff(string(want), got); diff != "" {
		ts.Fatalf("%s (-want +got; go test -run TestScript -update-golden writes it anew):\n%s", path, diff)
	}
}

// scriptUntouched fails if a queue has a message, or a ledger was made.
func scriptUntouched(ts *testscript.TestScript) {
	for _, name := range []string{"relock", "relock-dlq"} {
		d, err := sandboxOf(ts).server.SQS().Depth(name)
		ts.Check(err)
		if d.Visible+d.InFlight+d.Delayed != 0 {
			ts.Fatalf("the queue %s has %+v, want nothing", name, d)
		}
	}
	for _, name := range []string{"led", "relock"} {
		if _, err := os.Stat(ts.MkAbs(name)); !errors.Is(err, os.ErrNotExist) {
			ts.Fatalf("the folder %s was made (%v)", name, err)
		}
	}
}

// scriptQueue is `queue NAME [KEY=VALUE]…`: it changes attributes of a queue.
func scriptQueue(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: queue NAME KEY=VALUE…")
	}
	attributes := map[string]string{}
	for _, pair := range args[1:] {
		key, value, _ := strings.Cut(pair, "=")
		attributes[key] = value
	}
	ts.Check(sandboxOf(ts).server.SQS().Set(args[0], attributes))
}

// scriptSES is `ses JSON`: it changes what the SES account may send.
func scriptSES(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: ses JSON")
	}
	account := sandboxOf(ts).server.Account()
	s := account.SES()
	ts.Check(json.Unmarshal([]byte(args[0]), &s))
	account.SetSES(s)
}

// scriptKept is `kept DIR JOB FILE`: the file says what the ledger has kept of the
// job's plan.
func scriptKept(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: kept DIR JOB FILE")
	}
	led, err := ledger.OpenSQLite(ts.MkAbs(args[0]), ledger.SQLiteOptions{})
	ts.Check(err)
	defer func() { _ = led.Close() }() // only read
	j, err := led.Job(context.Background(), args[1])
	ts.Check(err)
	var got strings.Builder
	fmt.Fprintf(&got, "account %s, pool %s, budget %v\n", j.Plan.Account, j.Plan.PoolName, j.Plan.Budget)
	for _, f := range j.Plan.Findings {
		word := map[bool]string{true: "forced", false: "not forced"}[f.Forced]
		fmt.Fprintf(&got, "%s %s\n", word, f.Code)
	}
	if j.Plan.Projected != nil {
		fmt.Fprintf(&got, "projected %v by %d\n", *j.Plan.Projected, j.Plan.Sampled)
	}
	for _, name := range slices.Sorted(maps.Keys(j.Plan.Settings)) {
		fmt.Fprintf(&got, "setting %s=%s\n", name, j.Plan.Settings[name])
	}
	if diff := cmp.Diff(ts.ReadFile(args[2]), strings.ReplaceAll(got.String(), ts.Getenv("ENDPOINT"), "ENDPOINT")); diff != "" {
		ts.Fatalf("kept with the job (-want +got):\n%s", diff)
	}
}
