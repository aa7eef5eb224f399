package worker

import (
	"testing"
	"time"

	"relock/internal/job"
	"relock/internal/leader"
	"relock/internal/queue"
	"relock/internal/report/progress"
)

// shownIn is what the ledger's lease shows.
func shownIn(t *testing.T, r *rig) LeaderStatus {
	t.Helper()
	l, err := r.led.Lease(t.Context(), scope)
	r.ok(err)
	s, ok := ReadLeaderStatus(l)
	if !ok {
		t.Fatal("the lease shows nothing")
	}
	return s
}

// A worker is killed with messages in its hands. The next one has nothing to do but to
// wait for them, and says so and until when: itself, and in its lease.
func TestWaitingForTheMessagesOfAKilledWorker(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 60)
		a := r.member("a", func(c *Config) { c.Visibility = 3 * time.Minute })
		r.after(time.Second)
		if _, held := a.w.consumer.Held(); held != 40 {
			t.Fatalf("the first worker holds %d messages", held)
		}
		killed := time.Now()
		a.wire.cut(true)
		a.kill()
		b := r.member("b", drain)
		if st := b.w.Status(); st.Active != "a" || st.Silent != 0 || st.Estimate.Rate != rate {
			t.Errorf("at first: %+v", st)
		}
		r.after(15 * time.Second)
		if st := b.w.Status(); st.Silent < 14*time.Second || st.Run().State() != progress.NoWorker || st.TakeOver() > 9*time.Second || st.Estimate.Rate != 0 {
			t.Errorf("after a silence: %+v", st)
		}
		r.after(30 * time.Second)
		st := b.w.Status()
		w := st.Estimate.Waiting
		if w == nil || w.Messages == 0 || st.Run().State() != progress.WaitingForMessages || st.Pace.Pace != 0 || st.Estimate.Rate != 0 {
			t.Fatalf("while it waits: %+v", st)
		}
		// The visibility is that of the worker that was killed, and counts from the last
		// moment at which it can have extended it.
		if late := w.Until.Sub(killed.Add(3 * time.Minute)); late < 0 || late > leader.RenewDeadline {
			t.Errorf("the messages are to come back %v after they do", late)
		}
		if s := shownIn(t, r); s.Estimate.Waiting == nil || !s.Estimate.Waiting.Until.Equal(w.Until) || s.Pace != 0 {
			t.Errorf("the lease shows %+v", s)
		}
		if _, ok := st.Run().Left(); ok {
			t.Error("there is a time left")
		}
		if res := b.wait(5 * time.Minute); !res.Drained {
			t.Errorf("%+v", res)
		}
		if time.Now().After(w.Until.Add(10 * time.Second)) {
			t.Errorf("it ended at %v, and the messages were to be back at %v", time.Now(), w.Until)
		}
		r.wantOnce(60)
	})
}

// What a worker put off is waited for until then, also by the next one.
func TestWaitingForWhatWasPutOff(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		names := r.job(jobID, 30)
		r.cog.setFault(func(_, name string, _ int) fault {
			if name == names[3] {
				return fault{err: apiError("LimitExceededException", "Attempt limit exceeded, please try after some time.")}
			}
			return fault{}
		})
		begun := time.Now()
		n := r.start()
		r.after(20 * time.Second)
		check := func(who string) {
			t.Helper()
			w := r.w.Status().Estimate.Waiting
			if w == nil || w.Messages != 1 || w.Until.Before(begun.Add(time.Hour)) || w.Until.After(begun.Add(67*time.Minute)) {
				t.Errorf("%s waits for %+v", who, w)
			}
		}
		check("the one that put it off")
		n.end()
		n = r.start(func(c *Config) { c.Owner = "worker-2" })
		r.after(20 * time.Second)
		check("the next one")
		n.end()
	})
}

// While nothing may be called for there is neither a pace nor a speed.
func TestNoPaceWhileNothingIsCalledFor(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 2000)
		n := r.start()
		r.after(20 * time.Second)
		if st := r.w.Status(); st.Pace.Pace != rate || st.Estimate.Rate < rate-2 || st.Estimate.Rate > rate+2 || st.Run().State() != progress.Working {
			t.Errorf("at work: %+v", st)
		}
		if left, ok := r.w.Status().Run().Left(); !ok || left < 70*time.Second || left > 90*time.Second {
			t.Errorf("%v left", left)
		}
		still := func(when string, want progress.State) {
			t.Helper()
			r.after(10 * time.Second)
			st, s := r.w.Status(), shownIn(t, r)
			if st.Run().State() != want || st.Pace.Pace != 0 || st.SignOuts.Pace != 0 || st.Estimate.Rate != 0 || st.Estimate.Waiting != nil || s.Pace != 0 || s.Estimate.Rate != 0 || s.Budget != rate {
				t.Errorf("%s: %v, %+v; the lease shows %+v", when, st.Run().State(), st, s)
			}
			if p := r.w.sampleNow().Resets.Pace; p != 0 {
				t.Errorf("%s: the sample has the pace %v", when, p)
			}
		}
		r.state(jobID, job.StatePaused)
		still("paused", progress.Paused)
		r.state(jobID, job.StateOpen)
		r.after(3 * time.Second)
		if st := r.w.Status(); st.Pace.Pace != rate || st.Estimate.Rate != rate {
			t.Errorf("resumed: %+v", st)
		}
		r.ok(r.led.SetHalt(t.Context(), scope, job.Halt{Reason: job.HaltAccessDenied, Since: time.Now()}))
		still("halted", progress.Halted)
		r.ok(r.led.ClearHalt(t.Context(), scope))
		r.after(3 * time.Minute)
		still("done", progress.Done)
		n.end()
	})
}

// The verdict on a canary is kept in the ledger, whatever it is.
func TestTheVerdictIsKept(t *testing.T) {
	for name, c := range map[string]struct {
		every int
		want  progress.Verdict
	}{
		"passed": {20, progress.Verdict{Reset: 47, Users: 50}},
		"halted": {2, progress.Verdict{Reset: 25, Users: 50, Halted: true}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				r.shape = onTrial(50, nil)
				r.fails(r.job(jobID, 300), c.every)
				n := r.start()
				r.after(time.Second)
				if st := r.w.Status(); st.Jobs[0].Verdict != nil || st.Run().State() != progress.OnTrial {
					t.Errorf("before it: %+v", st)
				}
				r.after(9 * time.Second)
				j, err := r.led.Job(t.Context(), jobID)
				r.ok(err)
				got, err := CanaryVerdict(t.Context(), r.led, j)
				if err != nil || got == nil || *got != c.want {
					t.Errorf("the ledger has %+v, error %v; want %+v", got, err, c.want)
				}
				if v := r.w.Status().Jobs[0].Verdict; v == nil || *v != c.want {
					t.Errorf("the worker says %+v", v)
				}
				n.end()
			})
		})
	}
}

func TestWhichJobsAWorkerWorksOn(t *testing.T) {
	t.Parallel()
	j := job.Job{ID: "one", Pool: pool}
	for _, c := range []struct {
		s    LeaderStatus
		want bool
	}{
		{LeaderStatus{}, true}, {LeaderStatus{Pools: []string{"other", pool}}, true}, {LeaderStatus{Pools: []string{"other"}}, false},
	} {
		if got := c.s.WorksOn(j); got != c.want {
			t.Errorf("%+v: %v", c.s, got)
		}
	}
}

// A queue that knows says when its messages come back.
func TestAQueueInAFileSaysWhenMessagesComeBack(t *testing.T) {
	t.Parallel()
	q, err := queue.CreateFile(t.TempDir(), queue.FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = q.Close() }()
	if until, err := q.InFlightUntil(t.Context()); err != nil || !until.IsZero() {
		t.Errorf("an empty queue says %v, error %v", until, err)
	}
	if _, err := q.Send(t.Context(), [][]byte{[]byte("a"), []byte("b")}); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if _, err := q.Receive(t.Context(), 2, 0, time.Hour); err != nil {
		t.Fatal(err)
	}
	if until, err := q.InFlightUntil(t.Context()); err != nil || until.Before(begun.Add(time.Hour).Truncate(time.Millisecond)) || until.After(time.Now().Add(time.Hour)) {
		t.Errorf("it says %v, error %v", until, err)
	}
}
