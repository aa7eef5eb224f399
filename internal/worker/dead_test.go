package worker

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"relock/internal/job"
	"relock/internal/queue"
	"relock/internal/queue/queuefake"
)

// counted is a queue that counts its dead letters, or fails to.
type counted struct {
	*queuefake.Queue
	err   error
	calls atomic.Int64
}

func (c *counted) DeadLetterCount(context.Context) (int64, error) {
	c.calls.Add(1)
	return int64(len(c.Dead())), c.err
}

func TestDeadLettersAreCounted(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.q.Add([]byte("x"), []byte("y"))
		q := &counted{Queue: r.q}
		n := r.start(func(c *Config) { c.Transport = q })
		r.after(time.Minute)
		n.end()
		if got := r.metric("relock_dead_letter_messages"); got != 2 {
			t.Errorf("dead_letter_messages is %v, want 2", got)
		}
	})
}

// Who may not count, or has nothing to count, is asked once; who fails, again.
func TestDeadLettersThatCannotBeCounted(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		again bool
		warn  string
	}{
		"there is no dead-letter queue": {queue.ErrNoDeadLetter, false, ""},
		"no permission":                 {&smithy.GenericAPIError{Code: "AccessDenied"}, false, "grant sqs:GetQueueAttributes on the dead-letter queue"},
		"a failure":                     {errors.New("no answer"), true, "counting the dead letters failed"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				q := &counted{Queue: r.q, err: c.err}
				n := r.start(func(cfg *Config) { cfg.Transport = q })
				r.after(time.Minute)
				n.end()
				if calls := q.calls.Load(); calls < 1 || (calls > 1) != c.again {
					t.Errorf("counted %d times", calls)
				}
				if log := r.log.String(); !strings.Contains(log, c.warn) || c.warn == "" && strings.Contains(log, "dead letters") {
					t.Errorf("the log says:\n%s", log)
				}
				families, err := r.reg.Gather()
				r.ok(err)
				for _, f := range families {
					if f.GetName() == "relock_dead_letter_messages" {
						t.Error("a number is shown that nobody counted")
					}
				}
			})
		})
	}
}

func TestAPausedJobIsShownAsPaused(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		created := float64(time.Now().Unix())
		r.job(jobID, 5000)
		n := r.start()
		r.after(10 * time.Second)
		if r.metric("relock_job_paused", "reset_job", jobID) != 0 || r.metric("relock_drain") != 0 {
			t.Error("a running job of a service is shown as paused, or the service as a drain")
		}
		r.state(jobID, job.StatePaused)
		r.after(10 * time.Second)
		if got := r.metric("relock_job_paused", "reset_job", jobID); got != 1 {
			t.Errorf("job_paused is %v, want 1", got)
		}
		if got := r.metric("relock_job_created_timestamp_seconds", "reset_job", jobID); got != created {
			t.Errorf("job_created_timestamp_seconds is %v, want %v", got, created)
		}
		n.end()
	})
}
