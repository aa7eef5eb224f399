package worker

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/reset"
)

// A pause is obeyed within five seconds, costs no receives, and ends at once.
func TestAPausedJobRests(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 300)
		n := r.start(drain)
		r.after(5 * time.Second)
		r.state(jobID, job.StatePaused)
		r.after(5 * time.Second)
		calls := len(r.cog.made(reset.OpReset))
		r.wantQueue(300-calls, 1)
		r.after(time.Hour)
		if k := len(r.cog.made(reset.OpReset)); k != calls || k > 205 {
			t.Errorf("%d calls five seconds after the pause, %d an hour later", calls, k)
		}
		r.wantQueue(300-calls, 1)
		r.state(jobID, job.StateOpen)
		if res := n.wait(time.Minute); !res.Drained {
			t.Errorf("%+v", res)
		}
		r.wantOnce(300)
	})
}

// Messages of a paused job do not die while another job goes on.
func TestAPausedJobBesideAnother(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job("paused", 5)
		r.state("paused", job.StatePaused)
		r.job("open", 5)
		r.list("waits", "person-z") // keeps the worker receiving
		r.state("waits", job.StateOpen)
		n := r.start()
		r.after(12 * time.Hour)
		r.wantOutcomes("open", map[job.Outcome]int{job.Reset: 5})
		r.wantOutcomes("paused", map[job.Outcome]int{"": 5})
		if d := len(r.q.Dead()); d != 0 {
			t.Errorf("%d messages were taken for dead after half a day of pause", d)
		}
		r.state("paused", job.StateOpen)
		r.after(4 * time.Hour)
		n.end()
		r.wantOutcomes("paused", map[job.Outcome]int{job.Reset: 5})
		r.wantOnce(10)
	})
}

// A job that is resumed soon goes on soon, also where another job went on meanwhile;
// one that stays paused costs few receives.
func TestAPausedJobBesideAnotherGoesOnSoon(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job("paused", 5)
		r.state("paused", job.StatePaused)
		r.list("waits", "person-z") // keeps the worker receiving
		r.state("waits", job.StateOpen)
		n := r.start()
		r.after(time.Minute)
		r.state("paused", job.StateOpen)
		r.after(2 * time.Minute)
		n.end()
		r.wantOutcomes("paused", map[job.Outcome]int{job.Reset: 5})
	})
	var total time.Duration
	for receives := range 20 {
		total += putOffFor(pausedFirst, receives+1)
	}
	if total < 72*time.Hour || putOffFor(pausedFirst, 0) != pausedFirst || putOffFor(pausedFirst, 1_000_000) != pausedMost {
		t.Errorf("twenty receives are %v of pause", total)
	}
}

func TestACancelledJobEnds(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 300)
		n := r.start(drain)
		r.after(5 * time.Second)
		r.state(jobID, job.StateCancelled)
		res := n.wait(time.Minute)
		if !res.Drained || len(res.Unsent) != 0 {
			t.Errorf("%+v", res)
		}
		got := r.outcomes(jobID)
		if got[job.Reset] < 90 || got[job.Reset] > 200 || got[job.Reset]+got[job.Cancelled] != 300 {
			t.Errorf("outcomes %v", got)
		}
		r.wantOnce(got[job.Reset])
		if m := r.metric("relock_users_total", "outcome", "cancelled"); m != float64(got[job.Cancelled]) {
			t.Errorf("users_total{cancelled} is %v", m)
		}
	})
}

// What never came is missing once the queue has been empty for a minute.
func TestMissing(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.cog.add("person-a", "person-b", "person-c")
		r.list(jobID, "person-a", "person-b", "person-c")
		r.open(jobID)
		r.send(jobID, "person-a")
		begun := time.Now()
		res := r.drain(5 * time.Minute)
		if d := time.Since(begun); d < emptyFor || d > emptyFor+30*time.Second {
			t.Errorf("it took %v", d)
		}
		r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: 1, job.Missing: 2})
		if !res.Drained || len(res.Jobs) != 1 || res.Jobs[0].Totals.Failed() != 2 {
			t.Errorf("%+v", res)
		}
	})
}

func TestNothingIsMissingWhileAMessageIsSomewhere(t *testing.T) {
	t.Run("in flight elsewhere", func(t *testing.T) {
		bubble(t, func(t *testing.T, r *rig) {
			names := r.job(jobID, 2)
			ds, err := r.q.Receive(t.Context(), 1, 0, 10*time.Minute)
			r.ok(err)
			r.drain(time.Hour)
			r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: 2})
			_, _ = names, ds
		})
	})
	t.Run("a trickle", func(t *testing.T) {
		bubble(t, func(t *testing.T, r *rig) {
			names := make([]string, 10)
			for i := range names {
				names[i] = "person-" + strings.Repeat("x", i+1)
			}
			r.cog.add(names...)
			r.list(jobID, names...)
			r.open(jobID)
			n := r.start(drain)
			for _, name := range names {
				r.after(45 * time.Second)
				r.send(jobID, name)
			}
			n.wait(2 * time.Minute)
			r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: 10})
		})
	})
}

// A job whose enqueue was interrupted: what is there is done, and the drain says
// that more may come.
func TestAJobThatWasNotSentInFull(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.cog.add("person-a", "person-b")
		r.list(jobID, "person-a", "person-b")
		r.state(jobID, job.StateOpen)
		r.ok(r.led.Memory.SetSent(t.Context(), jobID, 2))
		r.send(jobID, "person-a")
		res := r.drain(5 * time.Minute)
		if !slices.Equal(res.Unsent, []string{jobID}) {
			t.Errorf("unsent: %v", res.Unsent)
		}
		r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: 1, "": 1})

		r.open(jobID)
		r.send(jobID, "person-b")
		if res := r.drain(5 * time.Minute); len(res.Unsent) != 0 || !res.Drained {
			t.Errorf("%+v", res)
		}
		r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: 2})
	})
}

// A message of a job that is still being staged resets nobody.
func TestAStagedJobIsNotWorkedOn(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.cog.add("person-a")
		r.list(jobID, "person-a")
		r.send(jobID, "person-a")
		n := r.start()
		r.after(time.Minute)
		if k := len(r.cog.made(reset.OpReset)); k != 0 {
			t.Errorf("%d calls", k)
		}
		r.open(jobID)
		r.after(31 * time.Minute)
		n.end()
		r.wantOnce(1)
	})
}

// A job whose list is still being written is not finished when all that it lists
// so far is.
func TestAJobIsNotFinishedBeforeItIsSent(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.cog.add("person-a", "person-b")
		r.list(jobID, "person-a")
		r.state(jobID, job.StateOpen)
		r.send(jobID, "person-a")
		n := r.start()
		r.after(time.Minute)
		if j, err := r.led.Job(t.Context(), jobID); err != nil || j.State != job.StateOpen {
			t.Errorf("the job is %s, %v", j.State, err)
		}
		r.ok(r.led.Memory.AddTargets(t.Context(), jobID, []job.Target{{Username: "person-b", Line: 3}}))
		r.send(jobID, "person-b")
		r.open(jobID)
		r.after(time.Minute)
		n.end()
		r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: 2})
	})
}

// A job that was opened a moment ago is worked on at once, though the worker has
// seen it staged.
func TestAJobIsWorkedOnAsSoonAsItIsOpen(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.cog.add("person-a")
		r.list(jobID, "person-a")
		n := r.start()
		r.after(3 * time.Second)
		r.open(jobID)
		r.send(jobID, "person-a")
		r.after(time.Second)
		r.wantOnce(1)
		n.end()
	})
}

// --drain --job ends with the job named, and with no other.
func TestDrainOfNamedJobs(t *testing.T) {
	t.Run("ends with it", func(t *testing.T) {
		bubble(t, func(t *testing.T, r *rig) {
			r.job("a", 20)
			r.list("b", "person-z")
			r.state("b", job.StateOpen)
			res := r.drain(20*time.Second, func(c *Config) { c.Jobs = []string{"a"} })
			if !res.Drained || len(res.Jobs) != 1 || res.Jobs[0].Job.ID != "a" {
				t.Errorf("%+v", res)
			}
		})
	})
	t.Run("that does not exist", func(t *testing.T) {
		bubble(t, func(t *testing.T, r *rig) {
			n := r.start(drain, func(c *Config) { c.Jobs = []string{"typo"} })
			<-n.done
			if !errors.Is(n.err, ledger.ErrNoJob) || !strings.Contains(n.err.Error(), "typo") {
				t.Errorf("%v", n.err)
			}
		})
	})
	t.Run("of another pool", func(t *testing.T) {
		bubble(t, func(t *testing.T, r *rig) {
			r.job("a", 1)
			n := r.start(drain, func(c *Config) { c.Jobs, c.Pools = []string{"a"}, []string{"eu-west-1_Other1234"} })
			<-n.done
			if n.err == nil || !strings.Contains(n.err.Error(), pool) {
				t.Errorf("%v", n.err)
			}
		})
	})
	t.Run("that is over already", func(t *testing.T) {
		bubble(t, func(t *testing.T, r *rig) {
			r.job("a", 3)
			r.drain(time.Minute)
			res := r.drain(time.Minute, func(c *Config) { c.Jobs = []string{"a"} })
			if !res.Drained || len(res.Jobs) != 1 || res.Jobs[0].Totals.Outcomes[job.Reset] != 3 {
				t.Errorf("%+v", res)
			}
		})
	})
}

// Metrics show a job while it is open, and no longer.
func TestJobMetrics(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 200)
		n := r.start(drain)
		r.after(5 * time.Second)
		ok := r.metric("relock_job_targets", "reset_job", jobID, "state", "succeeded")
		pending := r.metric("relock_job_targets", "reset_job", jobID, "state", "pending")
		if ok < 60 || ok+pending != 200 {
			t.Errorf("%v succeeded, %v pending", ok, pending)
		}
		if p := r.metric("relock_pace", "operation", reset.OpReset); p != rate {
			t.Errorf("pace is %v", p)
		}
		n.wait(time.Minute)
		families, err := r.reg.Gather()
		r.ok(err)
		for _, f := range families {
			if f.GetName() == "relock_job_targets" && len(f.GetMetric()) > 0 {
				t.Error("the series of the finished job is still there")
			}
		}
	})
}
