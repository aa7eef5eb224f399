package worker

import (
	"slices"
	"strings"
	"testing"
	"time"

	"relock/internal/job"
)

// elsewhere says that the jobs of these IDs were sent to another queue.
func elsewhere(ids ...string) func(*Config) {
	return func(c *Config) {
		c.Elsewhere = func(j job.Job) (string, bool) {
			if slices.Contains(ids, j.ID) {
				return "https://queue.example/other", true
			}
			return "", false
		}
	}
}

// A worker at the wrong queue finds it empty; nobody is missing for that.
func TestADrainAtAnotherQueueIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.cog.add("person-a")
		r.list("there", "person-a")
		r.open("there")
		n := r.start(drain, elsewhere("there"))
		<-n.done
		if n.err == nil || !strings.Contains(n.err.Error(), "there was sent to the queue https://queue.example/other") {
			t.Errorf("error = %v", n.err)
		}
		r.wantOutcomes("there", map[job.Outcome]int{"": 1})
	})
}

// What another queue holds is not missing from this one.
func TestAJobOfAnotherQueueIsNotMissing(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.cog.add("person-a")
		r.list("there", "person-a")
		r.open("there")
		r.job(jobID, 3)
		n := r.start(elsewhere("there"))
		r.after(10 * time.Minute)
		r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: 3})
		r.wantOutcomes("there", map[job.Outcome]int{"": 1})
		n.end()
		if s := r.log.String(); strings.Count(s, "a job was sent to another queue") != 1 {
			t.Errorf("the log says\n%s", s)
		}
	})
}

// The same for a job that comes to another queue while a drain is under way.
func TestADrainDoesNotWaitForAnotherQueue(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.cog.add("person-a")
		r.job(jobID, 300)
		n := r.start(drain, elsewhere("late"))
		r.after(time.Second)
		r.list("late", "person-a")
		r.open("late")
		res := n.wait(5 * time.Minute)
		if !res.Drained || len(res.Unsent) != 1 || res.Unsent[0] != "late" {
			t.Errorf("%+v", res)
		}
		r.wantOutcomes("late", map[job.Outcome]int{"": 1})
	})
}
