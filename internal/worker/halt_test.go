package worker

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"relock/internal/job"
	"relock/internal/reset"
)

// A halt stops all calls, hands every message back at the cost of the one receive
// that brought it, and says why.
func TestHalts(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want job.HaltReason
	}{
		"access denied":      {apiError("AccessDeniedException", "person-x is not authorized"), job.HaltAccessDenied},
		"pool not found":     {apiError("ResourceNotFoundException", "User pool does not exist."), job.HaltPoolNotFound},
		"pool ID":            {apiError("InvalidParameterException", "Value at 'userPoolId' failed to satisfy constraint"), job.HaltPoolNotFound},
		"e-mail role":        {apiError("InvalidEmailRoleAccessPolicyException", "no"), job.HaltEmailRole},
		"SMS role":           {apiError("InvalidSmsRoleAccessPolicyException", "no"), job.HaltSMSRole},
		"SMS trust":          {apiError("InvalidSmsRoleTrustRelationshipException", "no"), job.HaltSMSRole},
		"not enabled":        {apiError("OperationNotEnabledException", "no"), job.HaltOperationNotEnabled},
		"unknown operation":  {apiError("UnknownOperationException", "no"), job.HaltUnsupported},
		"credentials":        {apiError("UnrecognizedClientException", "no"), job.HaltCredentials},
		"a wrong clock":      {apiError("InvalidSignatureException", "Signature expired: 20261129T072000Z is now earlier than 20261129T073000Z"), job.HaltClockSkew},
		"daily e-mail limit": {apiError("LimitExceededException", "Exceeded daily email limit for the operation or the account."), job.HaltDailyEmailLimit},
		"a failing trigger":  {apiError("UnexpectedLambdaException", "no"), job.HaltLambda},
		"nobody answers":     {errLost, job.HaltUnavailable},
		"internal errors":    {errInternal, job.HaltUnavailable},
	} {
		fail := func(r *rig) {
			r.cog.setFault(func(op, name string, n int) fault {
				if len(r.cog.resetsLocked()) >= 30 && op == reset.OpReset {
					return fault{err: c.err}
				}
				return fault{}
			})
		}
		t.Run(name+" in a drain", func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				r.job(jobID, 150)
				fail(r)
				res := r.drain(10 * time.Minute)
				if res.Halt == nil || res.Halt.Reason != c.want || res.Drained {
					t.Fatalf("the run ended with %+v", res)
				}
				if r.halt() != c.want {
					t.Errorf("the ledger's halt is %q", r.halt())
				}
				done := r.outcomes(jobID)[job.Reset]
				r.wantQueue(150-done, 1)
				if n := r.metric("relock_halted", "reason", string(c.want)); n != 1 {
					t.Errorf("halted{%s} is %v", c.want, n)
				}
				if !strings.Contains(r.log.String(), "remedy") {
					t.Error("the log names no remedy")
				}

				// The cause mended, the halt resumed: the same command does the rest.
				r.cog.setFault(nil)
				r.ok(r.led.ClearHalt(t.Context(), scope))
				if res := r.drain(10 * time.Minute); !res.Drained {
					t.Errorf("the second run ended with %+v", res)
				}
				r.wantOnce(150)
				if n := r.outcomes(jobID)[""]; n != 0 {
					t.Errorf("%d targets are pending", n)
				}
			})
		})
		t.Run(name+" in a service", func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				r.job(jobID, 150)
				fail(r)
				n := r.start()
				r.after(45 * time.Second)
				if r.halt() != c.want {
					t.Fatalf("the ledger's halt is %q", r.halt())
				}
				if len(r.cfg.Health.NotReady()) == 0 {
					t.Error("the worker says that it is ready")
				}
				h, _, err := r.led.Halt(t.Context(), scope)
				r.ok(err)
				for _, k := range r.cog.made(reset.OpReset) {
					if k.at.After(h.Since.Add(time.Millisecond)) {
						t.Errorf("a call was made %v after the halt", k.at.Sub(h.Since))
					}
				}
				calls := len(r.cog.made(reset.OpReset))
				r.after(10 * time.Second)
				if k := len(r.cog.made(reset.OpReset)); k != calls {
					t.Errorf("%d calls were made while halted", k-calls)
				}
				r.wantQueue(150-r.outcomes(jobID)[job.Reset], 1)

				r.cog.setFault(nil)
				r.ok(r.led.ClearHalt(t.Context(), scope)) // `job resume`
				r.after(time.Minute)
				if len(r.cfg.Health.NotReady()) != 0 {
					t.Errorf("not ready: %v", r.cfg.Health.NotReady())
				}
				n.end()
				r.wantOnce(150)
			})
		})
	}
}

// resetsLocked is resets for a fault, which is asked under the lock.
func (c *cognito) resetsLocked() map[string]int {
	m := map[string]int{}
	for n, u := range c.users {
		if len(u.resets) > 0 {
			m[n] = len(u.resets)
		}
	}
	return m
}

// Probes cost no message, and the work goes on by itself.
func TestASelfClearingHaltIsProbedWithoutAMessage(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 100)
		var down atomic.Bool
		down.Store(true)
		r.cog.setFault(func(op, _ string, _ int) fault {
			if down.Load() {
				return fault{err: errExpired}
			}
			return fault{}
		})
		n := r.start()
		r.after(30 * time.Minute)
		if r.halt() != job.HaltCredentials {
			t.Fatalf("the halt is %q", r.halt())
		}
		r.wantQueue(100, 1)
		if k := r.cog.checks(); k < 25 || k > 31 {
			t.Errorf("%d probes in half an hour", k)
		}
		if k := len(r.cog.made(reset.OpReset)); k > 10 {
			t.Errorf("%d users were called for", k)
		}
		down.Store(false)
		r.after(2 * time.Minute)
		n.end()
		r.wantOnce(100)
		r.wantQueue(0, 0)
		if r.halt() != "" {
			t.Errorf("the ledger still has the halt %q", r.halt())
		}
	})
}

// Cognito's own e-mail allowance is renewed at 09:00 UTC.
func TestTheDailyEmailLimitIsWaitedForUntilNine(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) { // the bubble's clock begins at midnight UTC
		r.after(8 * time.Hour)
		r.job(jobID, 100)
		r.cog.setFault(func(op, _ string, _ int) fault {
			if op == reset.OpReset && len(r.cog.resetsLocked()) >= 50 && time.Now().UTC().Hour() < 9 {
				return fault{err: apiError("LimitExceededException", "Exceeded daily email limit for the operation or the account.")}
			}
			return fault{}
		})
		n := r.start()
		r.after(59 * time.Minute)
		r.wantQueue(100-r.outcomes(jobID)[job.Reset], 1)
		r.after(10 * time.Minute)
		n.end()
		r.wantOnce(100)
	})
}

func TestRenewal(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"2026-11-23T00:00:00Z":      "2026-11-23T09:01:00Z",
		"2026-11-23T09:00:30Z":      "2026-11-23T09:01:00Z",
		"2026-11-23T09:01:00Z":      "2026-11-24T09:01:00Z",
		"2026-11-23T23:00:00Z":      "2026-11-24T09:01:00Z",
		"2026-12-31T23:00:00-05:00": "2027-01-01T09:01:00Z",
	} {
		at, err := time.Parse(time.RFC3339, in)
		if err != nil {
			t.Fatal(err)
		}
		if got := renewal(at).Format(time.RFC3339); got != want {
			t.Errorf("renewal(%s) = %s, want %s", in, got, want)
		}
	}
}

// A cause that the probe cannot see would cost every message a receive a minute,
// and a queue takes a message for dead after twenty.
func TestAHaltThatComesBackIsProbedLessAndLess(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 100)
		r.cog.setFault(func(op, name string, _ int) fault {
			if strings.HasPrefix(name, "relock-check-") {
				return fault{} // the probe passes
			}
			return fault{err: errRefused, unsent: true}
		})
		n := r.start()
		r.after(3 * time.Hour)
		if m := len(r.q.Messages()); m != 100 || len(r.q.Dead()) != 0 {
			t.Errorf("%d messages are left, %d are dead letters", m, len(r.q.Dead()))
		}
		for _, m := range r.q.Messages() {
			if m.Receives > 12 {
				t.Errorf("a message was received %d times in three hours", m.Receives)
			}
		}
		r.cog.setFault(nil)
		r.after(33 * time.Minute)
		n.end()
		r.wantOnce(100)
	})
}

// But halts between which the work went on are told apart.
func TestHaltsOfTheirOwnAreProbedSoon(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 2000)
		var down atomic.Bool
		r.cog.setFault(func(string, string, int) fault {
			if down.Load() {
				return fault{err: errExpired}
			}
			return fault{}
		})
		n := r.start()
		for range 5 {
			down.Store(true)
			r.after(5 * time.Second)
			down.Store(false)
			before := len(r.cog.resets())
			r.after(time.Minute + 5*time.Second)
			if len(r.cog.resets()) == before {
				t.Error("the work does not go on within the minute")
			}
		}
		n.end()
	})
}

// A drain that is started again and again while halted costs the messages nothing.
func TestRestartsWhileHaltedCostNoReceives(t *testing.T) {
	for name, err := range map[string]error{
		"credentials":        errExpired,
		"daily e-mail limit": apiError("LimitExceededException", "Exceeded daily email limit for the operation or the account."),
		"access denied":      apiError("AccessDeniedException", "no"),
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				r.job(jobID, 100)
				r.cog.setFault(func(op, name string, _ int) fault { return fault{err: err} })
				for range 30 {
					if res := r.drain(time.Minute); res.Halt == nil {
						t.Fatalf("%+v", res)
					}
					r.after(time.Minute)
				}
				r.wantQueue(100, 1)
				if k := len(r.cog.made(reset.OpReset)); k > 5 {
					t.Errorf("%d users were called for", k)
				}
				r.cog.setFault(nil)
				r.after(10 * time.Hour)
				if name == "access denied" {
					r.ok(r.led.ClearHalt(t.Context(), scope))
				}
				r.drain(time.Minute)
				r.wantOnce(100)
			})
		})
	}
}

// A halt that another worker wrote is honoured by one that runs.
func TestAnothersHaltIsHonoured(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		n := r.start()
		r.after(10 * time.Second)
		r.ok(r.led.SetHalt(t.Context(), scope, job.Halt{Reason: job.HaltAccessDenied, Since: time.Now()}))
		r.after(5 * time.Second)
		r.job(jobID, 10)
		r.after(time.Minute)
		if k := len(r.cog.made(reset.OpReset)); k != 0 {
			t.Errorf("%d calls", k)
		}
		r.wantQueue(10, 1) // the poll that was under way
		r.ok(r.led.ClearHalt(t.Context(), scope))
		r.after(time.Minute)
		n.end()
		r.wantOnce(10)
	})
}

// duringHalt is a log whose reader is quick: told of a halt, it ends the halt.
type duringHalt struct {
	slog.Handler
	do func()
}

func (h duringHalt) Handle(ctx context.Context, rec slog.Record) error {
	if strings.HasPrefix(rec.Message, "halted: ") {
		h.do()
	}
	return h.Handler.Handle(ctx, rec)
}

// A halt that ends while it is being told, as when another worker turns out to be
// active, leaves nothing paused behind.
func TestAHaltThatEndsAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.cfg.Logger = slog.New(duringHalt{r.cfg.Logger.Handler(), func() { r.w.halts.leave("the test says so") }})
		n := r.start()
		r.after(time.Second)
		r.w.halts.trip(job.HaltUnavailable, "", nil)
		r.job(jobID, 10)
		r.after(time.Minute)
		if why := r.cfg.Health.NotReady(); len(why) > 0 {
			t.Errorf("not ready: %v", why)
		}
		n.end()
		r.wantOnce(10)
	})
}
