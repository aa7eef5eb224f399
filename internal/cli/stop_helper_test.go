package cli_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"relock/internal/ledger"
	"relock/internal/sandbox"
	"relock/internal/sandbox/account"
	"relock/internal/sandbox/cognito"
	"relock/internal/sandbox/demo"
	"relock/internal/sandbox/fault"
	"relock/internal/sandbox/wire"
)

// stage is the demo's job on a sandbox whose quota lets it end in seconds, and
// what a test waits for in it.
type stage struct {
	*testing.T
	server *sandbox.Server
	pool   *cognito.Pool
	dir    string // where the programs run
	where  []string

	mu    sync.Mutex
	calls map[string]int
	wants []want
}

type want struct {
	action string
	n      int
	seen   chan struct{}
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{T: t, dir: t.TempDir(), calls: make(map[string]int)}
	var err error
	s.server, err = sandbox.New(sandbox.Config{
		Authorize: s.authorize,
		Account:   account.Config{SES: &account.SES{Max24HourSend: -1, MaxSendRate: 1000, ProductionAccess: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.server.SQS().CreateWithDeadLetters("relock", map[string]string{"VisibilityTimeout": "120"}); err != nil {
		t.Fatal(err)
	}
	if err := s.server.Cognito().SetQuota(cognito.UserAccountRecovery, cognito.Limit{Rate: 400, Burst: 400}); err != nil {
		t.Fatal(err)
	}
	if s.pool, err = demo.AddPool(s.server.Cognito()); err != nil {
		t.Fatal(err)
	}
	url, err := s.server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.server.Close(context.Background()) }) // its work is done
	s.where = []string{"--user-pool-id", demo.PoolID, "--queue", url + s.server.SQS().Path("relock"), "--ledger", "file:led", "--rate", "150"}
	return s
}

// authorize allows everything, and tells those who wait that it was asked.
func (s *stage) authorize(_ wire.Caller, action, _ string) *wire.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[action]++
	for _, w := range s.wants {
		if w.action == action && w.n == s.calls[action] {
			close(w.seen)
		}
	}
	return nil
}

// after is closed when the action was called n times more.
func (s *stage) after(action string, n int) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := want{action, s.calls[action] + n, make(chan struct{})}
	s.wants = append(s.wants, w)
	return w.seen
}

// fault puts these faults in force, and no others.
func (s *stage) fault(rules ...string) {
	s.Helper()
	var parsed []fault.Rule
	for _, text := range rules {
		rule, err := fault.Parse(text)
		if err != nil {
			s.Fatal(err)
		}
		parsed = append(parsed, rule)
	}
	if err := s.server.Faults().Set(parsed...); err != nil {
		s.Fatal(err)
	}
}

// turnedList is the demo's list from its last row to its first.
func (s *stage) turnedList() string {
	s.Helper()
	data, err := os.ReadFile("../../examples/users.csv")
	if err != nil {
		s.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	slices.Reverse(lines[1:])
	path := filepath.Join(s.dir, "turned.csv")
	write(s.T, path, strings.Join(lines, "\n")+"\n")
	return path
}

// enqueueDemo sends the demo's list.
func (s *stage) enqueueDemo() *process {
	s.Helper()
	list, err := filepath.Abs("../../examples/users.csv")
	if err != nil {
		s.Fatal(err)
	}
	return s.start("enqueue", "--job", "one", "--yes", "--max-users", "600", list)
}

// totals are the ledger's of the job.
func (s *stage) totals() ledger.Totals {
	s.Helper()
	led, err := ledger.OpenSQLite(filepath.Join(s.dir, "led"), ledger.SQLiteOptions{})
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = led.Close() }() // only read
	t, err := led.Totals(s.Context(), "one")
	if err != nil {
		s.Fatal(err)
	}
	return t
}

// codes are how many users were sent a code, and how many more than one.
func (s *stage) codes() (users, twice int) {
	for u := range s.pool.Users() {
		if n := len(u.Resets); n > 0 {
			users++
			if n > 1 {
				twice++
			}
		}
	}
	return users, twice
}
