package cli_test

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"relock/internal/sandbox/cognito"
)

// scriptPoolAdd is `pool ID[,OPTION…]`: one more pool, as `sandbox serve --pool`
// makes it.
func scriptPoolAdd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: pool ID[,OPTION…]")
	}
	cfg, err := cognito.ParsePool(args[0])
	ts.Check(err)
	_, err = sandboxOf(ts).server.Cognito().AddPool(cfg)
	ts.Check(err)
}

// scriptSeed is `seed POOL FILE`: it adds the users of a file to a pool.
func scriptSeed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: seed POOL FILE")
	}
	pool, ok := sandboxOf(ts).server.Cognito().Pool(args[0])
	if !ok {
		ts.Fatalf("there is no pool %s", args[0])
	}
	_, err := pool.SeedFile(ts.MkAbs(args[1]))
	ts.Check(err)
}

// scriptSwitch is `switch NAME VALUE`: it chooses a behaviour of the sandbox.
func scriptSwitch(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: switch NAME VALUE")
	}
	ts.Check(sandboxOf(ts).server.Cognito().SetSwitch(args[0], args[1]))
}

// jobIDs are the members "job" of the JSON lines of a file.
func jobIDs(ts *testscript.TestScript, file string) (ids []string) {
	for line := range strings.Lines(ts.ReadFile(file)) {
		var doc struct {
			Job string `json:"job"`
			ID  string `json:"id"`
		}
		ts.Check(json.Unmarshal([]byte(line), &doc))
		ids = append(ids, cmp.Or(doc.Job, doc.ID))
	}
	return ids
}

// scriptSameJob is `same-job FILE FILE`: two plans in JSON are of one job.
func scriptSameJob(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: same-job FILE FILE")
	}
	a, b := jobIDs(ts, args[0])[0], jobIDs(ts, args[1])[0]
	if a == "" || a != b {
		ts.Fatalf("%s is of job %q, %s of job %q", args[0], a, args[1], b)
	}
}

// scriptJobOf is `job-of FILE`: $JOB is the only job of a file of JSON lines.
func scriptJobOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: job-of FILE")
	}
	ids := jobIDs(ts, args[0])
	if len(ids) != 1 || ids[0] == "" {
		ts.Fatalf("%s has the jobs %q, want one", args[0], ids)
	}
	ts.Setenv("JOB", ids[0])
}

// scriptJSONLList is `jsonl-list FILE CSV`: the usernames of JSON lines as a list.
func scriptJSONLList(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: jsonl-list FILE CSV")
	}
	var text strings.Builder
	w := csv.NewWriter(&text)
	ts.Check(w.Write([]string{"email"})) // no name here is "email"
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		var doc struct {
			Username string `json:"username"`
		}
		ts.Check(json.Unmarshal([]byte(line), &doc))
		ts.Check(w.Write([]string{doc.Username}))
	}
	w.Flush()
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text.String()), 0o600))
}
