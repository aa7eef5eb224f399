package cli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"relock/internal/ledger"
	"relock/internal/peers/servers"
	"relock/internal/sandbox"
	"relock/internal/sandbox/account"
	"relock/internal/sandbox/cognito"
	"relock/internal/sandbox/wire"
	"relock/internal/sqlite"
)

const (
	firstKey  = "AKIAFIRSTWORKER00001"
	secondKey = "AKIASECONDWORKER0002"
	// takeoverWithin is what is promised after the active worker's silence.
	takeoverWithin = 30 * time.Second
)

// relay is a job, a sandbox, and two workers that have access keys of their own,
// so that the sandbox's log tells them apart.
type relay struct {
	*testing.T
	server   *sandbox.Server
	programs string
	dir      string
	where    []string
	env      []string
	ways     map[string]string // by access key: an endpoint of DynamoDB

	mu    sync.Mutex
	calls map[string]int // to Cognito, by access key
	wants []keyed
}

type keyed struct {
	key  string
	n    int
	seen chan struct{}
}

// newRelay enqueues a job that takes two minutes.
func newRelay(t *testing.T, programs, ledger string, args, env []string) *relay {
	t.Helper()
	r := &relay{T: t, programs: programs, dir: t.TempDir(), calls: map[string]int{}, ways: map[string]string{}}
	var err error
	if r.server, err = sandbox.New(sandbox.Config{
		Authorize: r.authorize,
		Account:   account.Config{SES: &account.SES{Max24HourSend: -1, MaxSendRate: 1000, ProductionAccess: true}},
	}); err != nil {
		t.Fatal(err)
	}
	const users = 3000
	pool, err := r.server.Cognito().AddPool(cognito.PoolConfig{ID: "eu-west-1_Takeover1", EmailSendingAccount: "DEVELOPER"})
	if err != nil {
		t.Fatal(err)
	}
	var list strings.Builder
	list.WriteString("username\n")
	for i := range users {
		name := fmt.Sprintf("user%04d", i)
		list.WriteString(name + "\n")
		if err := pool.Seed(cognito.Seed{Username: name, Email: name + "@example.com", EmailVerified: true}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.server.SQS().CreateWithDeadLetters("relock", nil); err != nil {
		t.Fatal(err)
	}
	url, err := r.server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.server.Close(context.Background()) }) // its work is done
	r.where = []string{"--user-pool-id", pool.ID(), "--queue", url + r.server.SQS().Path("relock"), "--ledger", ledger}
	r.env = append([]string{
		"HOME=" + r.dir, "PATH=" + os.Getenv("PATH"), "AWS_ENDPOINT_URL=" + url, "AWS_SECRET_ACCESS_KEY=secret",
		"AWS_EC2_METADATA_DISABLED=true", "RELOCK_METRICS_LISTEN=off",
	}, env...)
	write(t, filepath.Join(r.dir, "users.csv"), list.String())
	p := r.start("AKIAENQUEUE000000003", "enqueue", append(args, "--sample", "0", "--yes", "--max-users", "5000", "users.csv")...)
	if err := p.cmd.Wait(); err != nil {
		t.Fatalf("enqueue: %v\n%s", err, &p.out)
	}
	return r
}

// authorize allows everything, and tells those who wait who has called Cognito.
func (r *relay) authorize(caller wire.Caller, action, _ string) *wire.Error {
	if action != "cognito-idp:AdminResetUserPassword" && action != "cognito-idp:AdminGetUser" {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls[caller.AccessKeyID]++
	for _, w := range r.wants {
		if w.key == caller.AccessKeyID && w.n == r.calls[w.key] {
			close(w.seen)
		}
	}
	return nil
}

// called waits until somebody has made n more calls, and returns how long that
// took.
func (r *relay) called(key string, n int, within time.Duration) time.Duration {
	r.Helper()
	begun := time.Now()
	r.mu.Lock()
	w := keyed{key, r.calls[key] + n, make(chan struct{})}
	r.wants = append(r.wants, w)
	r.mu.Unlock()
	select {
	case <-w.seen:
	case <-time.After(within):
		r.Fatalf("%s made no %d calls within %v", key, n, within)
	}
	return time.Since(begun)
}

// runner is a program that runs.
type runner struct {
	cmd *exec.Cmd
	out bytes.Buffer
}

func (r *relay) start(key, program string, args ...string) *runner {
	r.Helper()
	p := &runner{cmd: exec.Command(filepath.Join(r.programs, program), append(r.where[:len(r.where):len(r.where)], args...)...)}
	p.cmd.Dir, p.cmd.Env = r.dir, append(r.env[:len(r.env):len(r.env)], "AWS_ACCESS_KEY_ID="+key)
	if way := r.ways[key]; way != "" {
		p.cmd.Env = append(p.cmd.Env, "AWS_ENDPOINT_URL_DYNAMODB="+way)
	}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	if err := p.cmd.Start(); err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
		if r.Failed() {
			r.Logf("%s %s said:\n%s", program, key, tail(p.out.String()))
		}
	})
	return p
}

func tail(s string) string { return s[max(0, len(s)-1500):] }

func (r *relay) signal(p *runner, sig syscall.Signal) {
	r.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		r.Fatal(err)
	}
}

// stop stops a worker between two writes to its ledger: one that is stopped in the
// middle of a write keeps the file locked (docs/promises.md).
func (r *relay) stop(p *runner) {
	r.Helper()
	for range 100 {
		r.signal(p, syscall.SIGSTOP)
		var status syscall.WaitStatus
		if _, err := syscall.Wait4(p.cmd.Process.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
			r.Fatalf("waiting for the worker to stop: %v, %v", status, err)
		}
		other, err := ledger.OpenSQLite(filepath.Join(r.dir, "ledger"), ledger.SQLiteOptions{BusyTimeout: 20 * time.Millisecond})
		if err != nil {
			r.Fatal(err)
		}
		err = other.ClearHalt(r.Context(), "none") // it writes
		if err := other.Close(); err != nil {
			r.Fatal(err)
		}
		if err == nil {
			return
		}
		if !errors.Is(err, sqlite.ErrLocked) {
			r.Fatal(err)
		}
		r.Logf("%v", err)
		r.signal(p, syscall.SIGCONT)
	}
	r.Fatal("the worker always writes")
}

// wantTurns checks in the sandbox's log that the first worker's calls had all
// arrived before the second's first.
func (r *relay) wantTurns() {
	r.Helper()
	var first, second time.Time // the last of the one, the first of the other
	for _, c := range r.server.Log().Calls("cognito-idp", "") {
		switch {
		case c.Operation != "AdminResetUserPassword" && c.Operation != "AdminGetUser": // the pool is looked at by each
		case c.AccessKeyID == firstKey && c.At.After(first):
			first = c.At
		case c.AccessKeyID == secondKey && (second.IsZero() || c.At.Before(second)):
			second = c.At
		}
	}
	if first.IsZero() || second.IsZero() || !first.Before(second) {
		r.Errorf("the first worker called until %v, the second from %v", first, second)
	}
	if n := r.server.Log().Count("cognito-idp", "AdminResetUserPassword", "TooManyRequestsException"); n != 0 {
		r.Errorf("%d calls were throttled", n)
	}
}

// build builds the programs.
func build(t *testing.T, flags ...string) string {
	t.Helper()
	dir := t.TempDir()
	args := append(append([]string{"build", "-o", dir}, flags...), "relock/cmd/enqueue", "relock/cmd/worker")
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	return dir
}

// TestTakeover lets an active worker end in several ways, and looks in the
// sandbox's log when the standby calls, and that the two never do at once.
func TestTakeover(t *testing.T) {
	t.Parallel()
	plain := build(t)
	// Without the look for the dead process, as between hosts.
	patient := build(t, "-ldflags", "-X relock/internal/cli.lookForProcess=no")

	for name, c := range map[string]struct {
		programs string
		sig      syscall.Signal
		from, to time.Duration // when the standby calls
		goOn     bool          // the first worker does, afterwards
	}{
		"ended":             {plain, syscall.SIGTERM, 0, 10 * time.Second, false},
		"killed":            {plain, syscall.SIGKILL, 0, 10 * time.Second, false},
		"killed, host gone": {patient, syscall.SIGKILL, 18 * time.Second, takeoverWithin, false},
		"stopped":           {plain, syscall.SIGSTOP, 18 * time.Second, takeoverWithin, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRelay(t, c.programs, "file:ledger", nil, nil)
			a := r.start(firstKey, "worker")
			r.called(firstKey, 20, 20*time.Second)
			b := r.start(secondKey, "worker")
			r.called(firstKey, 100, 20*time.Second)
			if c.sig == syscall.SIGSTOP {
				r.stop(a)
			} else {
				r.signal(a, c.sig)
			}
			took := r.called(secondKey, 1, takeoverWithin+10*time.Second)
			if took < c.from || took > c.to {
				t.Errorf("the standby called after %v, want %v to %v", took, c.from, c.to)
			}
			t.Logf("the standby called after %v", took)
			r.called(secondKey, 20, 10*time.Second) // the log has the first by then
			if c.goOn {
				r.signal(a, syscall.SIGCONT)
				r.called(secondKey, 100, 20*time.Second)
			}
			r.wantTurns()
			r.signal(b, syscall.SIGTERM)
			if err := b.cmd.Wait(); err != nil {
				t.Errorf("the second worker: %v", err)
			}
			if n := strings.Count(b.out.String(), "standing by"); n != 1 {
				t.Errorf("it says %d times that it stands by", n)
			}
			if c.goOn { // it is its turn again
				r.called(firstKey, 1, 10*time.Second)
			}
		})
	}
}

// TestTakeoverOnDynalite cuts the active worker off from the ledger and nothing
// else: it falls silent, the standby calls, and when the ledger is back it stands
// by.
func TestTakeoverOnDynalite(t *testing.T) {
	t.Parallel()
	dynalite := servers.StartDynalite(t)
	cut := servers.StartToxiproxy(t, dynalite)
	r := newRelay(t, build(t), "dynamodb://relock", []string{"--create-table"}, []string{"AWS_ENDPOINT_URL_DYNAMODB=" + dynalite})
	r.ways[firstKey] = cut.URL
	a := r.start(firstKey, "worker")
	r.called(firstKey, 20, 20*time.Second)
	b := r.start(secondKey, "worker")
	r.called(firstKey, 100, 20*time.Second)
	cut.Cut()
	took := r.called(secondKey, 1, takeoverWithin+10*time.Second)
	if took < 18*time.Second || took > takeoverWithin {
		t.Errorf("the standby called after %v", took)
	}
	t.Logf("the standby called after %v", took)
	cut.Mend()
	r.called(secondKey, 300, 30*time.Second)
	r.wantTurns()
	for _, p := range []*runner{a, b} {
		r.signal(p, syscall.SIGTERM)
		if err := p.cmd.Wait(); err != nil {
			t.Errorf("a worker: %v", err)
		}
		if n := strings.Count(p.out.String(), `msg="standing by: `); n != 1 {
			t.Errorf("it says %d times that it stands by", n)
		}
	}
}
