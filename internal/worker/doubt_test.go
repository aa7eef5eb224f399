package worker

import (
	"strings"
	"testing"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/reset"
)

// Lost replies are settled by AdminGetUser, and `repeated` is flagged exactly
// where a second call was made.
func TestALostReplyIsSettled(t *testing.T) {
	for name, c := range map[string]struct {
		first, second fault // of the first two resets of one user
		want          job.Outcome
		resets, calls int
		lookUps       int
		repeated      bool
	}{
		"that had taken effect":          {first: fault{err: errLost, effect: true}, want: job.AlreadyReset, resets: 1, calls: 1, lookUps: 1},
		"that had not":                   {first: fault{err: errLost}, want: job.Reset, resets: 1, calls: 2, lookUps: 1, repeated: true},
		"an internal error, with effect": {first: fault{err: errInternal, effect: true}, want: job.AlreadyReset, resets: 1, calls: 1, lookUps: 1},
		"an internal error, without":     {first: fault{err: errInternal}, want: job.Reset, resets: 1, calls: 2, lookUps: 1, repeated: true},
		"a timeout, with effect":         {first: fault{hang: true, effect: true}, want: job.AlreadyReset, resets: 1, calls: 1, lookUps: 1},
		"a timeout, without":             {first: fault{hang: true}, want: job.Reset, resets: 1, calls: 2, lookUps: 1, repeated: true},
		"twice, the second with effect":  {first: fault{err: errLost}, second: fault{err: errLost, effect: true}, want: job.AlreadyReset, resets: 1, calls: 2, lookUps: 2, repeated: true},
		"twice, without effect":          {first: fault{err: errLost}, second: fault{err: errLost}, want: job.Reset, resets: 1, calls: 3, lookUps: 2, repeated: true},
		"then a throttle":                {first: fault{err: errLost}, second: fault{err: errThrottled}, want: job.Reset, resets: 1, calls: 3, lookUps: 2, repeated: true},
		"then a refusal":                 {first: fault{err: errLost}, second: fault{err: apiError("UserLambdaValidationException", "no")}, want: job.LambdaRejected, calls: 2, lookUps: 1, repeated: true},
		"that was never sent":            {first: fault{err: errRefused, unsent: true}, want: job.Reset, resets: 1, calls: 2},
		"a throttle":                     {first: fault{err: errThrottled}, want: job.Reset, resets: 1, calls: 2},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				names := r.job(jobID, 10)
				it := names[4]
				r.cog.setFault(func(op, name string, n int) fault {
					switch {
					case op != reset.OpReset || name != it:
						return fault{}
					case n == 1:
						return c.first
					case n == 2:
						return c.second
					default:
						return fault{}
					}
				})
				r.drain(5 * time.Minute)
				e := r.entries(jobID)[it]
				if e.Outcome != c.want {
					t.Errorf("the outcome is %s, want %s", e.Outcome, c.want)
				}
				if n := r.cog.resets()[it]; n != c.resets {
					t.Errorf("the user was reset %d times, want %d", n, c.resets)
				}
				count := func(op string) (n int) {
					for _, k := range r.cog.made(op) {
						if k.name == it {
							n++
						} else if op == reset.OpGetUser {
							t.Errorf("%s was looked up", k.name)
						}
					}
					return n
				}
				if n := count(reset.OpReset); n != c.calls {
					t.Errorf("%d resets were called for, want %d", n, c.calls)
				}
				if n := count(reset.OpGetUser); n != c.lookUps {
					t.Errorf("%d look-ups, want %d", n, c.lookUps)
				}
				if c.repeated {
					r.wantRepeated(jobID, it)
				} else {
					r.wantRepeated(jobID)
				}
			})
		})
	}
}

// The flag is in the ledger before the second call: a process that ends in it
// does not hide it.
func TestAProcessThatEndsInTheSecondCallLeavesTheFlag(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		it := r.job(jobID, 1)[0]
		r.cog.setFault(func(op, _ string, n int) fault {
			switch {
			case op == reset.OpReset && n == 1:
				return fault{err: errLost}
			case op == reset.OpReset:
				return fault{hang: true, effect: true}
			}
			return fault{}
		})
		n := r.start()
		for len(r.cog.made(reset.OpReset)) < 2 {
			r.after(100 * time.Millisecond)
		}
		// As if by kill -9: the ledger takes no more of this process.
		r.led.set(func(string) error { return errLedger }, nil)
		n.kill()
		n.wait(time.Minute)
		r.led.set(nil, nil)
		if !r.entries(jobID)[it].Repeated {
			t.Error("the second call is not flagged")
		}
		r.cog.setFault(nil)
		r.cfg.Owner = "worker-2"
		r.drain(10 * time.Minute)
		r.wantOutcomes(jobID, map[job.Outcome]int{job.AlreadyReset: 1})
		r.wantOnce(1)
		if e := r.entries(jobID)[it]; !e.Repeated {
			t.Error("the flag is gone")
		}
	})
}

// A claim that a dead process left open is looked up after its lease, not before.
func TestAnOpenClaimIsLookedUpAfterItsLease(t *testing.T) {
	for name, c := range map[string]struct {
		status string
		want   job.Outcome
		resets int
	}{
		"the call had taken effect": {reset.NeedsReset, job.AlreadyReset, 0},
		"it had not":                {"CONFIRMED", job.Reset, 1},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				it := r.job(jobID, 1)[0]
				r.cog.users[it].status = c.status
				_, err := r.led.Memory.Claim(t.Context(), ledger.Key{Job: jobID, Username: job.Username(it)}, "dead", time.Minute)
				r.ok(err)
				n := r.start(drain)
				r.after(59 * time.Second)
				if k := len(r.cog.made(reset.OpGetUser)) + len(r.cog.made(reset.OpReset)); k != 0 {
					t.Errorf("%d calls while the lease lived", k)
				}
				n.wait(2 * time.Minute)
				r.wantOutcomes(jobID, map[job.Outcome]int{c.want: 1})
				if k := r.cog.resets()[it]; k != c.resets {
					t.Errorf("reset %d times", k)
				}
			})
		})
	}
}

func TestALookUpThatFails(t *testing.T) {
	lookUp := func(f func(n int) fault) func(op, name string, n int) fault {
		return func(op, _ string, n int) fault {
			if op == reset.OpGetUser {
				return f(n)
			}
			if n == 1 {
				return fault{err: errLost, effect: true}
			}
			return fault{}
		}
	}
	once := func(err error) func(int) fault {
		return func(n int) fault {
			if n == 1 {
				return fault{err: err}
			}
			return fault{}
		}
	}
	for name, c := range map[string]struct {
		fault   func(n int) fault
		want    job.Outcome
		lookUps int
	}{
		"throttled":         {once(errThrottled), job.AlreadyReset, 2},
		"lost":              {once(errLost), job.AlreadyReset, 2},
		"an internal error": {once(errInternal), job.AlreadyReset, 2},
		"the user is gone":  {once(apiError("UserNotFoundException", "User does not exist.")), job.UserNotFound, 1},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				r.job(jobID, 1)
				r.cog.setFault(lookUp(c.fault))
				r.drain(5 * time.Minute)
				r.wantOutcomes(jobID, map[job.Outcome]int{c.want: 1})
				r.wantRepeated(jobID)
				if n := len(r.cog.made(reset.OpGetUser)); n != c.lookUps {
					t.Errorf("%d look-ups, want %d", n, c.lookUps)
				}
				if n := len(r.cog.made(reset.OpReset)); n != 1 {
					t.Errorf("%d resets were called for", n)
				}
			})
		})
	}
	t.Run("refused for a reason of its own", func(t *testing.T) {
		bubble(t, func(t *testing.T, r *rig) {
			it := r.job(jobID, 1)[0]
			r.cog.setFault(lookUp(once(apiError("SomethingNewException", "?"))))
			r.drain(5 * time.Minute)
			// Not known to be reset: an account left open would be worse.
			r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: 1})
			r.wantRepeated(jobID, it)
		})
	})
	t.Run("not allowed", func(t *testing.T) {
		bubble(t, func(t *testing.T, r *rig) {
			r.job(jobID, 1)
			r.cog.setFault(lookUp(once(apiError("AccessDeniedException", "no"))))
			res := r.drain(5 * time.Minute)
			if res.Halt == nil || res.Halt.Reason != job.HaltAccessDenied {
				t.Errorf("%+v", res)
			}
			r.ok(r.led.ClearHalt(t.Context(), scope))
			r.drain(5 * time.Minute)
			r.wantOutcomes(jobID, map[job.Outcome]int{job.AlreadyReset: 1})
		})
	})
}

// The tries spent, a target is given up, and its record names the last error.
func TestTriesSpentIsGaveUp(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		names := r.job(jobID, 200)
		it := names[0]
		r.cog.setFault(func(op, name string, n int) fault {
			if op == reset.OpReset && name == it {
				return fault{err: errInternal}
			}
			return fault{}
		})
		r.drain(10 * time.Minute)
		r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: 199, job.GaveUp: 1})
		e := r.entries(jobID)[it]
		if e.Code != "InternalErrorException" || e.RequestID != "req-InternalErrorException" || !strings.Contains(e.Note, "tries are spent") {
			t.Errorf("the record is %+v", e)
		}
		n := 0
		for _, k := range r.cog.made(reset.OpReset) {
			if k.name == it {
				n++
			}
		}
		if n != 5 {
			t.Errorf("%d calls, want MaxTries, 5", n)
		}
		r.wantRepeated(jobID, it)
	})
}

// A tried call that took effect after all is no failure, however often it failed.
func TestTriesSpentButReset(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 100)
		r.cog.setFault(func(op, name string, n int) fault {
			if op == reset.OpReset && strings.HasSuffix(name, "-7@example.com") {
				return fault{err: errInternal, effect: n == 5}
			}
			return fault{}
		})
		r.drain(10 * time.Minute)
		r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: 99, job.AlreadyReset: 1})
		r.wantOnce(100)
	})
}

// Where nothing reached the network, nobody was tried.
func TestARefusedConnectionIsNoTry(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		names := r.job(jobID, 300)
		r.cog.setFault(func(op, name string, n int) fault {
			switch {
			case op != reset.OpReset || name != names[3]:
				return fault{}
			case n <= 12: // more than MaxTries
				return fault{err: errRefused, unsent: true}
			case n == 13:
				return fault{err: errLost}
			}
			return fault{}
		})
		r.drain(10 * time.Minute)
		r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: 300})
		r.wantRepeated(jobID, names[3])
	})
}
