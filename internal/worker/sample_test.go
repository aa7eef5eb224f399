package worker

import (
	"testing"
	"time"

	"relock/internal/reset"
	"relock/internal/telemetry"
)

// The history tells what the run did, second by second.
func TestSamples(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		names := r.job(jobID, 100)
		r.cog.setFault(func(op, name string, n int) fault {
			if op == reset.OpReset && name == names[20] && n == 1 {
				return fault{err: errThrottled}
			}
			return fault{}
		})
		r.cog.users[names[0]].refuse = apiError("NotAuthorizedException", "User is disabled.")
		h := new(telemetry.History)
		n := r.start(func(c *Config) { c.Samples = h })
		r.after(30*time.Second + time.Millisecond)
		n.end()
		s := h.Snapshot()
		if len(s) != 30 {
			t.Fatalf("%d samples in 30 s", len(s))
		}
		for i, now := range s[1:] {
			if d := now.At.Sub(s[i].At); d != time.Second {
				t.Errorf("%v between samples", d)
			}
			if now.Resets.Calls < s[i].Resets.Calls || now.Done < s[i].Done || now.Done+now.Pending != 100 {
				t.Errorf("after %+v comes %+v", s[i], now)
			}
		}
		last := s[len(s)-1]
		if last.Done != 100 || last.Failed != 1 || last.Resets.Calls != 101 || last.Resets.Throttled != 1 || last.Resets.Quota != rate*1.25 {
			t.Errorf("the last sample is %+v", last)
		}
		if s[0].Resets.Pace != rate || s[0].Resets.Budget != rate || s[0].Pending == 0 {
			t.Errorf("the first sample is %+v", s[0])
		}
	})
}
