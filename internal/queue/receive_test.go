package queue_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"relock/internal/queue"
	"relock/internal/queue/queuefake"
)

// Known failure: 40 errors a second while the queue is missing or credentials
// are bad (sqs-consumer#484, Vector's aws_sqs).
func TestAMissingQueueIsAskedSeldomAndComesBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := queuefake.New()
		q.SetFaults(queuefake.Faults{Call: func(string) error { return queue.ErrNoQueue }})
		var failures, beats atomic.Int64
		c := open(t, q, func(cfg *queue.ConsumerConfig) {
			cfg.Received = func(_ int, err error) {
				if errors.Is(err, queue.ErrNoQueue) {
					failures.Add(1)
				}
			}
			cfg.Alive = func(loop string) {
				if loop == "receive" {
					beats.Add(1)
				}
			}
		})
		after(10 * time.Second)
		if n := failures.Load(); n < 3 || n > 10 {
			t.Errorf("%d receives failed in the first ten seconds; want a few, and at most one a second", n)
		}
		beats.Store(0)
		after(10 * time.Minute)
		// Half of 30 s to 30 s between two.
		if n := len(q.Calls(queuefake.Receive)); int64(n) != failures.Load() || n > 60 {
			t.Errorf("%d receives in ten minutes, %d told of", n, failures.Load())
		}
		if beats.Load() < 5 {
			t.Errorf("the loop showed %d times in ten minutes that it lives", beats.Load())
		}
		q.SetFaults(queuefake.Faults{})
		fill(q, 1)
		begun := time.Now()
		take(t, c, 1)
		if d := time.Since(begun); d > 31*time.Second {
			t.Errorf("the message came %v after the queue did", d)
		}
	})
}

// Known failure: polling that silently ends after one exception
// (sqs-consumer#130).
func TestPollingGoesOnAfterAnyError(t *testing.T) {
	for name, fault := range map[string]queuefake.Faults{
		"an error":               {Call: func(string) error { return errServer }},
		"a cancelled call":       {Call: func(string) error { return context.Canceled }},
		"a deadline":             {Call: func(string) error { return context.DeadlineExceeded }},
		"no answer ever":         {Delay: func(string) time.Duration { return 1000 * time.Hour }},
		"an answer that is lost": {Reply: func(string) error { return errServer }},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				q := queuefake.New()
				fill(q, 1)
				q.SetFaults(fault)
				c := open(t, q)
				after(5 * time.Minute)
				if n := len(q.Calls(queuefake.Receive)); n < 2 {
					t.Errorf("%d receives in five minutes", n)
				}
				q.SetFaults(queuefake.Faults{})
				take(t, c, 1)
			})
		})
	}
}

func TestReceivesNoMoreThanWillBeUsed(t *testing.T) {
	t.Run("messages", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			q := queuefake.New()
			fill(q, 200)
			c := open(t, q, func(cfg *queue.ConsumerConfig) { cfg.Prefetch = func() int { return 35 } })
			after(time.Hour)
			if n := hidden(q); n != 30 {
				t.Errorf("%d messages are held, want the 30 that fit in full batches", n)
			}
			take(t, c, 5)
			after(time.Second)
			if n := hidden(q); n != 40 {
				t.Errorf("%d messages are held after five were taken, want 40", n)
			}
		})
	})
	t.Run("bytes", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			q := queuefake.New()
			for range 100 {
				q.Add(make([]byte, 1000))
			}
			open(t, q, func(cfg *queue.ConsumerConfig) { cfg.PrefetchBytes = 30_000 })
			after(time.Minute)
			if n := hidden(q); n != 20 { // 2,024 bytes each, with the overhead
				t.Errorf("%d messages are held, want 20", n)
			}
		})
	})
	t.Run("resting ones count", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			q := queuefake.New()
			fill(q, 20)
			c := open(t, q, func(cfg *queue.ConsumerConfig) { cfg.Prefetch = func() int { return 20 } })
			for _, it := range take(t, c, 20) {
				it.Retry(time.Hour)
			}
			after(time.Minute)
			fill(q, 100)
			after(time.Minute)
			if n := hidden(q); n != 20 {
				t.Errorf("%d messages are held, want the 20 that rest", n)
			}
			check(t, c)
		})
	})
}

// impatient answers a long poll at once, with nothing.
type impatient struct{ *queuefake.Queue }

func (q impatient) Receive(ctx context.Context, n int, _, visibility time.Duration) ([]queue.Delivery, error) {
	return q.Queue.Receive(ctx, n, 0, visibility)
}

func TestAServerThatDoesNotWaitIsAskedOnceASecond(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := queuefake.New()
		open(t, impatient{q})
		after(time.Minute)
		if n := len(q.Calls(queuefake.Receive)); n < 50 || n > 61 {
			t.Errorf("%d receives in a minute", n)
		}
	})
}

// Do: keep the newest receipt handle of a message seen twice.
func TestAMessageSeenTwice(t *testing.T) {
	// twice delivers one message twice and returns the one item.
	twice := func(t *testing.T) (*queuefake.Queue, *queue.Consumer, *queue.Item) {
		q := queuefake.New()
		fill(q, 1)
		q.SetFaults(queuefake.Faults{Duplicate: func([]byte) bool { return true }})
		c := open(t, q)
		it := take(t, c, 1)[0]
		after(time.Second)
		if m := q.Messages()[0]; m.Receives < 2 {
			t.Fatalf("received %d times", m.Receives)
		}
		q.SetFaults(queuefake.Faults{})
		after(time.Second)
		if again := c.TryNext(); again != nil {
			t.Fatal("it is handed out twice")
		}
		return q, c, it
	}
	t.Run("is deleted with its newest handle", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			q, c, it := twice(t)
			it.Delete()
			after(2 * time.Second)
			if n := len(q.Messages()); n != 0 {
				t.Error("it is still in the queue")
			}
			check(t, c)
		})
	})
	t.Run("is extended with its newest handle", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			q, _, _ := twice(t)
			before := q.Messages()[0].Receives
			after(time.Hour)
			if n := q.Messages()[0].Receives; n != before {
				t.Errorf("received %d times, then %d: its visibility ran out", before, n)
			}
		})
	})
	t.Run("is handed back with its newest handle", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			q, c, it := twice(t)
			c.Pause("test")
			it.GiveUp(time.Hour)
			after(30 * time.Second)
			if d := q.Messages()[0].Hidden; d < 50*time.Minute {
				t.Errorf("hidden for %v, want most of an hour", d)
			}
		})
	})
	t.Run("while it is being handed back", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			q := queuefake.New()
			fill(q, 1)
			again := true
			q.SetFaults(queuefake.Faults{
				Duplicate: func([]byte) bool { was := again; again = false; return was },
				Delay: func(op string) time.Duration {
					return map[string]time.Duration{queuefake.Change: 3 * time.Second, queuefake.Receive: 2 * time.Second}[op]
				},
			})
			c := open(t, q)
			take(t, c, 1)[0].GiveUp(time.Hour)
			after(15 * time.Second)
			if d := q.Messages()[0].Hidden; d < 50*time.Minute {
				t.Errorf("hidden for %v, want most of an hour", d)
			}
			check(t, c)
		})
	})
	t.Run("while its delete is under way", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			q := queuefake.New()
			fill(q, 1)
			again := true
			q.SetFaults(queuefake.Faults{
				Duplicate: func([]byte) bool { was := again; again = false; return was },
				Delay: func(op string) time.Duration {
					return map[string]time.Duration{queuefake.Delete: 3 * time.Second, queuefake.Receive: 2 * time.Second}[op]
				},
			})
			c := open(t, q)
			take(t, c, 1)[0].Delete()
			// The delete leaves after 1 s and arrives at 4 s; the second delivery
			// comes at 2 s.
			after(15 * time.Second)
			if n := len(q.Messages()); n != 0 {
				t.Error("it is still in the queue")
			}
			check(t, c)
		})
	})
}
