package worker

import (
	"strings"
	"testing"
	"time"

	"relock/internal/job"
)

var errLate = apiError("InvalidSignatureException", "Signature expired: 20261129T072000Z is now earlier than 20261129T073000Z (20261129T073500Z - 5 min.)")

// The halt of a wrong clock names the difference: in the ledger, in the log and in
// the result.
func TestAWrongClockIsNamedWithTheDifference(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 10)
		r.cog.setFault(func(string, string, int) fault { return fault{err: errLate} })
		res := r.drain(time.Minute)
		want := job.Halt{Reason: job.HaltClockSkew, Code: "InvalidSignatureException", Skew: -15 * time.Minute}
		kept, _, err := r.led.Halt(t.Context(), scope)
		r.ok(err)
		for where, got := range map[string]job.Halt{"result": *res.Halt, "ledger": kept} {
			if got.Since = (time.Time{}); got != want {
				t.Errorf("the %s has %+v, want %+v", where, got, want)
			}
		}
		log := r.log.String()
		if !strings.Contains(log, `clock="15 min 0 s behind AWS's"`) || strings.Contains(log, "renew the AWS credentials") {
			t.Errorf("the log:\n%s", log)
		}
	})
}

// A drain that waits stays through a halt that ends by itself, and through no other.
func TestADrainThatWaits(t *testing.T) {
	wait := func(c *Config) { c.Wait = true }
	down := func(err error) func(r *rig) {
		until := time.Now().Add(3 * time.Hour)
		return func(r *rig) {
			r.cog.setFault(func(string, string, int) fault {
				if time.Now().Before(until) {
					return fault{err: err}
				}
				return fault{}
			})
		}
	}
	for name, err := range map[string]error{"credentials": errExpired, "clock": errLate, "no answer": errLost} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				r.job(jobID, 10)
				down(err)(r)
				if res := r.drain(5*time.Hour, wait); !res.Drained || res.Halt != nil {
					t.Errorf("%+v", res)
				}
				if log := r.log.String(); !strings.Contains(log, "the worker tries again by itself") || strings.Contains(log, "start the worker again") {
					t.Errorf("the log:\n%s", log)
				}
				r.wantOnce(10)
			})
		})
	}
	t.Run("a halt of another worker", func(t *testing.T) {
		bubble(t, func(t *testing.T, r *rig) {
			r.job(jobID, 10)
			r.ok(r.led.SetHalt(t.Context(), scope, job.Halt{Reason: job.HaltDailyEmailLimit, Since: time.Now()}))
			if res := r.drain(25*time.Hour, wait); !res.Drained {
				t.Errorf("%+v", res)
			}
		})
	})
	t.Run("no permission", func(t *testing.T) {
		bubble(t, func(t *testing.T, r *rig) {
			r.job(jobID, 10)
			r.cog.setFault(func(string, string, int) fault { return fault{err: apiError("AccessDeniedException", "no")} })
			if res := r.drain(time.Minute, wait); res.Halt == nil || res.Halt.Reason != job.HaltAccessDenied {
				t.Errorf("%+v", res)
			}
		})
	})
	t.Run("without it", func(t *testing.T) {
		bubble(t, func(t *testing.T, r *rig) {
			r.job(jobID, 10)
			down(errExpired)(r)
			if res := r.drain(time.Minute); res.Halt == nil || res.Halt.Reason != job.HaltCredentials {
				t.Errorf("%+v", res)
			}
			if log := r.log.String(); strings.Contains(log, "by itself") || !strings.Contains(log, "then start the worker again with the same command") {
				t.Errorf("the log:\n%s", log)
			}
		})
	})
}
