package cli

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSandboxUsage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		args string
		want string // a part of what is said
	}{
		{"", "a command is missing"},
		{"rain", `sandbox has no command "rain"; the commands are serve, demo`},
		{"serve now", `serve takes no arguments, and got "now"`},
		{"serve --nope", "nope"},
		{"serve --listen 0.0.0.0:0", "loopback only; use 127.0.0.1"},
		{"serve --listen 4566", "write HOST:PORT"},
		{"serve --account 12", "twelve digits"},
		{"serve --fault rain=1", `there is no fault "rain"`},
		{"serve --queue a:b:c:d", "write NAME[:VISIBILITY[:MAXRECEIVES]]"},
		{"serve --sqs-max-in-flight 0", "write 1 or more"},
	}
	for _, tt := range tests {
		var out, errs bytes.Buffer
		code := Sandbox(t.Context(), context.Background(), Streams{Out: &out, Err: &errs}, append([]string{"sandbox"}, strings.Fields(tt.args)...))
		if code != ExitUsage || !strings.Contains(errs.String(), tt.want) {
			t.Errorf("sandbox %s: exit %d, %s", tt.args, code, &errs)
		}
	}
}

// TestSandboxServe runs the program, calls it, and stops it.
func TestSandboxServe(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "calls.jsonl")
	r, w := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	code := make(chan int, 1)
	var errs bytes.Buffer
	go func() {
		defer w.Close()
		code <- Sandbox(ctx, context.Background(), Streams{Out: w, Err: &errs}, []string{
			"sandbox", "serve", "--listen", "127.0.0.1:0", "--queue", "jobs:2m:3", "--fault", "throttle@sqs=1,count=1", "--log", log,
		})
	}()
	lines := make([]byte, 512)
	n, err := io.ReadAtLeast(r, lines, 1)
	if err != nil {
		t.Fatalf("%v: %s", err, &errs)
	}
	url, ok := strings.CutPrefix(strings.TrimSpace(string(lines[:n])), "listening on ")
	if !ok {
		t.Fatalf("it said %q", lines[:n])
	}
	go func() { _, _ = io.Copy(io.Discard, r) }()

	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	get := func(path string) string {
		t.Helper()
		resp, err := client.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if got, want := get("/_sandbox/sqs"), `{"jobs":{"visible":0,"inFlight":0,"delayed":0},"jobs-dlq":{"visible":0,"inFlight":0,"delayed":0}}`+"\n"; got != want {
		t.Errorf("queues %s, want %s", got, want)
	}
	if got := get("/_sandbox/faults"); !strings.Contains(got, `"throttle"`) {
		t.Errorf("faults %s", got)
	}
	get("/") // no AWS call: refused, and in the log
	stop()
	if c := <-code; c != ExitOK || errs.Len() != 0 {
		t.Errorf("exit %d, %s", c, &errs)
	}
	b, err := os.ReadFile(log)
	if err != nil || !strings.Contains(string(b), `"code":"MissingAuthenticationTokenException"`) {
		t.Errorf("log %s, %v", b, err)
	}
	if info, err := os.Stat(log); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the log's mode is %v, %v", info.Mode(), err)
	}
}

func TestSandboxServeFails(t *testing.T) {
	t.Parallel()
	var errs bytes.Buffer
	code := Sandbox(t.Context(), context.Background(), Streams{Out: io.Discard, Err: &errs}, []string{
		"sandbox", "serve", "--listen", "127.0.0.1:0", "--log", filepath.Join(t.TempDir(), "none", "log"),
	})
	if code != ExitError || !strings.Contains(errs.String(), "--log: open ") {
		t.Errorf("exit %d, %s", code, &errs)
	}
}

func TestParseSandboxQueue(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]sandboxQueue{
		"jobs":        {"jobs", 30 * time.Second, 20},
		"jobs:2m":     {"jobs", 2 * time.Minute, 20},
		"jobs:45:3":   {"jobs", 45 * time.Second, 3},
		"jobs:0s":     {"jobs", 0, 20},
		"jobs:12h:1":  {"jobs", 12 * time.Hour, 1},
		"":            {},
		":1":          {},
		"jobs:x":      {},
		"jobs:1.5s":   {},
		"jobs:13h":    {},
		"jobs:1:0":    {},
		"jobs:1:1001": {},
		"jobs:1:x":    {},
	} {
		got, err := parseSandboxQueue(text)
		if bad := want == (sandboxQueue{}); bad != (err != nil) {
			t.Errorf("%q: %+v, %v", text, got, err)
		} else if diff := cmp.Diff(want, got, cmp.AllowUnexported(sandboxQueue{})); !bad && diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}
