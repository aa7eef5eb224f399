// Package ledgertest is the conformance suite of the ledger: what every
// implementation does with jobs, targets, claims, records, halts and leases. The
// suite drives an implementation through the interface Ledger with a clock of
// its own, and compares it, step by step, with a model in memory (Memory).
package ledgertest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
)

// Suite says what to test, and how hard.
type Suite struct {
	// New makes an empty ledger whose leases are compared with the clock now.
	// The test owns it: register its Close with t.Cleanup.
	New func(t testing.TB, now func() time.Time) Ledger
	// Again opens the same ledger once more, as another process would. May be
	// nil, and then one handle has to do.
	Again func(t testing.TB, l Ledger, now func() time.Time) Ledger
	// Depth is the length of the sequences that are all tried: 8^Depth, each of
	// Depth operations. Defaults to 4.
	Depth int
	// Lossy says that replies get lost on the way to this ledger. A claim whose
	// lease is over at once can then pass to another before its owner learns of
	// it: there may be more attempts than grants.
	Lossy bool
	// Racers is how many goroutines race for a claim. Defaults to 64.
	Racers int
}

// Run runs the suite.
func (s Suite) Run(t *testing.T) {
	if s.Depth == 0 {
		s.Depth = 4
	}
	if s.Racers == 0 {
		s.Racers = 64
	}
	clock := NewClock()
	l := s.New(t, clock.Now)
	e := &Env{L: l, Other: l, Clock: clock, Depth: s.Depth, Racers: s.Racers, Lossy: s.Lossy}
	if s.Again != nil {
		e.Other = s.Again(t, l, clock.Now)
	}
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) { c.Run(t, e) })
	}
	t.Run("model", func(t *testing.T) { property(t, e) })
}

// T is the part of *testing.T that a case uses.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Context() context.Context
}

// Case is one test of the suite.
type Case struct {
	Name string
	Run  func(t T, e *Env)
}

// Env is what the cases of one run share: a ledger, by two handles, and a clock.
// Every case works in jobs of its own.
type Env struct {
	L, Other      Ledger
	Clock         *Clock
	Depth, Racers int
	Lossy         bool

	jobs atomic.Int64
}

// newJob makes a job with the given usernames as targets, one a line.
func (e *Env) newJob(t T, usernames ...string) string {
	t.Helper()
	id := fmt.Sprintf("job-%d", e.jobs.Add(1))
	ctx := t.Context()
	if err := e.L.CreateJob(ctx, job.Job{ID: id, Pool: "eu-west-1_AbCdEf123", Region: "eu-west-1", Created: e.Clock.Now()}); err != nil {
		t.Fatalf("creating a job: %v", err)
	}
	var targets []job.Target
	for i, u := range usernames {
		targets = append(targets, job.Target{Username: job.Username(u), Line: int64(i + 1)})
	}
	if len(targets) > 0 {
		if err := e.L.AddTargets(ctx, id, targets); err != nil {
			t.Fatalf("adding targets: %v", err)
		}
	}
	return id
}

// entries collects what Entries yields.
func entries(t T, l Ledger, id string, f ledger.Filter) []ledger.Entry {
	t.Helper()
	var all []ledger.Entry
	for e, err := range l.Entries(t.Context(), id, f) {
		if err != nil {
			t.Fatalf("reading the entries: %v", err)
		}
		all = append(all, e)
	}
	return all
}

// Clock is a clock that stands still until it is moved.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock makes a clock.
func NewClock() *Clock {
	return &Clock{now: time.Date(2026, time.November, 23, 9, 0, 0, 0, time.UTC)}
}

// Now is the time on the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
