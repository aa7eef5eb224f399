package worker

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/queue"
	"relock/internal/queue/queuefake"
	"relock/internal/reset"
)

func TestDrainGivesEveryTargetItsOutcome(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		names := r.job(jobID, 100)
		for i, err := range []error{
			apiError("UserNotFoundException", "User does not exist."),
			apiError("NotAuthorizedException", "User is disabled."),
			apiError("NotAuthorizedException", "User password cannot be reset in the current state."),
			apiError("InvalidParameterException", "Cannot reset password for the user as there is no registered/verified email or phone_number"),
			apiError("InvalidParameterException", "1 validation error detected: Value at 'username' failed to satisfy constraint"),
			apiError("UserLambdaValidationException", "CustomMessage failed with error no."),
			apiError("SomethingNewException", "!"),
		} {
			r.cog.users[names[10*i]].refuse = err
		}
		res := r.drain(time.Minute)
		if !res.Drained || res.Halt != nil || len(res.Unsent) != 0 {
			t.Errorf("the run ended with %+v", res)
		}
		want := map[job.Outcome]int{
			job.Reset: 93, job.UserNotFound: 1, job.UserDisabled: 1, job.NotResettableState: 1,
			job.NoVerifiedContact: 1, job.InvalidUsername: 1, job.LambdaRejected: 1, job.UnknownError: 1,
		}
		r.wantOutcomes(jobID, want)
		r.wantOnce(93)
		r.wantQueue(0, 0)
		r.wantRepeated(jobID)
		if n := len(r.cog.made(reset.OpReset)); n != 100 {
			t.Errorf("%d calls for 100 users", n)
		}
		if n := len(r.cog.made(reset.OpGetUser)); n != 0 {
			t.Errorf("%d look-ups", n)
		}
		j, err := r.led.Job(t.Context(), jobID)
		if err != nil || j.State != job.StateFinished {
			t.Errorf("the job is %s, %v", j.State, err)
		}
		for o, n := range want {
			if got := r.metric("relock_users_total", "outcome", string(o)); got != float64(n) {
				t.Errorf("users_total{%s} is %v, want %d", o, got, n)
			}
		}
		e := r.entries(jobID)[names[10]]
		if e.Code != "NotAuthorizedException" || e.RequestID != "req-NotAuthorizedException" || e.Calls != 1 || e.Note == "" || e.At.IsZero() {
			t.Errorf("the record is %+v", e)
		}
	})
}

func TestThePaceHoldsForAllGoroutinesTogether(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.cog.latency = 700 * time.Millisecond
		r.job(jobID, 200)
		r.drain(time.Minute)
		calls := r.cog.made(reset.OpReset)
		for i := range calls {
			// Any window of a second, the burst of one aside.
			if j := i + rate; j < len(calls) && calls[j].at.Sub(calls[i].at) < time.Second-time.Millisecond {
				t.Fatalf("%d calls within %v", rate+1, calls[j].at.Sub(calls[i].at))
			}
		}
		if d := calls[len(calls)-1].at.Sub(calls[0].at); d > 11*time.Second {
			t.Errorf("200 users took %v at %d a second: latency must not set the rate", d, rate)
		}
	})
}

// A duplicate costs no call and no token.
func TestDuplicatesTakeNoToken(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		var names []string
		for i := range 60 {
			names = append(names, fmt.Sprintf("person-%d@example.com", i))
		}
		r.cog.add(names...)
		r.list("inc-2", names...)
		r.open("inc-2")
		for _, n := range names {
			r.send("inc-2", n, n, n)
		}
		r.q.SetFaults(queuefake.Faults{Duplicate: func(b []byte) bool { return b[len(b)-3]%2 == 0 }})
		begun := time.Now()
		r.drain(2 * time.Minute)
		r.wantOutcomes("inc-2", map[job.Outcome]int{job.Reset: 60})
		r.wantOnce(60)
		r.wantRepeated("inc-2")
		calls := r.cog.made(reset.OpReset)
		if d := calls[len(calls)-1].at.Sub(begun); d > 5*time.Second {
			t.Errorf("60 users took %v at %d a second", d, rate)
		}
	})
}

// Duplicates of what another process finished or is at.
func TestDuplicatesOfOthersAreDeletedOrPutOff(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		names := r.job(jobID, 3)
		ctx := t.Context()
		claim := func(name string) ledger.Claim {
			c, err := r.led.Memory.Claim(ctx, ledger.Key{Job: jobID, Username: job.Username(name)}, "other", time.Minute)
			r.ok(err)
			return c
		}
		held := claim(names[0])
		done := claim(names[1])
		r.ok(r.led.Memory.Record(ctx, ledger.Record{
			Key: ledger.Key{Job: jobID, Username: job.Username(names[1])}, Owner: "other", Attempt: done.Attempt, Outcome: job.Reset, At: time.Now(),
		}))
		n := r.start()
		r.after(20 * time.Second)
		if got := r.cog.resets(); len(got) != 1 || got[names[2]] != 1 {
			t.Errorf("reset: %v", got)
		}
		if m := r.q.Messages(); len(m) != 1 || m[0].Hidden < 30*time.Second || m[0].Hidden > time.Minute {
			t.Errorf("the message of the claim that is held: %+v", m)
		}
		if len(r.cog.made(reset.OpGetUser)) != 0 {
			t.Error("a live claim was looked up")
		}
		r.ok(r.led.Memory.Record(ctx, ledger.Record{
			Key: ledger.Key{Job: jobID, Username: job.Username(names[0])}, Owner: "other", Attempt: held.Attempt, Outcome: job.UserDisabled, At: time.Now(),
		}))
		r.after(2 * time.Minute)
		n.end()
		r.wantQueue(0, 0)
		if len(r.cog.made(reset.OpReset)) != 1 {
			t.Error("a target of another process was called for")
		}
	})
}

func TestMetadataOfJobAndTarget(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.cog.add("person-a", "person-b")
		r.list(jobID, "person-a")
		r.ok(r.led.Memory.AddTargets(t.Context(), jobID, []job.Target{{Username: "person-b", Line: 9, Metadata: map[string]string{"by": "row", "x": "1"}}}))
		r.open(jobID)
		r.send(jobID, "person-a")
		// What the message says does not count.
		r.q.Add(r.message(queue.Message{Username: "person-b", Metadata: map[string]string{"by": "message"}}))
		r.drain(time.Minute)
		want := map[string]map[string]string{
			"person-a": {"case": "INC-1", "by": "job"},
			"person-b": {"case": "INC-1", "by": "row", "x": "1"},
		}
		got := map[string]map[string]string{"person-a": r.cog.users["person-a"].meta, "person-b": r.cog.users["person-b"].meta}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}
