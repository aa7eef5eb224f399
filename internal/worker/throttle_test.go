package worker

import (
	"strings"
	"testing"
	"time"

	"relock/internal/job"
	"relock/internal/pace"
	"relock/internal/reset"
)

// A throttle is not an attempt, and lowers the pace.
func TestThrottlesAreNoAttemptsAndLowerThePace(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 60)
		p, err := pace.New(pace.Config{Budget: rate, Quota: rate})
		r.ok(err)
		r.cog.setFault(func(op, _ string, n int) fault {
			if op == reset.OpReset && n <= 8 { // more than MaxTries, for everybody
				return fault{err: errThrottled}
			}
			return fault{}
		})
		n := r.start(drain, func(c *Config) { c.Pace = p })
		r.after(20 * time.Second)
		if got := p.Snapshot().Pace; got > rate/4 {
			t.Errorf("the pace is %v after 20 s of throttles, the budget %v", got, rate)
		}
		n.wait(2 * time.Hour)
		r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: 60})
		r.wantOnce(60)
		r.wantRepeated(jobID)
		if r.halt() != "" || len(r.cog.made(reset.OpGetUser)) != 0 {
			t.Errorf("halt %q, %d look-ups", r.halt(), len(r.cog.made(reset.OpGetUser)))
		}
		if got := r.metric("relock_cognito_requests_total", "operation", reset.OpReset, "code", "TooManyRequestsException"); got != 480 {
			t.Errorf("%v throttles were counted", got)
		}
	})
}

// Throttles between lost replies show that Cognito is there.
func TestAThrottleIsAnAnswer(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 60)
		i := 0
		r.cog.setFault(func(op, _ string, n int) fault {
			i++
			switch {
			case op != reset.OpReset || n > 3:
				return fault{}
			case i%10 == 0:
				return fault{err: errThrottled}
			}
			return fault{err: errRefused, unsent: true}
		})
		r.drain(10 * time.Minute)
		r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: 60})
	})
}

// "Attempt limit exceeded": put off for an hour, a few times, then given up.
func TestTheAttemptLimitIsWaitedFor(t *testing.T) {
	errAttempts := apiError("LimitExceededException", "Attempt limit exceeded, please try after some time.")
	t.Run("until it is over", func(t *testing.T) {
		bubble(t, func(t *testing.T, r *rig) {
			names := r.job(jobID, 20)
			r.cog.setFault(func(_, name string, n int) fault {
				if name == names[5] && n <= 2 {
					return fault{err: errAttempts}
				}
				return fault{}
			})
			begun := time.Now()
			r.drain(5 * time.Hour)
			r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: 20})
			if d := time.Since(begun); d < 2*time.Hour || d > 3*time.Hour {
				t.Errorf("it took %v, want two deferrals of an hour or a little more", d)
			}
		})
	})
	t.Run("and given up", func(t *testing.T) {
		bubble(t, func(t *testing.T, r *rig) {
			names := r.job(jobID, 20)
			r.cog.setFault(func(_, name string, _ int) fault {
				if name == names[5] {
					return fault{err: errAttempts}
				}
				return fault{}
			})
			r.drain(24 * time.Hour)
			r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: 19, job.GaveUp: 1})
			if e := r.entries(jobID)[names[5]]; e.Code != "LimitExceededException" || e.Attempts != 4 {
				t.Errorf("the record is %+v, want four attempts", e)
			}
		})
	})
}

// Throttles below the budget are somebody else's doing: the log says so, once an hour.
func TestContentionIsSaid(t *testing.T) {
	const text = "something else uses the quota"
	for name, c := range map[string]struct {
		quota int // calls a second that the server takes
		want  int
	}{
		"somebody else": {rate / 2, 1},
		"alone":         {10 * rate, 0},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				r.job(jobID, 5000)
				var second time.Time
				taken := 0
				r.cog.setFault(func(op, _ string, _ int) fault {
					if now := time.Now().Truncate(time.Second); !now.Equal(second) {
						second, taken = now, 0
					}
					if taken++; op == reset.OpReset && taken > c.quota {
						return fault{err: errThrottled}
					}
					return fault{}
				})
				n := r.start()
				r.after(3 * time.Minute)
				n.end()
				if got := strings.Count(r.log.String(), text); got != c.want {
					t.Errorf("said %d times, want %d", got, c.want)
				}
			})
		})
	}
}
