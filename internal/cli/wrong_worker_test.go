package cli_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"relock/internal/queue"
	"relock/internal/sandbox"
	"relock/internal/sandbox/account"
	"relock/internal/sandbox/cognito"
)

const (
	rightPool = "eu-west-1_Right0001"
	wrongPool = "eu-west-1_Wrong0001"
	// wrongUsers is the length of the list that a wrong worker finds.
	wrongUsers = 3000
)

// TestWrongWorkers lets a worker with another pool, and one with another ledger, at
// the messages of a job, in SQS and in a file: it halts, and the right worker, which
// is started beside it, resets every user. No message is a dead letter, and no
// target is missing.
func TestWrongWorkers(t *testing.T) {
	for _, kind := range []string{"sqs", "file"} {
		for _, wrong := range []string{"pool", "ledger"} {
			t.Run(kind+", another "+wrong, func(t *testing.T) {
				t.Parallel()
				wrongWorker(t, kind, wrong)
			})
		}
	}
}

func wrongWorker(t *testing.T, kind, wrong string) {
	s := wrongStage(t)
	q := "file:q"
	if kind == "sqs" {
		q = s.server.URL() + s.server.SQS().Path("relock")
	}
	s.where = []string{"--queue", q}
	list := s.list("all.csv", wrongUsers)
	s.start("enqueue", "--user-pool-id", rightPool, "--ledger", "file:led", "--job", "one", "--yes", "--max-users", "5000", list).end(0)

	args := []string{"--user-pool-id", wrongPool, "--ledger", "file:led"}
	if wrong == "ledger" {
		s.start("enqueue", "--user-pool-id", rightPool, "--ledger", "file:led2", "--job", "two", "--yes", "--max-users", "5", s.list("few.csv", 3)).end(0)
		args = []string{"--user-pool-id", rightPool, "--ledger", "file:led2"}
	} else {
		said := s.start("worker", append(args, "--drain")...).end(2)
		if !strings.Contains(said, "there is one for "+rightPool) {
			t.Errorf("a drain for the wrong pool says:\n%s", said)
		}
	}
	halted := s.serve("halted: ", args...)
	if !strings.Contains(halted, "reason=foreign_messages") {
		t.Errorf("the wrong worker says: %s", halted)
	}

	s.start("worker", "--user-pool-id", rightPool, "--ledger", "file:led", "--drain", "--rate", "1500", "--force", "rate_over_quota").end(0)
	s.wantAllReset()
	if kind == "sqs" {
		d, err := s.server.SQS().Depth("relock-dlq")
		if err != nil || d.Visible+d.InFlight+d.Delayed != 0 {
			t.Errorf("dead letters: %+v, %v", d, err)
		}
		return
	}
	file, err := queue.OpenFile(filepath.Join(s.dir, "q"), queue.FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }() // only read
	if n, err := file.DeadLetterCount(t.Context()); err != nil || n != 0 {
		t.Errorf("dead letters: %d, %v", n, err)
	}
}

// wrongStage is a sandbox with two pools, of which one has all users.
func wrongStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{T: t, dir: t.TempDir(), calls: make(map[string]int)}
	var err error
	if s.server, err = sandbox.New(sandbox.Config{
		Authorize: s.authorize,
		Account:   account.Config{SES: &account.SES{Max24HourSend: -1, MaxSendRate: 1000, ProductionAccess: true}},
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.server.SQS().CreateWithDeadLetters("relock", nil); err != nil {
		t.Fatal(err)
	}
	if err := s.server.Cognito().SetQuota(cognito.UserAccountRecovery, cognito.Limit{Rate: 1e6, Burst: 1e6}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.server.Cognito().AddPool(cognito.PoolConfig{ID: wrongPool}); err != nil {
		t.Fatal(err)
	}
	if s.pool, err = s.server.Cognito().AddPool(cognito.PoolConfig{ID: rightPool, EmailSendingAccount: "DEVELOPER"}); err != nil {
		t.Fatal(err)
	}
	for i := range wrongUsers {
		name := fmt.Sprintf("user%04d", i)
		if err := s.pool.Seed(cognito.Seed{Username: name, Email: name + "@example.com", EmailVerified: true}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.server.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.server.Close(context.Background()) }) // its work is done
	return s
}

// list writes a list of the first n users.
func (s *stage) list(name string, n int) string {
	s.Helper()
	var b strings.Builder
	b.WriteString("username\n")
	for i := range n {
		fmt.Fprintf(&b, "user%04d\n", i)
	}
	path := filepath.Join(s.dir, name)
	write(s.T, path, b.String())
	return path
}

// serve starts a worker as a service that runs until the end of the test, and waits
// for a line of its log that contains text.
func (s *stage) serve(text string, args ...string) string {
	s.Helper()
	if err := binaries(); err != nil {
		s.Fatalf("building the programs: %v", err)
	}
	cmd := exec.Command(filepath.Join(programs, "worker"), append(s.where[:len(s.where):len(s.where)], args...)...)
	cmd.Dir, cmd.Env = s.dir, s.env()
	log, err := cmd.StderrPipe()
	if err != nil {
		s.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	kill := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
	var said strings.Builder
	for lines := bufio.NewScanner(log); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), text) {
			go func() { _, _ = io.Copy(io.Discard, log) }() // a full pipe would stop it
			s.Cleanup(func() {
				kill.Stop()
				_ = cmd.Process.Signal(syscall.SIGTERM)
				_ = cmd.Wait() // how it ends is not what is tested
			})
			return lines.Text()
		}
	}
	s.Fatalf("the worker never said %q:\n%s", text, &said)
	return ""
}

// wantAllReset checks that every target of the job was reset, once.
func (s *stage) wantAllReset() {
	s.Helper()
	t := s.totals()
	if t.Outcomes["reset"] != wrongUsers || t.Pending != 0 || t.Targets != wrongUsers {
		s.Errorf("the ledger has %+v", t)
	}
	if users, twice := s.codes(); users != wrongUsers || twice != 0 {
		s.Errorf("%d users were sent a code, %d of them more than one", users, twice)
	}
}
