package worker

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/reset"
)

// signingOut makes the jobs of a rig end sessions.
func signingOut(j *job.Job) { j.Policy.SignOut = true }

// slowSignOuts lets one user a second be signed out.
func slowSignOuts(c *Config) {
	if err := c.SignOuts.SetBudget(1, 1); err != nil {
		panic(err)
	}
}

// wantSignOuts checks where the second steps of a job stand.
func (r *rig) wantSignOuts(id string, want map[job.SignOut]int64) {
	r.t.Helper()
	t, err := r.led.Memory.Totals(r.t.Context(), id)
	r.ok(err)
	if d := cmp.Diff(want, t.SignOuts); d != "" {
		r.t.Errorf("sign-outs of %s (-want +got):\n%s", id, d)
	}
}

// signedOut is how often each user was signed out; those never are left out.
func (c *cognito) signedOut() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := map[string]int{}
	for n, u := range c.users {
		if len(u.signOuts) > 0 {
			m[n] = len(u.signOuts)
		}
	}
	return m
}

// wantSignedOutOnce checks that n users were signed out, each once and after its
// reset, if it was reset.
func (r *rig) wantSignedOutOnce(n int) {
	r.t.Helper()
	out := r.cog.signedOut()
	if len(out) != n {
		r.t.Errorf("%d users were signed out, want %d", len(out), n)
	}
	for name, k := range out {
		if k != 1 {
			r.t.Errorf("%s was signed out %d times", name, k)
		}
		if u := r.cog.users[name]; len(u.resets) > 0 && u.signOuts[0].Before(u.resets[0]) {
			r.t.Errorf("%s was signed out before the reset", name)
		}
	}
}

// Every user is reset once and then signed out once, and the resets go no faster
// than the sign-outs behind them.
func TestSignOut(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.shape = signingOut
		r.job(jobID, 1000)
		n := r.start(drain)
		waiting := 0.0
		for range 10 {
			r.after(5 * time.Second)
			waiting = max(waiting, r.metric("relock_job_sign_outs_pending", "reset_job", jobID))
			resets, outs := len(r.cog.made(reset.OpReset)), len(r.cog.made(reset.OpSignOut))
			if ahead := resets - outs; ahead < 0 || ahead > signOutBuffer+10 {
				t.Errorf("%d resets and %d sign-outs", resets, outs)
			}
		}
		if waiting < 1 || waiting > signOutBuffer+10 {
			t.Errorf("job_sign_outs_pending was %v at most", waiting)
		}
		resets, outs := len(r.cog.made(reset.OpReset)), len(r.cog.made(reset.OpSignOut))
		if most := 50*signOutRate + signOutBuffer + 10; resets > most || outs > 50*signOutRate+1 || outs < 50*signOutRate-signOutRate {
			t.Errorf("%d resets and %d sign-outs in 50 s at %d and %d a second", resets, outs, rate, signOutRate)
		}
		if res := n.wait(time.Minute); !res.Drained || res.Jobs[0].Job.State != job.StateFinished {
			t.Errorf("%+v", res)
		}
		r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: 1000})
		r.wantSignOuts(jobID, map[job.SignOut]int64{job.SignOutDone: 1000})
		r.wantOnce(1000)
		r.wantSignedOutOnce(1000)
		r.wantQueue(0, 0)
		if m := r.metric("relock_sign_outs_total", "state", "done"); m != 1000 {
			t.Errorf("sign_outs_total is %v", m)
		}
		for _, e := range r.entries(jobID) {
			if e.SignOutAt.Before(e.At) || e.SignOutCode != "" {
				t.Fatalf("the ledger has %+v", e)
			}
		}
	})
}

// Who exists may hold a session, whatever became of the reset.
func TestWhoIsSignedOut(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.shape = signingOut
		names := r.job(jobID, 6)
		refuse := func(i int, code, text string) { r.cog.users[names[i]].refuse = apiError(code, text) }
		refuse(1, "NotAuthorizedException", "User is disabled.")
		refuse(2, "InvalidParameterException", "Cannot reset password for the user as there is no registered/verified email or phone_number")
		refuse(3, "UserLambdaValidationException", "CustomMessage failed with error no.")
		refuse(4, "UserNotFoundException", "User does not exist.")
		refuse(5, "InvalidParameterException", "1 validation error detected: Value at 'username' failed")
		if res := r.drain(5 * time.Minute); !res.Drained {
			t.Errorf("%+v", res)
		}
		want := map[string]int{names[0]: 1, names[1]: 1, names[2]: 1, names[3]: 1}
		if d := cmp.Diff(want, r.cog.signedOut()); d != "" {
			t.Errorf("signed out (-want +got):\n%s", d)
		}
		r.wantSignOuts(jobID, map[job.SignOut]int64{job.SignOutDone: 4})
	})
}

// A job that does not ask for it signs nobody out.
func TestNoSignOutUnasked(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 5)
		r.drain(5 * time.Minute)
		r.wantOnce(5)
		r.wantSignedOutOnce(0)
	})
}

// A process that ended between the two steps: the next one makes the second, and
// not the first again.
func TestBetweenTheSteps(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.shape = signingOut
		names := r.job(jobID, 40)
		for _, n := range names {
			key := ledger.Key{Job: jobID, Username: job.Username(n)}
			c, err := r.led.Memory.Claim(t.Context(), key, "dead", time.Minute)
			r.ok(err)
			r.ok(r.led.Memory.Record(t.Context(), ledger.Record{Key: key, Owner: "dead", Attempt: c.Attempt, Outcome: job.Reset, At: time.Now(), SignOut: true}))
		}
		if res := r.drain(time.Minute); !res.Drained {
			t.Errorf("%+v", res)
		}
		r.wantOnce(0)
		r.wantSignedOutOnce(40)
		r.wantSignOuts(jobID, map[job.SignOut]int64{job.SignOutDone: 40})
		r.wantQueue(0, 0)
	})
}

// Copies of messages sign nobody out twice, be the first copy in either stage or
// done with.
func TestCopiesSignOutOnce(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.shape = signingOut
		names := r.job(jobID, 30)
		r.cog.setFault(func(op, name string, _ int) fault {
			if op == reset.OpSignOut && name == names[3] {
				return fault{delay: 4 * time.Second}
			}
			if op == reset.OpReset && name == names[4] {
				return fault{delay: 4 * time.Second}
			}
			return fault{}
		})
		r.send(jobID, names[:10]...)
		n := r.start(drain)
		r.after(time.Second)
		r.send(jobID, names...)
		if res := n.wait(5 * time.Minute); !res.Drained {
			t.Errorf("%+v", res)
		}
		r.wantOnce(30)
		r.wantSignedOutOnce(30)
	})
}

// A stop hands back what waits for its sign-out, visible at once and still pending,
// and the next run goes on with that alone.
func TestStopBetweenTheSteps(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.shape = signingOut
		r.job(jobID, 60)
		r.cog.setFault(func(op, _ string, n int) fault { return fault{hang: op == reset.OpSignOut && n == 1} })
		n := r.start()
		r.after(2 * time.Second)
		begun := time.Now()
		n.end()
		if d := time.Since(begun); d > 5*time.Second {
			t.Errorf("the stop took %v", d)
		}
		done := r.outcomes(jobID)[job.Reset]
		if done == 0 {
			t.Fatal("nobody was reset")
		}
		r.wantSignOuts(jobID, map[job.SignOut]int64{job.SignOutPending: int64(done)})
		r.wantQueue(60, 1)
		r.cog.setFault(nil)
		if res := r.drain(time.Minute); !res.Drained {
			t.Errorf("%+v", res)
		}
		r.wantOnce(60)
		r.wantSignedOutOnce(60)
		r.wantSignOuts(jobID, map[job.SignOut]int64{job.SignOutDone: 60})
	})
}

// A pause is obeyed within five seconds by the second stage too; a cancellation
// ends what is pending.
func TestPauseBetweenTheSteps(t *testing.T) {
	for _, to := range []job.State{job.StatePaused, job.StateCancelled} {
		t.Run(string(to), func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				r.shape = signingOut
				r.job(jobID, 40)
				n := r.start(slowSignOuts) // so that many wait for theirs
				r.after(5 * time.Second)
				r.state(jobID, to)
				r.after(5 * time.Second)
				outs := len(r.cog.made(reset.OpSignOut))
				r.after(time.Minute)
				if k := len(r.cog.made(reset.OpSignOut)); k != outs {
					t.Errorf("%d sign-outs after the job became %s", k-outs, to)
				}
				if to == job.StateCancelled {
					n.end()
					tot, err := r.led.Memory.Totals(t.Context(), jobID)
					r.ok(err)
					if tot.Pending != 0 || tot.SignOuts[job.SignOutPending] != 0 || tot.SignOuts[job.SignOutDone] != int64(outs) {
						t.Errorf("%+v", tot)
					}
					return
				}
				r.state(jobID, job.StateOpen)
				r.after(2 * time.Minute)
				n.end()
				r.wantOnce(40)
				r.wantSignedOutOnce(40)
			})
		})
	}
}

// With the queue empty for a minute, what is pending is given up: the job ends.
func TestSignOutsWhoseMessagesAreLost(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.shape = signingOut
		names := []string{"person-a", "person-b"}
		r.cog.add(names...)
		r.list(jobID, names...)
		r.open(jobID)
		r.send(jobID, names[1])
		key := ledger.Key{Job: jobID, Username: job.Username(names[0])}
		c, err := r.led.Memory.Claim(t.Context(), key, "dead", time.Minute)
		r.ok(err)
		r.ok(r.led.Memory.Record(t.Context(), ledger.Record{Key: key, Owner: "dead", Attempt: c.Attempt, Outcome: job.Reset, At: time.Now(), SignOut: true}))
		res := r.drain(5 * time.Minute)
		if !res.Drained || res.Jobs[0].Job.State != job.StateFinished {
			t.Errorf("%+v", res)
		}
		r.wantSignOuts(jobID, map[job.SignOut]int64{job.SignOutDone: 1, job.SignOutFailed: 1})
		if e := r.entries(jobID)[names[0]]; e.SignOut != job.SignOutFailed || e.SignOutCode == "" || e.Outcome != job.Reset {
			t.Errorf("%+v", e)
		}
	})
}
