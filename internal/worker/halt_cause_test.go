package worker

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"relock/internal/job"
	"relock/internal/reset"
)

// The same failure over most of the last users: a wrong pool, a broken trigger.
func TestTheSameFailureOfMostUsersHalts(t *testing.T) {
	notFound := apiError("UserNotFoundException", "User does not exist.")
	refuse := func(r *rig, names []string, every int) {
		for i, n := range names {
			if i%every != 0 {
				r.cog.users[n].refuse = notFound
			}
		}
	}
	t.Run("nine of ten", func(t *testing.T) {
		bubble(t, func(t *testing.T, r *rig) {
			names := r.job(jobID, 200)
			refuse(r, names, 10)
			res := r.drain(time.Minute)
			if res.Halt == nil || res.Halt.Reason != job.HaltSameFailure || res.Halt.Code != string(job.UserNotFound) {
				t.Fatalf("%+v", res)
			}
			if k := len(r.cog.made(reset.OpReset)); k > 60 {
				t.Errorf("%d users were called for before it", k)
			}
			r.wantQueue(200-len(r.cog.made(reset.OpReset)), 1)
		})
	})
	t.Run("four of five", func(t *testing.T) {
		bubble(t, func(t *testing.T, r *rig) {
			refuse(r, r.job(jobID, 200), 5)
			if res := r.drain(time.Minute); !res.Drained {
				t.Errorf("%+v", res)
			}
		})
	})
	t.Run("switched off", func(t *testing.T) {
		bubble(t, func(t *testing.T, r *rig) {
			refuse(r, r.job(jobID, 200), 200)
			if res := r.drain(time.Minute, func(c *Config) { c.SameFailure = -1 }); !res.Drained {
				t.Errorf("%+v", res)
			}
		})
	})
	t.Run("resumed", func(t *testing.T) {
		bubble(t, func(t *testing.T, r *rig) {
			refuse(r, r.job(jobID, 90), 90)
			if res := r.drain(time.Minute); res.Halt == nil {
				t.Fatalf("%+v", res)
			}
			r.ok(r.led.ClearHalt(t.Context(), scope))
			if res := r.drain(time.Minute); !res.Drained {
				t.Errorf("fewer than a window were left: %+v", res)
			}
		})
	})
}

// One user whose trigger fails is one user's failure.
func TestATriggerThatFailsForOneUserHaltsNobody(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		names := r.job(jobID, 400)
		r.cog.setFault(func(op, name string, _ int) fault {
			if op == reset.OpReset && name == names[7] {
				return fault{err: apiError("UnexpectedLambdaException", "CustomMessage failed")}
			}
			return fault{}
		})
		if res := r.drain(10 * time.Minute); !res.Drained {
			t.Fatalf("%+v", res)
		}
		r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: 399, job.GaveUp: 1})
		if e := r.entries(jobID)[names[7]]; !strings.Contains(e.Note, "trigger") || e.Code != "UnexpectedLambdaException" {
			t.Errorf("the record is %+v", e)
		}
	})
}

// The target on which the trigger's failure halted is reset after the resume.
func TestATriggerThatFailsForAFewUsersHaltsAndIsMended(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 2) // fewer than it takes to call Cognito unavailable
		r.cog.setFault(func(op, _ string, _ int) fault {
			if op == reset.OpReset {
				return fault{err: apiError("InvalidLambdaResponseException", "Unrecognizable lambda output")}
			}
			return fault{}
		})
		res := r.drain(10 * time.Minute)
		if res.Halt == nil || res.Halt.Reason != job.HaltLambda {
			t.Fatalf("%+v", res)
		}
		r.cog.setFault(nil)
		r.ok(r.led.ClearHalt(t.Context(), scope))
		r.drain(10 * time.Minute)
		r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: 2})
	})
}

// Credentials that expire are refreshed once, for all the calls under way.
func TestExpiredCredentialsAreRefreshedOnce(t *testing.T) {
	expireAt := func(r *rig, fresh *atomic.Bool) {
		r.cog.latency = 500 * time.Millisecond // ten calls are under way at once
		r.cog.setFault(func(op, _ string, _ int) fault {
			if len(r.cog.resetsLocked()) >= 30 && !fresh.Load() {
				return fault{err: errExpired}
			}
			return fault{}
		})
	}
	t.Run("and the work goes on", func(t *testing.T) {
		bubble(t, func(t *testing.T, r *rig) {
			r.job(jobID, 100)
			var fresh atomic.Bool
			refreshes := 0
			expireAt(r, &fresh)
			res := r.drain(time.Minute, func(c *Config) {
				c.RefreshCredentials = func() { refreshes++; fresh.Store(true) }
			})
			if !res.Drained || refreshes != 1 {
				t.Errorf("%+v after %d refreshes", res, refreshes)
			}
			r.wantOnce(100)
			r.wantRepeated(jobID)
		})
	})
	t.Run("and halt the work if they are refused again", func(t *testing.T) {
		bubble(t, func(t *testing.T, r *rig) {
			r.job(jobID, 100)
			var fresh atomic.Bool
			refreshes := 0
			expireAt(r, &fresh)
			res := r.drain(time.Minute, func(c *Config) { c.RefreshCredentials = func() { refreshes++ } })
			if res.Halt == nil || res.Halt.Reason != job.HaltCredentials || refreshes != 1 {
				t.Errorf("%+v after %d refreshes", res, refreshes)
			}
			r.wantQueue(100-r.outcomes(jobID)[job.Reset], 1)
		})
	})
}
