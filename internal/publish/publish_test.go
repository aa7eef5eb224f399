package publish

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
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
	have      sync.Map // the usernames that are listed
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
	if err := ctx.Err(); err != nil {
		return err
	}
	return f.Memory.SetSent(ctx, id, place)
}

func TestPublish(t *testing.T) {
	bubble(t, 4503, func(t *testing.T, r *rig) {
		r.list[7].Metadata = map[string]string{"case": "2", "x": "y"}
		res, err := r.publish()
		r.ok(err)
		if res.Sent != 4503 || res.Earlier != 0 || r.told.Load() != 4503 {
			t.Errorf("%+v, told of %d", res, r.told.Load())
		}
		r.wantAll(1)
		if n := len(r.q.Calls(queuefake.Send)); n > 4503/10+4 {
			t.Errorf("%d calls for 4503 messages", n)
		}
		for _, m := range r.q.Messages() {
			d, err := queue.Decode([]byte(m.Body))
			r.ok(err)
			if d.Username == r.list[7].Username && (d.Metadata["case"] != "2" || d.Metadata["x"] != "y") ||
				d.Username == r.list[8].Username && (d.Metadata["case"] != "1" || len(d.Metadata) != 1) {
				t.Errorf("metadata %v", d.Metadata)
			}
		}
		// The same again sends nothing.
		res, err = r.publish()
		if err != nil || res.Sent != 0 || res.Earlier != 4503 {
			t.Errorf("%+v, %v", res, err)
		}
		r.wantAll(1)
	})
}

func TestAnEmptyList(t *testing.T) {
	bubble(t, 0, func(t *testing.T, r *rig) {
		res, err := r.publish()
		if err != nil || res != (Result{}) {
			t.Errorf("%+v, %v", res, err)
		}
		r.wantAll(0)
	})
}

// What fails is sent again, and nothing else.
func TestWhatFailsIsSentAgain(t *testing.T) {
	every := func(k int64, err error) func(string) error {
		var n atomic.Int64
		return func(op string) error {
			if op == queuefake.Send && n.Add(1)%k == 0 {
				return err
			}
			return nil
		}
	}
	entries := func(err error) func(string, []byte) error {
		f := every(7, err)
		return func(op string, _ []byte) error { return f(op) }
	}
	var hung atomic.Int64
	for name, c := range map[string]struct {
		faults queuefake.Faults
		most   int // messages of one target
	}{
		"calls":                  {queuefake.Faults{Call: every(5, errServer)}, 1},
		"replies":                {queuefake.Faults{Reply: every(5, errServer)}, 8},
		"entries":                {queuefake.Faults{Entry: entries(&queue.EntryError{Code: "InternalError"})}, 1},
		"entries without a word": {queuefake.Faults{Entry: entries(queue.ErrNoAnswer)}, 8},
		"a call that never returns": {queuefake.Faults{Delay: func(op string) time.Duration {
			if op == queuefake.Send && hung.Add(1) == 3 {
				return 1000 * time.Hour
			}
			return time.Millisecond
		}}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, 503, func(t *testing.T, r *rig) {
				r.q.SetFaults(c.faults)
				begun := time.Now()
				res, err := r.publish()
				r.ok(err)
				if d := time.Since(begun); d > 3*time.Minute {
					t.Errorf("it took %v", d)
				}
				if res.Sent != 503 || r.told.Load() != 503 {
					t.Errorf("%+v, told of %d", res, r.told.Load())
				}
				r.wantAll(c.most)
			})
		})
	}
}

// What would be refused again is not tried again, and what was sent is said.
func TestHopelessErrorsStop(t *testing.T) {
	for name, c := range map[string]struct {
		faults queuefake.Faults
		calls  int
		within time.Duration
		says   string
	}{
		"the queue is gone": {queuefake.Faults{Call: func(string) error { return queue.ErrNoQueue }}, 4, time.Second, "does not exist"},
		"a message is refused": {queuefake.Faults{Entry: func(_ string, b []byte) error {
			if strings.Contains(string(b), `"person-33"`) {
				return &queue.EntryError{Code: "InvalidMessageContents", SenderFault: true}
			}
			return nil
		}}, 15, time.Second, "refused again"},
		"nothing is ever accepted": {queuefake.Faults{Call: func(string) error { return errServer }}, 4 * 8, 2 * time.Minute, "attempt 8"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, 100, func(t *testing.T, r *rig) {
				r.q.SetFaults(c.faults)
				r.cfg.Concurrency = 4
				begun := time.Now()
				res, err := r.publish()
				if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "person") {
					t.Errorf("%v", err)
				}
				if d := time.Since(begun); d > c.within {
					t.Errorf("it took %v", d)
				}
				if n := len(r.q.Calls(queuefake.Send)); n > c.calls {
					t.Errorf("%d calls", n)
				}
				if int(res.Sent) != len(r.messages()) {
					t.Errorf("said to be sent: %d, in the queue: %d", res.Sent, len(r.messages()))
				}
				// Mended, the same call does the rest.
				r.q.SetFaults(queuefake.Faults{})
				again, err := r.publish()
				r.ok(err)
				r.wantAll(2)
				if int(again.Earlier+again.Sent) != 100 {
					t.Errorf("%+v, then %+v", res, again)
				}
			})
		})
	}
}

// An interrupted publication goes on where it stopped, whatever list it was in.
func TestInterrupted(t *testing.T) {
	for _, stopAfter := range []int{1, 30, 61, 99} {
		t.Run(fmt.Sprint(stopAfter), func(t *testing.T) {
			bubble(t, 1000, func(t *testing.T, r *rig) {
				cause := errors.New("SIGTERM")
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				var calls atomic.Int64
				r.q.SetFaults(queuefake.Faults{
					Delay: func(string) time.Duration { return 50 * time.Millisecond },
					Call: func(string) error {
						if calls.Add(1) == int64(stopAfter) {
							cancel(cause)
						}
						return nil
					},
				})
				r.cfg.Concurrency = 4
				res, err := Publish(ctx, r.cfg, r.targets(nil))
				if !errors.Is(err, cause) {
					t.Errorf("%v", err)
				}
				if int(res.Sent) > len(r.messages()) {
					t.Errorf("said to be sent: %d, in the queue: %d", res.Sent, len(r.messages()))
				}
				again, err := r.publish()
				r.ok(err)
				// What was under way is sent again: four batches at most.
				if n := again.Sent + again.Earlier; n != 1000 || again.Earlier < res.Sent-40 {
					t.Errorf("%+v, then %+v", res, again)
				}
				r.wantAll(2)
			})
		})
	}
}

// A run that is killed leaves what it noted every two seconds, and loses nobody.
func TestKilled(t *testing.T) {
	bubble(t, 1000, func(t *testing.T, r *rig) {
		r.q.SetFaults(queuefake.Faults{Delay: func(string) time.Duration { return 500 * time.Millisecond }})
		r.cfg.Concurrency = 4
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		time.AfterFunc(5*time.Second, func() {
			r.led.sent.Store(new(error(errServer))) // nothing reaches the ledger any more
			cancel()
		})
		_, err := Publish(ctx, r.cfg, r.targets(nil))
		if !errors.Is(err, context.Canceled) || !errors.Is(err, errServer) {
			t.Errorf("%v: want both the interruption and the note that failed", err)
		}
		sent, err := r.led.Sent(t.Context(), jobID)
		r.ok(err)
		if sent < 100 || sent > 400 {
			t.Errorf("noted up to line %d after five seconds at 80 a second", sent)
		}
		r.led.sent.Store(nil)
		_, err = r.publish()
		r.ok(err)
		r.wantAll(2)
	})
}

// The end of a run that is complete is no interruption.
func TestASignalAfterTheLastMessage(t *testing.T) {
	bubble(t, 10, func(t *testing.T, r *rig) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r.cfg.Progress = func(int) { cancel() }
		res, err := Publish(ctx, r.cfg, r.targets(nil))
		if err != nil || res.Sent != 10 {
			t.Errorf("%+v, %v", res, err)
		}
		r.wantAll(1)
	})
}

func TestTheListFails(t *testing.T) {
	bubble(t, 2500, func(t *testing.T, r *rig) {
		broken := errors.New("line 2502: the file has changed")
		res, err := Publish(t.Context(), r.cfg, r.targets(broken))
		if !errors.Is(err, broken) || res.Sent > 2000 {
			t.Errorf("%+v, %v", res, err)
		}
		if int(res.Sent) > len(r.messages()) {
			t.Errorf("said to be sent: %d, in the queue: %d", res.Sent, len(r.messages()))
		}
		_, err = r.publish()
		r.ok(err)
		r.wantAll(2)
	})
}

func TestTheLedgerFails(t *testing.T) {
	bubble(t, 100, func(t *testing.T, r *rig) {
		r.led.add.Store(new(error(errServer)))
		res, err := r.publish()
		if !errors.Is(err, errServer) || res.Sent != 0 || len(r.messages()) != 0 {
			t.Errorf("%+v, %v, %d messages", res, err, len(r.messages()))
		}
		r.led.add.Store(nil)
		_, err = r.publish()
		r.ok(err)
		r.wantAll(1)
	})
}

// Commit makes a staged job visible, once all of it is there.
func TestCommit(t *testing.T) {
	bubble(t, 100, func(t *testing.T, r *rig) {
		commits := 0
		r.cfg.Commit = func(context.Context) error {
			commits++
			if commits == 1 {
				return errServer
			}
			return nil
		}
		if _, err := r.publish(); !errors.Is(err, errServer) {
			t.Errorf("%v", err)
		}
		if sent, err := r.led.Sent(t.Context(), jobID); err != nil || sent == ledger.SentAll {
			t.Errorf("sent %d, %v: it is not shown to workers", sent, err)
		}
		res, err := r.publish()
		if err != nil || res.Sent != 0 || commits != 2 {
			t.Errorf("%+v, %v, %d commits", res, err, commits)
		}
		r.wantAll(1)
	})
}
