package worker

import (
	"testing"
	"time"

	"relock/internal/job"
	"relock/internal/reset"
)

// Whom the exclusions name, in whichever way, gets an outcome and no call.
func TestExclusions(t *testing.T) {
	list := []job.Exclusion{
		{Given: "person-alias", Username: "person-root", Sub: "person-sub-1", Email: "person-root@example.com", Phone: "+15550100", Preferred: "person-boss"},
		{Given: "person-breakglass"},
	}
	names := []string{
		"person-alias", "person-root", "person-sub-1", "person-root@example.com", "+15550100", "person-boss", "person-breakglass",
		"person-ROOT", "Person-Root@Example.com", "person-rooty", "person-other",
	}
	for fold, excluded := range map[bool]int{false: 7, true: 9} {
		t.Run(map[bool]string{false: "case counts", true: "case does not count"}[fold], func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				r.shape = func(j *job.Job) { j.Plan.FoldCase, j.Plan.Excluded, j.Policy.SignOut = fold, len(list), true }
				r.cog.add(names...)
				r.list(jobID, names...)
				r.ok(r.led.Memory.SetExclusions(t.Context(), jobID, list))
				r.open(jobID)
				r.send(jobID, names...)
				if res := r.drain(time.Minute); !res.Drained {
					t.Errorf("%+v", res)
				}
				r.wantOutcomes(jobID, map[job.Outcome]int{job.Excluded: excluded, job.Reset: len(names) - excluded})
				for i, n := range names {
					e := r.entries(jobID)[n]
					if want := i < excluded; (e.Outcome == job.Excluded) != want || want && (e.Calls != 0 || e.SignOut != "" || e.Note == "") {
						t.Errorf("%d: %+v", i, e)
					}
				}
				if n := len(r.cog.made(reset.OpReset)) + len(r.cog.made(reset.OpSignOut)); n != 2*(len(names)-excluded) {
					t.Errorf("%d calls", n)
				}
				r.wantQueue(0, 0)
			})
		})
	}
}

// While the exclusions cannot be read, nobody is called.
func TestExclusionsThatCannotBeRead(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 50)
		r.led.set(func(op string) error {
			if op == "Exclusions" {
				return errLedger
			}
			return nil
		}, nil)
		n := r.start()
		r.after(10 * time.Second)
		if k := len(r.cog.made(reset.OpReset)); k != 0 {
			t.Errorf("%d calls", k)
		}
		if m := r.metric("relock_halted", "reason", string(job.HaltLedger)); m != 1 {
			t.Error("not halted")
		}
		r.led.set(nil, nil)
		r.after(5 * time.Minute)
		n.end()
		r.wantOnce(50)
	})
}
