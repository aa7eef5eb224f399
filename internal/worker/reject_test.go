package worker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"relock/internal/job"
	"relock/internal/queue"
	"relock/internal/queue/queuefake"
	"relock/internal/reset"
)

// Do: a body that cannot be read is counted and moved to the dead-letter queue on
// purpose; it is no user's outcome and resets nobody.
func TestAMessageThatIsNotOursIsMovedAway(t *testing.T) {
	for name, c := range map[string]struct {
		body   func(r *rig) []byte
		reason queue.RejectReason
	}{
		"not JSON":         {func(*rig) []byte { return []byte("hello person-x@example.com") }, queue.RejectNotJSON},
		"oversize":         {func(*rig) []byte { return []byte(strings.Repeat("x", queue.MaxBody+1)) }, queue.RejectOversize},
		"an unknown field": {func(*rig) []byte { return []byte(`{"v":1,"person-x":1}`) }, queue.RejectUnknownField},
		"a wrong type":     {func(*rig) []byte { return []byte(`{"v":1,"ledger":7}`) }, queue.RejectWrongType},
		"a missing field":  {func(*rig) []byte { return []byte(`{"v":1,"ledger":"ledger-1"}`) }, queue.RejectMissingField},
		"an unlisted user": {func(r *rig) []byte { return r.message(queue.Message{Username: "person-x"}) }, queue.RejectNotListed},
		"a job of a pool that is allowed, and another of ours": {func(r *rig) []byte {
			r.cfg.Pools = append(r.cfg.Pools, "eu-west-1_Second123")
			return r.message(queue.Message{Pool: "eu-west-1_Second123", Username: "person-inc-1-0@example.com"})
		}, queue.RejectNotListed},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				body := c.body(r)
				r.cog.add("person-x")
				r.q.Add(body)
				r.job(jobID, 3)
				r.drain(time.Minute)
				if dead := r.q.Dead(); len(dead) != 1 || dead[0] != string(body) {
					t.Errorf("dead letters: %d", len(dead))
				}
				r.wantQueue(0, 0)
				if n := r.metric("relock_messages_rejected_total", "reason", string(c.reason)); n != 1 {
					t.Errorf("messages_rejected_total{%s} is %v", c.reason, n)
				}
				r.wantOnce(3)
				r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: 3})
			})
		})
	}
}

func TestRejectedMessagesWithoutADeadLetterQueueAreOutOfSight(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.q.NoDeadLetter = true
		r.q.Add([]byte("x"))
		r.job(jobID, 1)
		n := r.start()
		r.after(6 * time.Hour)
		n.end()
		if m := r.q.Messages(); len(m) != 1 || m[0].Receives != 1 || m[0].Hidden < 5*time.Hour {
			t.Errorf("%+v", m)
		}
	})
}

func TestADeadLetterQueueThatFailsIsTriedAgain(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		failures := 3
		r.q.SetFaults(queuefake.Faults{Call: func(op string) error {
			if op == queuefake.DeadLetter && failures > 0 {
				failures--
				return fmt.Errorf("try later")
			}
			return nil
		}})
		r.q.Add([]byte("x"))
		r.job(jobID, 1)
		n := r.start()
		r.after(10 * time.Minute)
		n.end()
		if len(r.q.Dead()) != 1 || len(r.q.Messages()) != 0 {
			t.Errorf("%d dead letters, %d messages left", len(r.q.Dead()), len(r.q.Messages()))
		}
	})
}

// A body that was damaged on its way comes again, and is sound then.
func TestACorruptBodyComesAgain(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 20)
		seen := map[string]bool{}
		r.q.SetFaults(queuefake.Faults{Corrupt: func(b []byte) bool {
			was := seen[string(b)]
			seen[string(b)] = true
			return !was && len(seen)%4 == 0
		}})
		r.drain(5 * time.Minute)
		r.wantOnce(20)
		r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: 20})
		if n := r.metric("relock_messages_rejected_total", "reason", "corrupt"); n != 5 {
			t.Errorf("%v corrupt bodies were counted, want 5", n)
		}
		if n := len(r.cog.made(reset.OpReset)); n != 20 {
			t.Errorf("%d calls", n)
		}
	})
}
