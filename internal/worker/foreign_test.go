package worker

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"relock/internal/job"
	"relock/internal/ledger/ledgertest"
	"relock/internal/queue"
	"relock/internal/queue/queuefake"
)

const otherPool = "eu-west-1_Other1234"

// Ways in which a worker is the wrong one for what its queue holds.
var wrongWorkers = map[string]struct {
	change func(t *testing.T, r *rig, c *Config)
	code   queue.RejectReason
}{
	"another pool": {func(_ *testing.T, _ *rig, c *Config) { c.Pools = []string{otherPool} }, queue.RejectPoolNotAllowed},
	"another ledger": {func(_ *testing.T, _ *rig, c *Config) {
		c.Ledger = &flaky{Memory: ledgertest.NewMemory("ledger-2", nil)}
	}, queue.RejectOtherLedger},
	"an old copy of the ledger": {func(t *testing.T, r *rig, c *Config) {
		old := &flaky{Memory: ledgertest.NewMemory("ledger-1", nil)}
		r.ok(old.CreateJob(t.Context(), job.Job{ID: "inc-0", Pool: pool, Region: "eu-west-1", Created: time.Now()}))
		c.Ledger = old
	}, queue.RejectUnknownJob},
}

// A wrong worker halts by itself and harms nothing: no message is a dead letter, no
// target is missing, and the right worker, which waits beside it, finishes the job.
func TestAWrongWorkerHarmsNoJob(t *testing.T) {
	for name, c := range wrongWorkers {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				const users = 3000
				r.job(jobID, users)
				n := r.start(func(cfg *Config) {
					c.change(t, r, cfg)
					cfg.Owner = "wrong"
					cfg.Drain = false
				})
				r.after(10 * time.Second)
				if m := r.metric("relock_halted", "reason", string(job.HaltForeignMessages)); m != 1 {
					t.Error("the wrong worker has not halted")
				}
				if m := r.metric("relock_messages_rejected_total", "reason", string(c.code)); m < foreignMost || m > 2*foreignMost {
					t.Errorf("%v messages were rejected as %s", m, c.code)
				}
				if log := r.log.String(); !strings.Contains(log, "reason=foreign_messages code="+string(c.code)) {
					t.Errorf("the log says\n%s", tail(log))
				}
				if got := r.halt(); got != "" {
					t.Errorf("the halt %q is kept where it stops others", got)
				}
				if h := r.w.Status().Halt; h == nil || h.Reason != job.HaltForeignMessages {
					t.Errorf("status: %+v", h)
				}
				right := r.start(drain)
				res := right.wait(10 * time.Minute)
				if !res.Drained {
					t.Errorf("%+v", res)
				}
				r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: users})
				r.wantOnce(users)
				if n := len(r.q.Dead()); n != 0 {
					t.Errorf("%d dead letters", n)
				}
				n.end()
			})
		})
	}
}

// In a drain the halt ends the run.
func TestAWrongDrainEndsHalted(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.cog.add("person-x")
		r.list("other", "person-x") // something to wait for
		r.open("other")
		for i := range 30 {
			r.q.Add(r.message(queue.Message{Ledger: "ledger-2", Username: job.Username(fmt.Sprintf("person-%d", i))}))
		}
		res := r.drain(time.Minute)
		if res.Halt == nil || res.Halt.Reason != job.HaltForeignMessages || res.Halt.Code != string(queue.RejectOtherLedger) {
			t.Errorf("%+v", res)
		}
		if ms := r.q.Messages(); len(ms) != 30 {
			t.Errorf("%d messages are left, want 30", len(ms))
		}
		r.wantOutcomes("other", map[job.Outcome]int{"": 1})
	})
}

// A few messages of others among its own do not stop a worker; they stay, and come
// back later each time.
func TestForeignMessagesAmongItsOwn(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		for i := range foreignMost - 1 {
			r.q.Add(r.message(queue.Message{Pool: otherPool, Username: job.Username(fmt.Sprintf("person-%d", i))}))
		}
		r.job(jobID, 300)
		n := r.start()
		r.after(20 * time.Second)
		r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: 300})
		ms := r.q.Messages()
		if len(ms) != foreignMost-1 || len(r.q.Dead()) != 0 {
			t.Errorf("%d messages and %d dead letters", len(ms), len(r.q.Dead()))
		}
		if r.halt() != "" || r.w.Status().Halt != nil {
			t.Error("halted")
		}
		n.end()
	})
	var last time.Duration
	for receives := 1; receives <= 20; receives++ {
		d := putOffFor(foreignFirst, receives)
		if d < last || d > queue.MaxVisibility || receives < 10 && d <= last {
			t.Errorf("put off for %v after %v, at receive %d", d, last, receives)
		}
		last = d
	}
}

// A target that is not listed while its job is still being sent may be listed in the
// ledger that this one is a copy of.
func TestAnUnlistedTargetOfAJobThatIsBeingSent(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.cog.add("person-a")
		r.list(jobID, "person-a")
		r.state(jobID, job.StateOpen)
		r.send(jobID, "person-b")
		n := r.start()
		r.after(5 * time.Second)
		n.end()
		if ms := r.q.Messages(); len(ms) != 1 || len(r.q.Dead()) != 0 {
			t.Errorf("%d messages and %d dead letters", len(ms), len(r.q.Dead()))
		}
	})
}

// What is in the dead-letter queue is not missing: the job waits, says how it goes
// on, and does once it is redriven.
func TestAJobWaitsForItsDeadLetters(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		names := r.job(jobID, 100)
		r.bury(t, names[:3])
		n := r.start(drain)
		r.after(30 * time.Minute)
		r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: 97, "": 3})
		const shown = "job inc-1 waits: messages of it are in the dead-letter queue; `job dead-letters --redrive` sends them again; `job cancel` ends the job without them"
		if w := r.w.Status().Estimate.Waiting; w == nil || w.Reason != shown || w.Messages != 3 {
			t.Errorf("the live view says that it waits for %+v", w)
		}
		log := r.log.String()
		if strings.Count(log, "the job waits: messages of it are in the dead-letter queue") != 1 || !strings.Contains(log, "job dead-letters --redrive") {
			t.Errorf("the log says\n%s", tail(log))
		}
		r.q.Redrive()
		if res := n.wait(time.Minute); !res.Drained {
			t.Errorf("%+v", res)
		}
		r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: 100})
		r.wantOnce(100)
	})
}

// Dead letters of others, and none at all, keep nobody from being missing.
func TestOtherDeadLettersAreNotWaitedFor(t *testing.T) {
	for name, bury := range map[string]func(t *testing.T, r *rig){
		"none": func(t *testing.T, r *rig) {},
		"of another job": func(t *testing.T, r *rig) {
			r.q.Add(r.message(queue.Message{Job: "inc-0", Username: "person-z"}))
			r.move(t, "inc-0")
		},
		"no dead-letter queue": func(_ *testing.T, r *rig) { r.q.NoDeadLetter = true },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				r.cog.add("person-a", "person-b")
				r.list(jobID, "person-a", "person-b")
				r.open(jobID)
				r.send(jobID, "person-a") // the message of the other was lost
				bury(t, r)
				if res := r.drain(10 * time.Minute); !res.Drained {
					t.Errorf("%+v", res)
				}
				r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: 1, job.Missing: 1})
			})
		})
	}
}

// A dead-letter queue that cannot be searched may hold anybody.
func TestADeadLetterQueueThatCannotBeSearched(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.cog.add("person-a")
		r.list(jobID, "person-a")
		r.open(jobID)
		r.q.SetFaults(queuefake.Faults{Call: func(op string) error {
			if op == queuefake.DeadLettersOf {
				return errors.New("not allowed")
			}
			return nil
		}})
		n := r.start(drain)
		r.after(10 * time.Minute)
		r.wantOutcomes(jobID, map[job.Outcome]int{"": 1})
		if log := r.log.String(); !strings.Contains(log, "grant sqs:GetQueueAttributes, sqs:ReceiveMessage") {
			t.Errorf("the log says\n%s", tail(log))
		}
		r.state(jobID, job.StateCancelled)
		n.wait(time.Minute)
		r.wantOutcomes(jobID, map[job.Outcome]int{job.Cancelled: 1})
	})
}

// bury moves the messages of users to the dead-letter queue.
func (r *rig) bury(t *testing.T, names []string) {
	t.Helper()
	for _, n := range names {
		r.move(t, `"username":"`+n+`"`)
	}
}

// move moves the messages that contain text to the dead-letter queue.
func (r *rig) move(t *testing.T, text string) {
	t.Helper()
	ds, err := r.q.Receive(t.Context(), queue.MaxBatch, 0, time.Second)
	for ; err == nil && len(ds) > 0; ds, err = r.q.Receive(t.Context(), queue.MaxBatch, 0, time.Second) {
		for _, d := range ds {
			if strings.Contains(string(d.Body), text) {
				r.ok(r.q.DeadLetter(t.Context(), d))
			}
		}
	}
	r.ok(err)
	r.after(2 * time.Second)
}

// A drain for a pool without open jobs, while another pool has one, is refused before
// it touches a message. A service may be there before its jobs.
func TestADrainForThePoolOfNoOpenJobIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 30)
		mine := func(c *Config) { c.Pools = []string{otherPool} }
		n := r.start(drain, mine)
		<-n.done
		other, ok := errors.AsType[*OtherPoolsError](n.err)
		if !ok || len(other.Pools) != 1 || other.Pools[0] != pool || !strings.Contains(n.err.Error(), pool) {
			t.Errorf("error = %v", n.err)
		}
		if k := len(r.q.Calls("")); k != 0 {
			t.Errorf("%d calls to the queue", k)
		}
		service := r.start(mine)
		r.after(time.Second)
		service.end()
		if !strings.Contains(r.log.String(), "pools="+pool) {
			t.Errorf("the log says\n%s", tail(r.log.String()))
		}
	})
}

// What is still to be done for the own pool is done, whatever there is for others.
func TestADrainForAPoolWithAJobGoesOn(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.shape = func(j *job.Job) { j.Pool = otherPool }
		r.list("other", "person-z")
		r.open("other")
		r.shape = nil
		r.job(jobID, 3)
		if res := r.drain(time.Minute); !res.Drained {
			t.Errorf("%+v", res)
		}
		if res := r.start(drain, func(c *Config) { c.Jobs = []string{jobID} }).wait(time.Minute); !res.Drained {
			t.Errorf("a finished job by name: %+v", res)
		}
	})
}
