package worker

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"relock/internal/job"
	"relock/internal/leader"
	"relock/internal/ledger"
	"relock/internal/reset"
)

// faultOf makes every call of an operation go wrong in the same way.
func faultOf(op string, f fault) func(string, string, int) fault {
	return func(o, _ string, _ int) fault {
		if o == op {
			return f
		}
		return fault{}
	}
}

// A throttle of sign-outs lowers their pace and not that of resets, and costs
// nobody a try.
func TestThrottledSignOuts(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.shape = signingOut
		names := r.job(jobID, 200)
		r.cog.setFault(func(op, name string, n int) fault {
			if op == reset.OpSignOut && name == names[50] && n <= 9 {
				return fault{err: errThrottled}
			}
			return fault{}
		})
		n := r.start()
		r.after(8 * time.Second)
		st := r.w.Status()
		if st.SignOuts.Throttles == 0 || st.SignOuts.Pace >= signOutRate {
			t.Errorf("the pace of sign-outs is %+v", st.SignOuts)
		}
		if st.Pace.Throttles != 0 || st.Pace.Pace != rate {
			t.Errorf("the pace of resets is %+v", st.Pace)
		}
		r.after(5 * time.Minute)
		n.end()
		r.wantOnce(200)
		r.wantSignedOutOnce(200)
		r.wantSignOuts(jobID, map[job.SignOut]int64{job.SignOutDone: 200})
	})
}

// What became of a sign-out that failed is recorded with its code, and the job
// goes on.
func TestFailedSignOuts(t *testing.T) {
	for name, c := range map[string]struct {
		f     fault
		code  string
		calls int
	}{
		"the user is gone": {fault{err: apiError("UserNotFoundException", "User does not exist.")}, "UserNotFoundException", 1},
		"no answer ever":   {fault{err: errInternal}, "InternalErrorException", 5},
		"nothing comes":    {fault{err: errLost}, "", 5}, // no code, and no more reason to halt
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				r.shape = signingOut
				names := r.job(jobID, 100)
				r.cog.setFault(func(op, n string, k int) fault {
					if op != reset.OpSignOut {
						return fault{}
					}
					switch {
					case n == names[7]:
						return c.f
					case n == names[9] && k == 1:
						return fault{err: errLost} // a try is worth it
					}
					return fault{}
				})
				res := r.drain(5 * time.Minute)
				if !res.Drained || res.Halt != nil {
					t.Errorf("%+v", res)
				}
				r.wantSignOuts(jobID, map[job.SignOut]int64{job.SignOutDone: 99, job.SignOutFailed: 1})
				e := r.entries(jobID)[names[7]]
				if e.SignOut != job.SignOutFailed || e.SignOutCode != c.code || e.Outcome != job.Reset || e.SignOutAt.IsZero() {
					t.Errorf("%+v", e)
				}
				n := 0
				for _, k := range r.cog.made(reset.OpSignOut) {
					if k.name == names[7] {
						n++
					}
				}
				if n != c.calls {
					t.Errorf("%d sign-outs, want %d", n, c.calls)
				}
				r.wantOnce(100)
				r.wantQueue(0, 0)
				if m := r.metric("relock_sign_outs_total", "state", "failed"); m != 1 {
					t.Errorf("sign_outs_total is %v", m)
				}
			})
		})
	}
}

// What stops resets stops for sign-outs too: nothing is called, the messages are
// back in the queue, and afterwards it goes on where it was.
func TestHaltsOfSignOuts(t *testing.T) {
	for name, c := range map[string]struct {
		f    fault
		want job.HaltReason
	}{
		"no permission":      {fault{err: apiError("AccessDeniedException", "not authorized to perform: cognito-idp:AdminUserGlobalSignOut")}, job.HaltAccessDenied},
		"all fail alike":     {fault{err: apiError("NotAuthorizedException", "Something.")}, job.HaltSameFailure},
		"expired":            {fault{err: errExpired}, job.HaltCredentials},
		"nobody answers":     {fault{err: errRefused, unsent: true}, job.HaltUnavailable},
		"the pool has moved": {fault{err: apiError("ResourceNotFoundException", "User pool does not exist.")}, job.HaltPoolNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				r.shape = signingOut
				r.job(jobID, 200)
				r.cog.setFault(faultOf(reset.OpSignOut, c.f))
				if c.want == job.HaltUnavailable {
					r.cog.setFault(func(string, string, int) fault { return c.f }) // for resets too
				}
				res := r.drain(time.Minute)
				if res.Halt == nil || res.Halt.Reason != c.want || r.halt() != c.want {
					t.Fatalf("%+v", res)
				}
				tot := res.Jobs[0].Totals
				if tot.Targets-tot.Pending != tot.SignOuts[job.SignOutPending]+tot.SignOuts[job.SignOutFailed] {
					t.Errorf("%+v", tot)
				}
				r.wantQueue(200-int(tot.SignOuts[job.SignOutFailed]), 1)
				r.cog.setFault(nil)
				r.ok(r.led.Memory.ClearHalt(t.Context(), scope))
				if res := r.drain(2 * time.Minute); !res.Drained {
					t.Errorf("%+v", res)
				}
				r.wantOnce(200)
				r.wantSignedOutOnce(200 - int(tot.SignOuts[job.SignOutFailed]))
			})
		})
	}
}

// After a halt nothing more is called, though targets wait for their sign-out.
func TestNoSignOutAfterAHalt(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.shape = signingOut
		r.job(jobID, 200)
		n := r.start()
		r.after(5 * time.Second) // the buffer is full by then
		before := len(r.cog.made(reset.OpSignOut))
		r.cog.setFault(faultOf(reset.OpSignOut, fault{err: apiError("AccessDeniedException", "not authorized")}))
		r.after(time.Minute)
		if r.halt() != job.HaltAccessDenied {
			t.Errorf("halted by %q", r.halt())
		}
		if k := len(r.cog.made(reset.OpSignOut)) - before; k > 3 {
			t.Errorf("%d more sign-outs were tried", k)
		}
		n.end()
	})
}

// A sign-out under way ends with the worker's lease, whatever its own time.
func TestASignOutIsCutOffWithTheLease(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.shape = signingOut
		r.job(jobID, 1)
		r.cog.setFault(func(op, _ string, n int) fault { return fault{hang: op == reset.OpSignOut && n == 1} })
		a := r.member("a", func(c *Config) { c.Resetter = reset.New(r.cog, time.Hour, nil) })
		r.after(time.Second)
		if f := r.w.cfg.SignOuts.Snapshot().InFlight; f != 1 {
			t.Errorf("%d sign-outs are under way", f)
		}
		a.wire.cut(true)
		r.after(leader.RenewDeadline + time.Second)
		if f := r.w.cfg.SignOuts.Snapshot().InFlight; f != 0 {
			t.Errorf("%d sign-outs are under way after the lease", f)
		}
		a.wire.cut(false)
		a.end()
	})
}

// Credentials that were renewed in the meantime are worth another call.
func TestSignOutsWithRenewedCredentials(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.shape = signingOut
		r.job(jobID, 50)
		expired := true
		r.cog.setFault(func(op, _ string, _ int) fault {
			if op == reset.OpSignOut && expired {
				return fault{err: errExpired}
			}
			return fault{}
		})
		res := r.drain(time.Minute, func(c *Config) {
			c.RefreshCredentials = func() { r.cog.setFault(nil); expired = false }
		})
		if !res.Drained || res.Halt != nil {
			t.Errorf("%+v", res)
		}
		r.wantSignedOutOnce(50)
	})
}

// A ledger that does not take what became of a sign-out halts the work. Once it
// does, nobody is reset again.
func TestALedgerThatTakesNoSignOut(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.shape = signingOut
		r.job(jobID, 100)
		n := r.start()
		r.after(2 * time.Second)
		r.led.set(func(op string) error {
			if op == "RecordSignOut" || op == "SetHalt" {
				return errLedger
			}
			return nil
		}, nil)
		r.after(30 * time.Second)
		if m := r.metric("relock_halted", "reason", string(job.HaltLedger)); m != 1 {
			t.Error("not halted")
		}
		outs := len(r.cog.made(reset.OpSignOut))
		r.after(5 * time.Minute)
		if k := len(r.cog.made(reset.OpSignOut)); k != outs {
			t.Errorf("%d sign-outs without a ledger", k-outs)
		}
		r.led.set(nil, nil)
		r.after(5 * time.Minute)
		n.end()
		r.wantOnce(100)
		r.wantSignedOutOnce(100)
		r.wantSignOuts(jobID, map[job.SignOut]int64{job.SignOutDone: 100})
		r.wantQueue(0, 0)
	})
}

// Sign-outs are the active worker's alone: those of one that is cut off from the
// ledger end with its lease, and the standby goes on with them.
func TestSignOutsEndWithTheLease(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.shape = signingOut
		r.job(jobID, 150)
		a := r.member("a", slowSignOuts) // so that many wait for theirs when the lease ends
		r.after(time.Second)
		b := r.member("b", slowSignOuts)
		r.after(9 * time.Second)
		now := time.Now()
		a.wire.cut(true)
		r.after(30 * time.Second)
		wantTurns(t, a, b, now, 30*time.Second)
		r.after(10 * time.Second)
		a.wire.cut(false)
		r.after(5 * time.Minute)
		wantTurns(t, a, b, now, 30*time.Second)
		a.end()
		b.end()
		r.wantOnce(150)
		r.wantSignOuts(jobID, map[job.SignOut]int64{job.SignOutDone: 150})
		twice := 0
		for _, n := range r.cog.signedOut() {
			twice += n - 1
		}
		if out := len(r.cog.signedOut()); out != 150 || twice > maxSignOuts {
			t.Errorf("%d users were signed out, %d of them twice", out, twice)
		}
		r.wantQueue(0, 0)
	})
}

// unrenewed is a ledger that takes everything but the lease, once it is off.
type unrenewed struct {
	*flaky
	off atomic.Bool
}

func (u *unrenewed) PutLease(ctx context.Context, l ledger.Lease, expect int64) error {
	if u.off.Load() {
		return errCut
	}
	return u.flaky.PutLease(ctx, l, expect)
}

// Without a lease nobody is signed out, though the ledger takes all else.
func TestNoSignOutWithoutALease(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.shape = signingOut
		r.job(jobID, 60)
		led := &unrenewed{flaky: r.led}
		r.cfg.Ledger = led
		n := r.start(slowSignOuts)
		r.after(5 * time.Second)
		led.off.Store(true)
		r.after(leader.RenewDeadline + time.Second)
		before := len(r.cog.made(reset.OpSignOut))
		r.after(30 * time.Second)
		if k := len(r.cog.made(reset.OpSignOut)); k != before || before == 0 {
			t.Errorf("%d sign-outs, %d of them without a lease", k, k-before)
		}
		led.off.Store(false)
		r.after(5 * time.Minute)
		n.end()
		r.wantOnce(60)
		r.wantSignedOutOnce(60)
	})
}

// A halt that an operator ended leaves nothing behind in either stage: the next
// single failure is one failure, and not the fifty-first.
func TestAHaltThatEndedIsForgottenByEveryStage(t *testing.T) {
	for _, op := range []string{reset.OpReset, reset.OpSignOut} {
		t.Run(op, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				r.shape = signingOut
				r.job(jobID, 200)
				failing := 0
				r.cog.setFault(func(o, _ string, _ int) fault {
					if o == op && failing < breakerWindow+1 {
						failing++
						return fault{err: apiError("UserNotFoundException", "User does not exist.")}
					}
					return fault{}
				})
				n := r.start()
				r.after(30 * time.Second)
				if got := r.halt(); got != job.HaltSameFailure {
					t.Fatalf("halted for %q, want same_failure", got)
				}
				failing = breakerWindow // one more, after the end of the halt
				r.ok(r.led.ClearHalt(t.Context(), scope))
				r.after(time.Minute)
				if got := r.halt(); got != "" {
					t.Errorf("halted again for %q after one failure", got)
				}
				n.end()
				if _, pending := r.outcomes(jobID)[""]; pending {
					t.Error("the job is not done")
				}
			})
		})
	}
}
