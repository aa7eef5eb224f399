package cli

import (
	"html"
	"strings"
	"testing"
	"time"

	"relock/internal/job"
	"relock/internal/report/page"
	"relock/internal/report/progress"
	"relock/internal/worker"
)

// The worker's block, its page, `job status` and a standby's block say the same of the
// same run.
func TestTheViewsAgree(t *testing.T) {
	t.Parallel()
	idle := func(st *worker.Status) { st.Pace.Pace, st.Estimate.Rate = 0, 0 }
	for name, c := range map[string]struct {
		change func(*worker.Status)
		want   []string // said by all
		left   bool
	}{
		"at work": {func(*worker.Status) {}, []string{"1,000 of 2,000", "about 50 s"}, true},
		"slow":    {func(st *worker.Status) { st.Estimate.Rate = 0.1 }, []string{"about 2 h 47 min"}, true},
		"stands":  {func(st *worker.Status) { st.Estimate.Rate = 0 }, []string{"not known"}, false},
		"paused":  {func(st *worker.Status) { idle(st); st.Jobs[0].Job.State = job.StatePaused }, []string{"paused"}, false},
		"halted":  {halted, []string{"email_role"}, false},
		"waiting": {func(st *worker.Status) {
			idle(st)
			st.Estimate.Waiting = &progress.Waiting{Messages: 1046, Until: noon.Add(80 * time.Second)}
		}, []string{"aiting for 1,046 messages that are invisible in the queue", "they come back by 12:01:20 UTC, in 1 min 20 s at the latest"}, false},
		"on trial": {func(st *worker.Status) {
			st.Jobs[0].Job.Plan.Canary, st.Jobs[0].Totals.Outcomes = 100, map[job.Outcome]int64{job.Reset: 88}
		}, []string{"aiting for 12 of the first 100", "not known"}, false},
		"after the canary": {func(st *worker.Status) {
			st.Jobs[0].Job.Plan, st.Jobs[0].Verdict = job.Plan{Canary: 100, Projected: new(0.98)}, &progress.Verdict{Reset: 97, Users: 100}
		}, []string{"97 of the first 100 were reset; the projection was 98 %: going on", "about 50 s"}, true},
		"cancelled": {func(st *worker.Status) {
			idle(st)
			st.Jobs[0].Job.State, st.Jobs[0].Totals.Pending, st.Jobs[0].Totals.Outcomes[job.Cancelled] = job.StateCancelled, 0, 1000
		}, []string{"ancelled: 900 of 2,000 reset, 100 failed, 1,000 not done"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := atWork(c.change)
			shown := &worker.LeaderStatus{At: noon, Pace: st.Pace.Pace, Budget: st.Pace.Budget, Estimate: st.Estimate}
			standby := st
			standby.Leading, standby.Active, standby.Theirs = false, "host-2:7", shown
			v := view{JobStatus: st.Jobs[0], halt: st.Halt, account: true, shown: shown, seen: noon}
			text, err := page.Status(page.Live{Now: noon, Run: st.Run()})
			if err != nil {
				t.Fatal(err)
			}
			for who, said := range map[string]string{
				"the block": blockOf(st, noon, 79, false), "the page": html.UnescapeString(string(text)), "a standby's block": blockOf(standby, noon, 79, false),
				"job status": v.line(), "job status --watch": v.block(79, false),
			} {
				said = strings.Join(strings.Fields(said), " ")
				for _, want := range c.want {
					if !strings.Contains(said, want) && (who != "a standby's block" || name != "halted") {
						t.Errorf("%s does not say %q: %s", who, want, said)
					}
				}
				if left := strings.Contains(said, "about "); left != c.left {
					t.Errorf("%s has a time left: %v", who, left)
				}
				if !c.left && who != "the page" && !strings.Contains(said, "0.0 of 24.0") && st.Pace.Pace == 0 && !v.Job.State.Over() {
					t.Errorf("%s has a pace: %s", who, said)
				}
			}
		})
	}
}
