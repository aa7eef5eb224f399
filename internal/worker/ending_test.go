package worker

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"relock/internal/job"
)

// endingLog is a Config.Finished that notes what it is told, and seals.
type endingLog struct {
	r     *rig
	takes time.Duration
	fails bool // seals nothing

	mu   sync.Mutex
	told []string
	cut  int // how often its time was over
}

func (e *endingLog) finished(ctx context.Context, j job.Job) {
	e.mu.Lock()
	e.told = append(e.told, j.ID+" "+string(j.State))
	e.mu.Unlock()
	if !sleep(ctx, e.takes, nil) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.cut++
		return
	}
	if !e.fails {
		e.r.ok(e.r.led.Memory.SetSeal(e.r.t.Context(), j.ID, job.Seal{Root: "00", Leaves: 1}))
	}
}

func (e *endingLog) want(told ...string) {
	e.r.t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if got := slices.Sorted(slices.Values(e.told)); !slices.Equal(got, told) {
		e.r.t.Errorf("told of %q, want %q", got, told)
	}
}

// Each job is told of once, when nothing of it is pending any more; a drain waits
// for that, and its result has the seal.
func TestFinishedIsToldOnce(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.shape = signingOut
		r.job("inc-1", 20)
		r.job("inc-2", 20)
		r.state("inc-2", job.StateCancelled)
		r.job("inc-3", 20)
		e := &endingLog{r: r, takes: 30 * time.Second}
		begun := time.Now()
		n := r.start(drain, func(c *Config) { c.Finished = e.finished; c.Jobs = []string{"inc-1", "inc-2"} })
		r.after(10 * time.Second)
		e.want("inc-1 finished", "inc-2 cancelled")
		res := n.wait(time.Minute)
		if d := time.Since(begun); !res.Drained || d < 30*time.Second {
			t.Errorf("after %v: %+v", d, res)
		}
		for _, j := range res.Jobs {
			if j.Job.Seal == nil {
				t.Errorf("%s has no seal in the result", j.Job.ID)
			}
		}
		r.drain(2*time.Minute, func(c *Config) { c.Finished = e.finished })
		e.want("inc-1 finished", "inc-2 cancelled", "inc-3 finished")
	})
}

// A job that ended while nobody could seal it, as when the process ended in
// between, is told of by the next run; a stop does not wait for long.
func TestFinishedIsToldByTheNextRun(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 20)
		e := &endingLog{r: r, takes: time.Hour}
		n := r.start(func(c *Config) { c.Finished = e.finished })
		r.after(20 * time.Second)
		n.end() // within five seconds
		if e.cut != 1 {
			t.Error("the end of the job is still being told")
		}
		e.takes, e.fails = 0, true
		n = r.start(func(c *Config) { c.Finished = e.finished })
		r.after(time.Minute)
		n.end()
		e.want("inc-1 finished", "inc-1 finished") // once a run
	})
}

// A seal without a signature is told of to who can sign it and names the job, and
// to nobody else.
func TestASealIsSignedLater(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 20)
		r.job("inc-2", 20)
		e := &endingLog{r: r}
		r.drain(time.Minute, func(c *Config) { c.Finished = e.finished })
		e.want("inc-1 finished", "inc-2 finished")
		r.drain(time.Minute, func(c *Config) { c.Finished, c.Signs = e.finished, true })
		r.drain(time.Minute, func(c *Config) { c.Finished, c.Jobs = e.finished, []string{jobID} })
		e.want("inc-1 finished", "inc-2 finished")
		sign := func(c *Config) { c.Finished, c.Signs, c.Jobs = e.finished, true, []string{jobID} }
		r.drain(time.Minute, sign)
		e.want("inc-1 finished", "inc-1 finished", "inc-2 finished")
		r.ok(r.led.Memory.SetSeal(t.Context(), jobID, job.Seal{Root: "00", Leaves: 1, Signature: "c2ln", PublicKey: "a2V5"}))
		r.drain(time.Minute, sign)
		e.want("inc-1 finished", "inc-1 finished", "inc-2 finished")
	})
}

// A standby tells of nothing.
func TestAStandbyTellsOfNothing(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 20)
		e := &endingLog{r: r}
		a := r.member("a", func(c *Config) { c.Finished = e.finished })
		r.after(500 * time.Millisecond)
		b := r.member("b", func(c *Config) {
			c.Finished = func(context.Context, job.Job) { t.Error("the standby tells of the end") }
		})
		r.after(time.Minute)
		e.want("inc-1 finished")
		b.end()
		a.end()
	})
}
