package worker

import (
	"testing"
	"time"

	"relock/internal/job"
	"relock/internal/queue/queuefake"
	"relock/internal/reset"
)

// SIGTERM: what had not started is visible at once, what had is finished and
// deleted, and a second run does the rest.
func TestStopInTheMiddle(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.cog.latency = 300 * time.Millisecond
		r.job(jobID, 200)
		n := r.start(drain)
		r.after(3 * time.Second)
		begun := time.Now()
		res := n.end()
		if d := time.Since(begun); d > 2*time.Second || res.Drained || res.Halt != nil {
			t.Errorf("%+v after %v", res, d)
		}
		done := r.outcomes(jobID)[job.Reset]
		if done != len(r.cog.made(reset.OpReset)) {
			t.Errorf("%d calls, %d outcomes", len(r.cog.made(reset.OpReset)), done)
		}
		r.wantQueue(200-done, 1)
		r.drain(time.Minute)
		r.wantOnce(200)
		r.wantRepeated(jobID)
		if len(r.cog.made(reset.OpGetUser)) != 0 {
			t.Error("a clean stop left a claim open")
		}
	})
}

// A call that hangs is cut off, its claim given up in doubt, its message visible;
// what was finished meanwhile is deleted all the same; and our own impatience is
// nobody's failure.
func TestStopWhileCognitoHangs(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		names := r.job(jobID, 200)
		hang := map[string]bool{}
		for _, name := range names[30:60] {
			hang[name] = true
		}
		r.cog.setFault(func(op, name string, n int) fault {
			return fault{hang: op == reset.OpReset && hang[name] && n == 1, effect: true}
		})
		n := r.start(drain)
		r.after(3 * time.Second)
		begun := time.Now()
		n.end()
		if d := time.Since(begun); d > 4600*time.Millisecond {
			t.Errorf("the stop took %v", d)
		}
		if r.halt() != "" {
			t.Errorf("the stop itself halted the work: %s", r.halt())
		}
		r.wantQueue(200-r.outcomes(jobID)[job.Reset], 1)
		r.drain(10 * time.Minute)
		got := r.outcomes(jobID)
		if got[job.AlreadyReset] < 20 || got[job.AlreadyReset]+got[job.Reset] != 200 {
			t.Errorf("outcomes %v", got)
		}
		r.wantOnce(200)
		r.wantRepeated(jobID)
	})
}

// Being stopped in the middle of a call, again and again, gives up nobody.
func TestAStopIsNoTry(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 1)
		r.cog.setFault(func(op, _ string, n int) fault { return fault{hang: op == reset.OpReset && n <= 8} })
		for range 8 {
			n := r.start()
			r.after(time.Second)
			n.end()
		}
		r.drain(time.Minute)
		r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: 1})
	})
}

// The second signal stops at once.
func TestTheSecondSignal(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 100)
		r.cog.setFault(func(op, _ string, n int) fault { return fault{hang: n == 1 && len(r.cog.resetsLocked()) > 20} })
		r.q.SetFaults(queuefake.Faults{Delay: func(op string) time.Duration {
			if op == queuefake.Delete || op == queuefake.Change {
				return time.Hour
			}
			return 0
		}})
		n := r.start()
		r.after(3 * time.Second)
		n.stop()
		r.after(100 * time.Millisecond)
		begun := time.Now()
		n.kill()
		n.wait(time.Second)
		if d := time.Since(begun); d > 100*time.Millisecond {
			t.Errorf("the end took %v", d)
		}
		r.q.SetFaults(queuefake.Faults{})
		r.cog.setFault(nil)
		r.drain(10 * time.Minute)
		r.wantOnce(100)
	})
}

// The first signal may be the one that stops at once.
func TestStopAtOnceWithoutAStop(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 100)
		n := r.start()
		r.after(time.Second)
		n.kill()
		n.wait(time.Second)
		r.drain(10 * time.Minute)
		r.wantOnce(100)
	})
}

// A slow stop while the server answers 429: the stop keeps its deadline.
func TestStopWhileTheQueueThrottles(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 100)
		n := r.start()
		r.after(2 * time.Second)
		r.q.SetFaults(queuefake.Faults{Call: func(string) error { return errThrottled }})
		begun := time.Now()
		n.end()
		if d := time.Since(begun); d > 4600*time.Millisecond {
			t.Errorf("the stop took %v", d)
		}
		r.q.SetFaults(queuefake.Faults{})
		r.drain(10 * time.Minute)
		r.wantOnce(100)
	})
}

// A halted run waits for a slow queue, so that what it hands back is visible; who
// stops it meanwhile does not wait for long.
func TestHaltWithASlowQueue(t *testing.T) {
	for name, c := range map[string]struct {
		stop     bool
		from, to time.Duration
	}{
		"left alone": {false, 5 * time.Second, 18 * time.Second},
		"stopped":    {true, 0, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				r.job(jobID, 100)
				r.cog.setFault(func(string, string, int) fault {
					return fault{err: apiError("AccessDeniedException", "no")}
				})
				r.q.SetFaults(queuefake.Faults{Delay: func(op string) time.Duration {
					if op == queuefake.Change {
						return 5 * time.Second
					}
					return 0
				}})
				n := r.start(drain)
				r.after(time.Second)
				if r.halt() == "" {
					t.Fatal("the work is not halted")
				}
				begun := time.Now()
				if c.stop {
					n.stop()
				}
				n.wait(time.Minute)
				if d := time.Since(begun); d < c.from || d > c.to {
					t.Errorf("the run ended after %v, want %v to %v", d, c.from, c.to)
				}
				if !c.stop {
					r.wantQueue(100, 1)
				}
			})
		})
	}
}
