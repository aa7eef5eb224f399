package cli_test

import (
	"bufio"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// watchedJob is what the test reads of `job status --json`.
type watchedJob struct {
	Pending  int64 `json:"pending"`
	Worker   *struct{}
	Progress struct {
		State, Text, Start string
		Pace, Rate         float64
		Left               *float64 `json:"left_seconds"`
		Waiting            *struct {
			Messages int64
			Until    time.Time
		}
	}
}

// status runs `job status` and returns what it writes.
func (s *stage) status(args ...string) string {
	s.Helper()
	cmd := exec.Command(filepath.Join(programs, "job"), append([]string{"status", "--ledger", "file:led"}, args...)...)
	cmd.Dir, cmd.Env = s.dir, s.env()
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// A worker is killed: nobody claims that somebody works. The next one goes on, and
// then waits for the messages of the first: it says so, and until when.
func TestStatusAfterAKill(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux says at once that a process has ended")
	}
	t.Parallel()
	s := newStage(t)
	s.enqueueDemo().end(0)
	if out := s.status(); !strings.Contains(out, "pace      no worker is active; start one: worker --user-pool-id ") || !strings.Contains(out, "progress  0 of 588 done, 0 failed\n") {
		t.Errorf("before a worker:\n%s", out)
	}
	first := s.start("worker", "--drain", "--visibility", "5m")
	killed := first.signal(syscall.SIGKILL, s.after(resetCall, 150))
	first.end(-1)
	out := s.status()
	if !strings.Contains(out, "no worker is active, the last one was heard of ") || strings.Contains(out, " left") {
		t.Errorf("after the kill:\n%s", out)
	}
	var j watchedJob
	if err := json.Unmarshal([]byte(s.status("--json")), &j); err != nil {
		t.Fatal(err)
	}
	if p := j.Progress; p.State != "no_worker" || p.Pace != 0 || p.Rate != 0 || p.Left != nil || !strings.HasSuffix(p.Start, " --ledger file:led --drain") || j.Worker != nil {
		t.Errorf("after the kill, in JSON: %+v", j)
	}

	s.start("worker", "--drain") // on the same host: it need not wait for the lease
	cmd := exec.Command(filepath.Join(programs, "job"), "status", "--ledger", "file:led", "--watch", "--every", "200ms", "--json")
	cmd.Dir, cmd.Env = s.dir, s.env()
	lines, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }() // it would watch for minutes
	for in := bufio.NewScanner(lines); in.Scan(); {
		j = watchedJob{}
		if err := json.Unmarshal(in.Bytes(), &j); err != nil {
			t.Fatalf("%v: %s", err, in.Bytes())
		}
		if j.Progress.Left != nil && (*j.Progress.Left <= 0 || j.Progress.State != "working") {
			t.Errorf("a time left that is none: %s", in.Bytes())
		}
		if j.Progress.State == "waiting_for_messages" {
			break
		}
	}
	p := j.Progress
	if p.State != "waiting_for_messages" || p.Waiting == nil || p.Waiting.Messages < j.Pending || p.Pace != 0 || p.Rate != 0 || p.Left != nil {
		t.Fatalf("while it waits: %+v", j)
	}
	// The visibility counts from the last receive or extension, which was before the
	// kill.
	if late := p.Waiting.Until.Sub(killed.Add(5 * time.Minute)); late < -time.Second || late > 20*time.Second {
		t.Errorf("the messages are to come back at %v; the worker was killed at %v", p.Waiting.Until, killed)
	}
	want := "they come back by " + p.Waiting.Until.UTC().Format("15:04:05 UTC")
	if out := s.status(); !strings.Contains(p.Text, want) || !strings.Contains(out, want) {
		t.Errorf("in words, want %q: %q and\n%s", want, p.Text, out)
	}
}
