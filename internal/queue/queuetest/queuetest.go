// Package queuetest is the conformance suite of the queues: what every
// queue.Transport does with visibility, receive counts, handles and dead
// letters. It runs over queues that we wrote, on the clock of a synctest bubble,
// and over SQS and its stand-ins, in real time.
package queuetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"relock/internal/queue"
)

// Queue is one empty queue.
type Queue struct {
	// T is the queue, Other the same by another handle, as another process has
	// it. Other may be nil.
	T, Other queue.Transport
	// Dead returns the bodies in the dead-letter queue, at most a few. It may be
	// nil if they cannot be looked at.
	Dead func(ctx context.Context) ([]string, error)
}

// Suite says what to test.
type Suite struct {
	// New makes a fresh, empty queue whose messages become dead letters when they
	// would be received once more than maxReceives. The test owns it: what has to
	// be closed is registered with t.Cleanup.
	New func(t testing.TB, maxReceives int) Queue
	// Bubble runs every case in a synctest bubble. The queue must not need
	// sockets or other processes.
	Bubble bool
	// Unit is the shortest visibility that the queue can tell apart, and about
	// the precision of its clock. Defaults to a second, as in SQS.
	Unit time.Duration
	// Lenient leaves out what SQS does and some stand-ins for it do not. The
	// names are those of the constants.
	Lenient []Leniency
}

// Leniency is something that SQS does and a server need not.
type Leniency string

// What can be left out.
const (
	// DepthLags: the counts of Depth are late or wrong.
	DepthLags Leniency = "depth lags"
	// OldHandlesWork: the handle of an earlier receive still deletes a message
	// that somebody else has received since.
	OldHandlesWork Leniency = "old handles work"
	// StaleChanges: visibility can be changed through a handle whose visibility
	// ran out.
	StaleChanges Leniency = "stale changes"
	// DeletedChanges: changing the visibility of a deleted message is not an
	// error.
	DeletedChanges Leniency = "deleted changes"
	// LostPolls: a long poll whose client has gone still takes a message.
	LostPolls Leniency = "lost polls"
	// Duplicates: with many consumers, a message comes twice now and then. SQS
	// does so too, but seldom.
	Duplicates Leniency = "duplicates"
	// NarrowText: characters beyond U+FFFF are refused.
	NarrowText Leniency = "narrow text"
	// GarbageHandles: what is no handle at all is not ErrStale.
	GarbageHandles Leniency = "garbage handles"
)

// Run runs the suite. Every case gets a queue of its own.
func (s Suite) Run(t *testing.T) {
	if s.Unit == 0 {
		s.Unit = time.Second
	}
	var wg sync.WaitGroup
	for _, c := range Cases() {
		run := func() {
			s.run(t, c.Name, c.maxReceives(), func(t *testing.T, e *Env) { c.Run(t, e) })
		}
		if s.Bubble {
			run()
		} else {
			// Most of it is waiting, so all at once, and not the few that
			// t.Parallel would allow.
			wg.Go(run)
		}
	}
	wg.Wait()
	if s.Bubble { // in real time it would take hours
		s.run(t, "model", 1000, property)
	}
}

// run runs one test on a queue of its own.
func (s Suite) run(t *testing.T, name string, maxReceives int, test func(*testing.T, *Env)) {
	t.Run(name, func(t *testing.T) {
		if s.Bubble {
			synctest.Test(t, func(t *testing.T) { test(t, s.env(t, maxReceives)) })
			return
		}
		test(t, s.env(t, maxReceives))
	})
}

func (s Suite) env(t *testing.T, maxReceives int) *Env {
	e := &Env{Queue: s.New(t, maxReceives), Unit: s.Unit, Exact: s.Bubble, lenient: make(map[Leniency]bool)}
	if e.Other == nil {
		e.Other = e.T
	}
	for _, l := range s.Lenient {
		e.lenient[l] = true
	}
	return e
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
	// MaxReceives of the queue; 0 is many.
	MaxReceives int
	Run         func(t T, e *Env)
}

func (c Case) maxReceives() int {
	if c.MaxReceives == 0 {
		return queue.DefaultMaxReceives
	}
	return c.MaxReceives
}

// Env is what a case works with.
type Env struct {
	Queue
	// Unit is the visibility that the cases count in.
	Unit time.Duration
	// Exact says that the clock is a bubble's.
	Exact   bool
	lenient map[Leniency]bool
}

// send sends bodies in batches, and fails the case where one is refused.
func (e *Env) send(t T, bodies ...string) {
	t.Helper()
	for len(bodies) > 0 {
		n := min(len(bodies), queue.MaxBatch)
		var batch [][]byte
		for _, b := range bodies[:n] {
			batch = append(batch, []byte(b))
		}
		errs, err := e.T.Send(t.Context(), batch)
		check(t, "sending", n, errs, err)
		bodies = bodies[n:]
	}
}

// check fails the case unless a batch call did all that it was asked for.
func check(t T, what string, n int, errs []error, err error) {
	t.Helper()
	if err != nil || len(errs) != n {
		t.Fatalf("%s: %d answers to %d entries, error %v", what, len(errs), n, err)
	}
	for i, err := range errs {
		if err != nil {
			t.Fatalf("%s: entry %d: %v", what, i, err)
		}
	}
}

// receive collects exactly n deliveries, in as many calls as it takes; SQS may
// answer with fewer than there are. It waits up to 5 units for the last.
func (e *Env) receive(t T, n int, visibility time.Duration) []queue.Delivery {
	t.Helper()
	var all []queue.Delivery
	for end := time.Now().Add(5 * e.Unit); len(all) < n && !time.Now().After(end); {
		ds, err := e.T.Receive(t.Context(), min(n-len(all), queue.MaxBatch), e.Unit, visibility)
		if err != nil {
			t.Fatalf("receiving: %v", err)
		}
		all = append(all, ds...)
	}
	if len(all) != n {
		t.Fatalf("%d messages came, want %d", len(all), n)
	}
	return all
}

// nothing fails the case if a message is visible now.
func (e *Env) nothing(t T, when string) {
	t.Helper()
	ds, err := e.Other.Receive(t.Context(), queue.MaxBatch, 0, e.Unit)
	if err != nil || len(ds) != 0 {
		t.Fatalf("%s: %d messages, error %v, want none", when, len(ds), err)
	}
}

// remove deletes deliveries.
func (e *Env) remove(t T, ds ...queue.Delivery) {
	t.Helper()
	for len(ds) > 0 {
		n := min(len(ds), queue.MaxBatch)
		var handles []string
		for _, d := range ds[:n] {
			handles = append(handles, d.Handle)
		}
		errs, err := e.Other.Delete(t.Context(), handles)
		check(t, "deleting", n, errs, err)
		ds = ds[n:]
	}
}

// change changes one visibility and returns the entry's error.
func (e *Env) change(t T, handle string, timeout time.Duration) error {
	t.Helper()
	errs, err := e.T.ChangeVisibility(t.Context(), []queue.Visibility{{Handle: handle, Timeout: timeout}})
	if err != nil || len(errs) != 1 {
		t.Fatalf("changing the visibility: %d answers, error %v", len(errs), err)
	}
	return errs[0]
}

// sleep lets time pass: units of visibility, and, in real time, a little more.
func (e *Env) sleep(units float64) {
	d := time.Duration(units * float64(e.Unit))
	if !e.Exact {
		d += e.Unit / 4
	}
	time.Sleep(d)
}

// depth fails the case unless the queue comes to count so many messages.
func (e *Env) depth(t T, want queue.Depth) {
	t.Helper()
	if e.lenient[DepthLags] {
		return
	}
	got, err := e.Other.Depth(t.Context())
	if err != nil || got != want {
		t.Errorf("depth %+v, error %v, want %+v", got, err, want)
	}
}

// bodies are n different ones.
func bodies(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(`{"v":1,"n":%d}`, i)
	}
	return all
}
