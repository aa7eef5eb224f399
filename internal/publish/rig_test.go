package publish

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/ledger/ledgertest"
	"relock/internal/queue"
	"relock/internal/queue/queuefake"
)

const (
	jobID = "inc-1"
	pool  = "eu-west-1_AbCdEf123"
)

var errServer = errors.New("internal error")

// rig is a ledger, a queue and a list of two files.
type rig struct {
	t    *testing.T
	led  *flaky
	q    *queuefake.Queue
	list []job.Target
	cfg  Config
	told atomic.Int64
}

// bubble runs f with a rig for n targets in a synctest bubble.
func bubble(t *testing.T, n int, f func(t *testing.T, r *rig)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, led: &flaky{Memory: ledgertest.NewMemory("ledger-1", nil)}, q: queuefake.New()}
		for i := range n {
			tg := job.Target{Username: job.Username(fmt.Sprintf("person-%d", i)), Line: int64(i + 2)}
			if i >= n/2 { // the second list counts its lines anew
				tg.File, tg.Line = 1, int64(i-n/2+2)
			}
			r.list = append(r.list, tg)
		}
		j := job.Job{ID: jobID, Pool: pool, Region: "eu-west-1", Created: time.Now(), Policy: job.Policy{Metadata: map[string]string{"case": "1"}}}
		r.ok(r.led.CreateJob(t.Context(), j))
		r.ok(r.led.SetState(t.Context(), jobID, job.StateOpen, time.Now()))
		r.cfg = Config{Ledger: r.led, Transport: listed{r.q, r}, Job: j, Progress: func(n int) { r.told.Add(int64(n)) }}
		f(t, r)
	})
}

func (r *rig) ok(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// targets yields the list, and then err if it is not nil.
func (r *rig) targets(err error) iter.Seq2[job.Target, error] {
	return func(yield func(job.Target, error) bool) {
		for _, t := range r.list {
			if !yield(t, nil) {
				return
			}
		}
		if err != nil {
			yield(job.Target{}, err)
		}
	}
}

func (r *rig) publish() (Result, error) { return Publish(r.t.Context(), r.cfg, r.targets(nil)) }

// messages counts the messages of each user.
func (r *rig) messages() map[string]int {
	r.t.Helper()
	m := map[string]int{}
	for _, msg := range r.q.Messages() {
		d, err := queue.Decode([]byte(msg.Body))
		r.ok(err)
		m[string(d.Username)]++
	}
	return m
}

// wantAll checks that every target is in the ledger, has a message, and at most n.
func (r *rig) wantAll(most int) {
	r.t.Helper()
	m := r.messages()
	for _, t := range r.list {
		if k := m[string(t.Username)]; k < 1 || k > most {
			r.t.Errorf("line %d has %d messages, want 1 to %d", t.Line, k, most)
		}
	}
	r.wantSent(ledger.SentAll)
	totals, err := r.led.Totals(r.t.Context(), jobID)
	r.ok(err)
	if int(totals.Targets) != len(r.list) || len(m) != len(r.list) {
		r.t.Errorf("%d targets are listed, %d have messages, want %d", totals.Targets, len(m), len(r.list))
	}
}

func (r *rig) wantSent(want int64) {
	r.t.Helper()
	sent, err := r.led.Sent(r.t.Context(), jobID)
	r.ok(err)
	if sent != want {
		r.t.Errorf("the ledger says sent up to %d, want %d", sent, want)
	}
}

// listed is a queue that insists on targets being in the ledger first.
type listed struct {
	*queuefake.Queue
	r *rig
}

func (l listed) Send(ctx context.Context, bodies [][]byte) ([]error, error) {
	for _, b := range bodies {
		m, err := queue.Decode(b)
		if err != nil || m.Job != jobID || m.Ledger != "ledger-1" || m.Pool != pool {
			l.r.t.Errorf("a message is %+v, %v", m, err)
		}
		if _, ok := l.r.led.have.Load(m.Username); !ok {
			l.r.t.Error("a message was sent before its target was in the ledger")
		}
	}
	return l.Queue.Send(ctx, bodies)
}

// flaky is a ledger that fails as it is told.
type flaky struct {
	*ledgertest.Memory
	add, sent atomic.Pointer[error]
	locked    atomic.Int64 // how long SetSent waits
	have      sync.Map     // the usernames that are listed
}

func (f *flaky) AddTargets(ctx context.Context, id string, targets []job.Target) error {
	if err := f.add.Load(); err != nil {
		return *err
	}
	for _, t := range targets {
		defer f.have.Store(t.Username, true)
	}
	return f.Memory.AddTargets(ctx, id, targets)
}

func (f *flaky) SetSent(ctx context.Context, id string, place int64) error {
	if err := f.sent.Load(); err != nil {
		return *err
	}
	if d := time.Duration(f.locked.Load()); d > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(d):
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return f.Memory.SetSent(ctx, id, place)
}
