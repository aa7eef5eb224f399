package publish

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"relock/internal/queue"
	"relock/internal/queue/queuefake"
	"relock/internal/sqlite"
)

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

// A ledger that is locked at the very end is waited for; after a stop, ten seconds.
func TestTheLedgerIsLockedAtTheEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		locked time.Duration
		ok     bool
	}{"for a while": {50 * time.Second, true}, "for good": {time.Hour, false}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, 100, func(t *testing.T, r *rig) {
				r.led.locked.Store(int64(tt.locked))
				begun := time.Now()
				if res, err := r.publish(); (err == nil) != tt.ok || res.Sent != 100 || time.Since(begun) > 2*time.Minute {
					t.Errorf("%+v, %v after %v", res, err, time.Since(begun))
				}
				r.led.locked.Store(0)
				if !tt.ok {
					_, err := r.publish()
					r.ok(err)
				}
				r.wantAll(2)
			})
		})
	}
}

// A full disk under the queue and the ledger ends the run at the first call, with one
// line, and nothing counts as sent that was taken back.
func TestAFullDiskIsOneLine(t *testing.T) {
	full := func(path string) error {
		return &sqlite.Error{Path: path, Op: "writing", Kind: sqlite.ErrFull, Err: errors.New("database or disk is full (13)")}
	}
	bubble(t, 100, func(t *testing.T, r *rig) {
		var log bytes.Buffer
		r.cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
		r.cfg.Concurrency = 4
		r.q.SetFaults(queuefake.Faults{Call: func(string) error { return fmt.Errorf("sending to the queue: %w", full("relock/queue.db")) }})
		r.led.sent.Store(new(full("relock/ledger.db")))
		begun := time.Now()
		res, err := r.publish()
		const want = "sending messages: sending to the queue: writing relock/queue.db: the disk is full: free some space, then go on; nothing that was confirmed is lost"
		if err == nil || err.Error() != want {
			t.Errorf("%v\nwant %s", err, want)
		}
		if log.Len() > 0 || time.Since(begun) > time.Second || res.Unsure != 0 {
			t.Errorf("%+v after %v: %s", res, time.Since(begun), &log)
		}
		r.q.SetFaults(queuefake.Faults{})
		r.led.sent.Store(nil)
		_, err = r.publish()
		r.ok(err)
		r.wantAll(1)
	})
}
