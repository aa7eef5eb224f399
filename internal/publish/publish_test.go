package publish

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"relock/internal/ledger"
	"relock/internal/queue"
	"relock/internal/queue/queuefake"
)

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

// An interrupted publication goes on where it stopped, whatever list it was in.
func TestInterrupted(t *testing.T) {
	for _, stopAfter := range []int{1, 30, 61, 95} {
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
				// What was under way is waited for, so that the count is exact.
				if int(res.Sent) != len(r.messages()) || res.Unsure != 0 {
					t.Errorf("said to be sent: %d, in the queue: %d, in doubt: %d", res.Sent, len(r.messages()), res.Unsure)
				}
				again, err := r.publish()
				r.ok(err)
				if n := again.Sent + again.Earlier; n != 1000 || again.Earlier != res.Sent {
					t.Errorf("%+v, then %+v", res, again)
				}
				r.wantAll(1)
			})
		})
	}
}

// A queue that does not answer is not waited for, and what it may have is said.
func TestInterruptedWithoutAnAnswer(t *testing.T) {
	bubble(t, 1000, func(t *testing.T, r *rig) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r.q.SetFaults(queuefake.Faults{Delay: func(string) time.Duration { return 10 * time.Second }})
		r.cfg.Concurrency = 4
		time.AfterFunc(15*time.Second, cancel)
		begun := time.Now()
		res, err := Publish(ctx, r.cfg, r.targets(nil))
		if d := time.Since(begun); !errors.Is(err, context.Canceled) || d != 15*time.Second+stopWithin {
			t.Errorf("after %v: %v", d, err)
		}
		if res.Sent != 40 || res.Unsure != 40 {
			t.Errorf("%+v: want 40 sent and 40 in doubt", res)
		}
	})
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
