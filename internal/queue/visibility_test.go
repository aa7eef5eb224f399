package queue_test

import (
	"testing"
	"time"

	"relock/internal/queue"
	"relock/internal/queue/queuefake"
)

// Do: heartbeat at half the visibility or sooner, in batches of ten.
func TestHeldMessagesStayInvisible(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := queuefake.New()
		fill(q, 35)
		c := open(t, q)
		take(t, c, 20)[0].Retry(time.Hour) // started, resting and ready alike
		const periods = 20
		after(periods * visibility)
		if n := mostReceives(q); n != 1 {
			t.Errorf("a message was received %d times", n)
		}
		if n := hidden(q); n != 35 {
			t.Errorf("%d of 35 messages are invisible", n)
		}
		if n := len(q.Calls(queuefake.Change)); n > 4*2*(periods+1) {
			t.Errorf("%d calls to extend 35 messages over %d periods", n, periods)
		}
		check(t, c)
	})
}

// Known failure: a refresh that could not cycle through all handles (bento#878).
func TestAHandleThatHasBecomeInvalidIsLetGo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := queuefake.New()
		fill(q, 35)
		c := open(t, q)
		items := take(t, c, 35)
		refused := map[string]int{}
		q.SetFaults(queuefake.Faults{Entry: func(_ string, handle []byte) error {
			if h := string(handle); h == "m3#1" || h == "m17#1" {
				refused[h]++
				return queue.ErrStale
			}
			return nil
		}})
		c.Pause("receive no more")
		after(10 * visibility)
		if refused["m3#1"] != 1 || refused["m17#1"] != 1 {
			t.Errorf("the invalid handles were asked for %v times, want once each", refused)
		}
		if n := hidden(q); n != 33 {
			t.Errorf("%d of the other 33 messages are invisible", n)
		}
		// Whoever works on a lost one may still finish it.
		items[2].Delete()
		items[16].GiveUp(0)
		check(t, c)
	})
}

func TestAFailedExtensionHoldsUpNoOther(t *testing.T) {
	t.Run("one entry", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			q := queuefake.New()
			fill(q, 35)
			c := open(t, q)
			take(t, c, 35)
			calls := 0
			q.SetFaults(queuefake.Faults{Entry: func(_ string, handle []byte) error {
				if string(handle) == "m5#1" {
					calls++
					return errServer
				}
				return nil
			}})
			c.Pause("receive no more")
			after(4 * visibility)
			if n := hidden(q); n != 34 {
				t.Errorf("%d of the other 34 messages are invisible", n)
			}
			if calls < 10 || calls > 250 {
				t.Errorf("the failing entry was tried %d times in four minutes", calls)
			}
		})
	})
	t.Run("the whole call, for less than half the visibility", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			q := queuefake.New()
			fill(q, 35)
			c := open(t, q)
			take(t, c, 35)
			until := time.Now().Add(visibility/2 + visibility/4)
			q.SetFaults(queuefake.Faults{Call: func(op string) error {
				if op == queuefake.Change && time.Now().Before(until) {
					return errServer
				}
				return nil
			}})
			after(4 * visibility)
			if n := mostReceives(q); n != 1 {
				t.Errorf("a message was received %d times", n)
			}
		})
	})
	t.Run("a call that hangs", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			q := queuefake.New()
			fill(q, 35)
			c := open(t, q)
			take(t, c, 35)
			hang := 3
			q.SetFaults(queuefake.Faults{Delay: func(op string) time.Duration {
				if op == queuefake.Change && hang > 0 {
					hang--
					return 1000 * time.Hour
				}
				return 0
			}})
			after(4 * visibility)
			if n := mostReceives(q); n != 1 || hang != 0 {
				t.Errorf("a message was received %d times (%d calls did not hang)", n, hang)
			}
		})
	})
	t.Run("a reply that does not name the entry", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			q := queuefake.New()
			fill(q, 5)
			c := open(t, q)
			take(t, c, 5)
			q.SetFaults(queuefake.Faults{Entry: func(string, []byte) error { return queue.ErrNoAnswer }})
			after(4 * visibility)
			if n := mostReceives(q); n != 1 {
				t.Errorf("a message was received %d times", n)
			}
		})
	})
}

func TestGivingUp(t *testing.T) {
	giveUp := func(t *testing.T, d time.Duration, f queuefake.Faults) *queuefake.Queue {
		q := queuefake.New()
		fill(q, 12)
		c := open(t, q)
		items := take(t, c, 12)
		c.Pause("receive no more")
		after(21 * time.Second) // the poll under way ends
		q.SetFaults(f)
		for _, it := range items {
			it.GiveUp(d)
		}
		after(10 * time.Second)
		if _, all := c.Held(); all != 0 {
			t.Errorf("%d messages are still held", all)
		}
		check(t, c)
		return q
	}
	failing := func(err error) queuefake.Faults {
		left := 1
		return queuefake.Faults{Entry: func(_ string, handle []byte) error {
			if string(handle) == "m4#1" && left > 0 {
				left--
				return err
			}
			return nil
		}}
	}
	t.Run("is visible after the time asked for", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			q := giveUp(t, time.Hour, queuefake.Faults{})
			for _, m := range q.Messages() {
				if m.Hidden < 59*time.Minute || m.Hidden > time.Hour {
					t.Errorf("%s is hidden for %v", m.ID, m.Hidden)
				}
			}
			if n := len(q.Calls(queuefake.Change)); n > 3 {
				t.Errorf("%d calls for 12 messages", n)
			}
		})
	})
	t.Run("is tried again where it fails", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			if n := hidden(giveUp(t, 0, failing(errServer))); n != 0 {
				t.Errorf("%d messages are invisible", n)
			}
		})
	})
	t.Run("is left where the reply does not name it", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			q := giveUp(t, 0, failing(queue.ErrNoAnswer))
			if n := len(q.Calls(queuefake.Change)); n > 2 {
				t.Errorf("%d calls: it was tried again, though somebody else may hold it by now", n)
			}
		})
	})
	t.Run("ends where it keeps failing", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			q := queuefake.New()
			fill(q, 1)
			c := open(t, q)
			it := take(t, c, 1)[0]
			q.SetFaults(queuefake.Faults{Call: func(op string) error {
				if op == queuefake.Change {
					return errServer
				}
				return nil
			}})
			it.GiveUp(time.Hour)
			after(visibility - time.Second)
			if _, all := c.Held(); all != 0 {
				t.Error("it is still held")
			}
			q.SetFaults(queuefake.Faults{})
			take(t, c, 1) // its visibility has run out
			check(t, c)
		})
	})
}

func TestRetryHandsOutAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := queuefake.New()
		fill(q, 3)
		c := open(t, q)
		items := take(t, c, 2)
		items[0].Retry(5 * time.Minute)
		items[1].Retry(0)
		if it := take(t, c, 1)[0]; it.ID() != items[1].ID() {
			t.Errorf("%s came first, want the one retried at once", it.ID())
		}
		begun := time.Now()
		take(t, c, 1)
		if it := take(t, c, 1)[0]; it.ID() != items[0].ID() || time.Since(begun) != 5*time.Minute {
			t.Errorf("%s came after %v", it.ID(), time.Since(begun))
		}
		if n := mostReceives(q); n != 1 {
			t.Errorf("received %d times", n)
		}
		check(t, c)
	})
}
