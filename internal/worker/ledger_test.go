package worker

import (
	"slices"
	"testing"
	"time"

	"relock/internal/job"
	"relock/internal/reset"
)

// A ledger that fails in the middle: no call without a durable claim, halt,
// nothing lost, goes on.
func TestALedgerThatFailsInTheMiddle(t *testing.T) {
	for _, op := range []string{"Claim", "Release", "Record", "Jobs"} {
		fail := func(r *rig) {
			failing := func(o string) error {
				if o == op || o == "SetHalt" {
					return errLedger
				}
				return nil
			}
			r.led.set(failing, nil)
		}
		setUp := func(r *rig) {
			r.job(jobID, 200)
			if op == "Release" { // so that there is something to release
				i := 0
				r.cog.setFault(func(o, _ string, n int) fault {
					if i++; o == reset.OpReset && n == 1 && i%3 == 0 {
						return fault{err: errLost, effect: true}
					}
					return fault{}
				})
			}
		}
		t.Run(op+" in a service", func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				setUp(r)
				n := r.start()
				r.after(3 * time.Second)
				fail(r)
				r.after(30 * time.Second)
				if m := r.metric("relock_halted", "reason", string(job.HaltLedger)); m != 1 {
					t.Error("not halted")
				}
				calls := len(r.cog.made(reset.OpReset))
				r.after(10 * time.Minute)
				if k := len(r.cog.made(reset.OpReset)); k != calls {
					t.Errorf("%d calls without a ledger", k-calls)
				}
				for _, m := range r.q.Messages() {
					if m.Receives > 2 {
						t.Errorf("%s was received %d times", m.ID, m.Receives)
					}
				}
				r.led.set(nil, nil)
				r.after(10 * time.Minute)
				n.end()
				r.wantOnce(200)
				r.wantRepeated(jobID)
				if n := r.outcomes(jobID)[""]; n != 0 {
					t.Errorf("%d targets are pending", n)
				}
				r.wantQueue(0, 0)
			})
		})
		t.Run(op+" in a drain", func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				setUp(r)
				n := r.start(drain)
				r.after(3 * time.Second)
				fail(r)
				res := n.wait(30 * time.Second)
				if res.Halt == nil || res.Halt.Reason != job.HaltLedger {
					t.Fatalf("%+v", res)
				}
				r.led.set(nil, nil)
				if res := r.drain(10 * time.Minute); !res.Drained {
					t.Errorf("%+v", res)
				}
				r.wantOnce(200)
				r.wantRepeated(jobID)
				if n := r.outcomes(jobID)[""]; n != 0 {
					t.Errorf("%d targets are pending", n)
				}
			})
		})
	}
}

// A ledger that does not answer is a ledger that fails.
func TestALedgerThatHangs(t *testing.T) {
	for _, op := range []string{"Claim", "Jobs"} {
		t.Run(op, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				r.job(jobID, 100)
				n := r.start()
				r.after(2 * time.Second)
				r.led.set(func(o string) error {
					if o == op {
						return errLedger
					}
					return nil
				}, func(o string) time.Duration {
					if o == op {
						return 1000 * time.Hour
					}
					return 0
				})
				r.after(time.Minute)
				if m := r.metric("relock_halted", "reason", string(job.HaltLedger)); m != 1 {
					t.Error("not halted")
				}
				if s := r.cfg.Health.Stalled(); len(s) != 0 {
					t.Errorf("stalled: %v", s)
				}
				r.led.set(nil, nil)
				r.after(10 * time.Minute)
				n.end()
				r.wantOnce(100)
			})
		})
	}
}

// A process that was suspended between claim and call makes no call with a lost
// lease.
func TestNoCallWithALostLease(t *testing.T) {
	for name, stalls := range map[string]struct {
		d     time.Duration
		calls int
	}{
		"over":        {90 * time.Second, 0},
		"nearly over": {50 * time.Second, 0},
		"half over":   {29 * time.Second, 1},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				names := r.job(jobID, 1)
				first := true
				var claimed time.Time
				r.cfg.Ledger = suspended{r.led, func() {
					if first {
						first, claimed = false, time.Now()
						time.Sleep(stalls.d) // SIGSTOP, and SIGCONT
					}
				}}
				r.drain(10 * time.Minute)
				r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: 1})
				r.wantOnce(1)
				r.wantRepeated(jobID)
				// The claim whose lease was lost was given up before any call.
				if n := r.entries(jobID)[names[0]].Attempts; n != 2-stalls.calls {
					t.Errorf("%d claims", n)
				}
				if d := r.cog.made(reset.OpReset)[0].at.Sub(claimed); d < stalls.d {
					t.Errorf("called %v after the claim", d)
				}
			})
		})
	}
}

// The call under a claim ends before the claim's lease does.
func TestACallEndsBeforeItsLease(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 1)
		r.cog.setFault(func(op, _ string, n int) fault { return fault{hang: op == reset.OpReset && n == 1} })
		r.cfg.Resetter = reset.New(r.cog, time.Hour, nil) // no deadline of its own to speak of
		n := r.start()
		r.after(time.Second)
		begun := r.cog.made(reset.OpReset)[0].at
		r.after(time.Minute - time.Since(begun)) // the lease is a minute, and began before the call
		r.led.mu.Lock()
		released := slices.Contains(r.led.ops, "Release")
		r.led.mu.Unlock()
		if !released {
			t.Error("the call is still under way at the end of its lease")
		}
		n.end()
	})
}
