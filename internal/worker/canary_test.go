package worker

import (
	"testing"
	"testing/synctest"
	"time"

	"relock/internal/job"
	"relock/internal/reset"
)

// onTrial makes the jobs of a rig send n users ahead.
func onTrial(n int64, projected *float64) func(*job.Job) {
	return func(j *job.Job) { j.Plan.Canary, j.Plan.Projected = n, projected }
}

// fails makes the users of some indices fail.
func (r *rig) fails(names []string, every int) {
	r.cog.mu.Lock()
	defer r.cog.mu.Unlock()
	for i, n := range names {
		if i%every == 0 {
			r.cog.users[n].refuse = apiError("NotAuthorizedException", "User is disabled.")
		}
	}
}

// The verdict, and that no more than the canary's users are called before it.
func TestCanary(t *testing.T) {
	for name, c := range map[string]struct {
		every     int // one in so many fails
		projected *float64
		halts     bool
	}{
		"all well":                          {1000, nil, false},
		"one in ten, nothing projected":     {10, nil, false},
		"one in nine, nothing projected":    {9, nil, true},
		"one in four, as projected":         {4, new(0.8), false},
		"one in four, more than projected":  {4, new(0.86), true},
		"one in four, ten points exactly":   {4, new(0.84), false}, // 13 of 50 fail
		"everybody, and that was projected": {1, new(0.05), false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				r.shape = onTrial(50, c.projected)
				names := r.job(jobID, 300)
				r.fails(names, c.every)
				slow := names[20] // the verdict waits for it
				r.cog.setFault(func(op, n string, k int) fault {
					if n == slow && op == reset.OpReset {
						return fault{delay: 5 * time.Second}
					}
					return fault{}
				})
				n := r.start(drain, func(c *Config) { c.SameFailure = -1 })
				r.after(5 * time.Second)
				if k := len(r.cog.made(reset.OpReset)); k != 50 {
					t.Errorf("%d users were called for before the verdict", k)
				}
				res := n.wait(time.Minute)
				if !c.halts {
					if !res.Drained {
						t.Errorf("%+v", res)
					}
					return
				}
				if res.Halt == nil || res.Halt.Reason != job.HaltCanary || r.halt() != job.HaltCanary {
					t.Fatalf("%+v", res)
				}
				if k := len(r.cog.made(reset.OpReset)); k != 50 {
					t.Errorf("%d users were called for", k)
				}
				r.wantQueue(250, 2)
				// It stays halted until an operator resumes, and does not halt for
				// this job again.
				if res := r.drain(time.Minute); res.Halt == nil || res.Halt.Reason != job.HaltCanary {
					t.Fatalf("%+v", res)
				}
				r.ok(r.led.Memory.ClearHalt(t.Context(), scope))
				if res := r.drain(time.Minute, func(c *Config) { c.SameFailure = -1 }); !res.Drained {
					t.Errorf("%+v", res)
				}
				if k := r.outcomes(jobID)[""]; k != 0 {
					t.Errorf("%d targets are pending", k)
				}
			})
		})
	}
}

// A service that was halted goes on when it is resumed, and so does another job.
func TestCanaryResumed(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.shape = onTrial(20, nil)
		r.fails(r.job(jobID, 100), 2)
		n := r.start()
		r.after(10 * time.Second)
		if r.halt() != job.HaltCanary {
			t.Fatalf("halted by %q", r.halt())
		}
		r.ok(r.led.Memory.ClearHalt(t.Context(), scope))
		r.after(20 * time.Second)
		if k := r.outcomes(jobID)[""]; k != 0 {
			t.Errorf("%d targets are pending", k)
		}
		r.fails(r.job("inc-2", 100), 2)
		r.after(20 * time.Second)
		if k := len(r.outcomes("inc-2")); r.halt() != job.HaltCanary || k == 0 {
			t.Errorf("the next job's canary halts nothing: %q", r.halt())
		}
		n.end()
	})
}

// A run that ends before the verdict: the next one counts what there is.
func TestCanaryOverTwoRuns(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.shape = onTrial(60, nil)
		r.fails(r.job(jobID, 200), 5)
		n := r.start()
		r.after(2 * time.Second)
		n.end()
		first := len(r.cog.made(reset.OpReset))
		if first == 0 || first >= 60 || r.halt() != "" {
			t.Fatalf("%d calls in the first run, halt %q", first, r.halt())
		}
		res := r.drain(time.Minute)
		if res.Halt == nil || res.Halt.Reason != job.HaltCanary {
			t.Errorf("%+v", res)
		}
		if k := len(r.cog.made(reset.OpReset)); k != 60 {
			t.Errorf("%d calls before the verdict", k)
		}
	})
}

// Users who are put off, and messages that never come, do not keep the others
// waiting.
func TestCanaryDoesNotWaitForEver(t *testing.T) {
	t.Run("put off for an hour", func(t *testing.T) {
		bubble(t, func(t *testing.T, r *rig) {
			r.shape = onTrial(40, nil)
			names := r.job(jobID, 200)
			r.cog.setFault(func(op, n string, k int) fault {
				if op == reset.OpReset && k == 1 && (n == names[1] || n == names[2]) {
					return fault{err: apiError("LimitExceededException", "Attempt limit exceeded, please try after some time.")}
				}
				return fault{}
			})
			n := r.start()
			r.after(30 * time.Second)
			if got := r.outcomes(jobID); got[job.Reset] != 198 {
				t.Errorf("outcomes %v", got)
			}
			r.after(2 * time.Hour)
			n.end()
			r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: 200})
		})
	})
	t.Run("tried again until given up", func(t *testing.T) {
		bubble(t, func(t *testing.T, r *rig) {
			r.shape = onTrial(40, nil)
			names := r.job(jobID, 100)
			r.cog.setFault(func(op, n string, k int) fault {
				if op == reset.OpReset && n == names[3] {
					return fault{err: errInternal}
				}
				return fault{}
			})
			if res := r.drain(5 * time.Minute); !res.Drained {
				t.Errorf("%+v", res)
			}
			r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: 99, job.GaveUp: 1})
		})
	})
	t.Run("a message that is lost", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			k := &canary{need: 2, ok: 1, open: make(map[job.Username]time.Time)}
			if !k.admit("person-lost") || k.admit("person-next") || !k.admit("person-lost") {
				t.Error("one user more, and that one again, are let through")
			}
			time.Sleep(canaryPatience)
			if !k.admit("person-next") || k.admit("person-third") {
				t.Error("after a while another one is let through, and no more")
			}
		})
	})
}

// Exclusions and copies count for nothing.
func TestCanaryCountsUsers(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		names := make([]string, 100)
		for i := range names {
			names[i] = "person-" + string(rune('a'+i/26)) + string(rune('a'+i%26))
		}
		r.shape = onTrial(20, nil)
		r.cog.add(names...)
		r.list(jobID, names...)
		var ex []job.Exclusion
		for _, n := range names[:10] {
			ex = append(ex, job.Exclusion{Given: job.Username(n)})
		}
		r.ok(r.led.Memory.SetExclusions(t.Context(), jobID, ex))
		r.open(jobID)
		r.send(jobID, names[:30]...)
		r.send(jobID, names...)
		hang := names[15]
		r.cog.setFault(func(op, n string, k int) fault { return fault{hang: n == hang && k == 1} })
		n := r.start()
		r.after(8 * time.Second)
		if k := len(r.cog.made(reset.OpReset)); k != 20 {
			t.Errorf("%d users were called for before the verdict", k)
		}
		r.after(2 * time.Minute)
		n.end()
		r.wantOutcomes(jobID, map[job.Outcome]int{job.Excluded: 10, job.Reset: 90})
		r.wantOnce(90)
	})
}
