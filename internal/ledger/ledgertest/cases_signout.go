package ledgertest

import (
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
)

// signOut records the end of the second step.
func (s *scene) signOut(state job.SignOut, code string) {
	s.t.Helper()
	err := s.handle().RecordSignOut(s.t.Context(), ledger.SignOutRecord{
		Key: s.key, State: state, Code: code, RequestID: "so-" + code, At: s.e.Clock.Now().Add(999 * time.Microsecond),
	})
	if err != nil {
		s.t.Fatalf("recording the sign-out %s: %v", state, err)
	}
}

func (s *scene) closeSignOuts(want int64) {
	s.t.Helper()
	if n, err := s.handle().CloseSignOuts(s.t.Context(), s.job, s.e.Clock.Now()); err != nil || n != want {
		s.t.Fatalf("closing the sign-outs: %d, %v, want %d", n, err, want)
	}
}

// finished claims what has an outcome, and looks where the second step stands.
func (s *scene) finished(o job.Outcome, state job.SignOut) {
	s.t.Helper()
	c, err := s.handle().Claim(s.t.Context(), s.key, "w9", time.Minute)
	if err != nil || c.Status != ledger.Finished || c.Outcome != o || c.SignOut != state {
		s.t.Fatalf("claiming: status %d, %q, sign-out %q, error %v, want %q and %q", c.Status, c.Outcome, c.SignOut, err, o, state)
	}
}

// reset claims the target and records a reset that a sign-out follows.
func (s *scene) reset() ledger.Record {
	s.t.Helper()
	c := s.claim("w1", time.Minute, ledger.Granted, 1)
	r := ledger.Record{Owner: "w1", Attempt: c.Attempt, Outcome: job.Reset, Calls: 1, RequestID: "r-1", At: s.e.Clock.Now(), SignOut: true}
	s.record(r, nil)
	return r
}

func (s *scene) entryOf(r ledger.Record, state job.SignOut) ledger.Entry {
	return ledger.Entry{Outcome: r.Outcome, RequestID: r.RequestID, Calls: 1, Attempts: 1, At: r.At, SignOut: state}
}

func (s *scene) steps(r ledger.Record, steps map[job.SignOut]int64) {
	s.t.Helper()
	s.totals(ledger.Totals{Targets: 1, Outcomes: map[job.Outcome]int64{r.Outcome: 1}, SignOuts: steps, Last: r.At})
}

var signOutCases = []Case{
	play("an outcome may leave a sign-out pending", func(s *scene) {
		r := s.reset()
		s.finished(job.Reset, job.SignOutPending)
		s.entry(s.entryOf(r, job.SignOutPending))
		s.steps(r, map[job.SignOut]int64{job.SignOutPending: 1})
	}),
	play("a sign-out ends once", func(s *scene) {
		r := s.reset()
		s.wait(time.Second)
		s.signOut(job.SignOutDone, "")
		want := s.entryOf(r, job.SignOutDone)
		want.SignOutRequestID, want.SignOutAt = "so-", s.e.Clock.Now()
		for range 2 { // by either handle
			s.wait(time.Second)
			s.finished(job.Reset, job.SignOutDone)
			s.entry(want)
			s.steps(r, map[job.SignOut]int64{job.SignOutDone: 1})
			s.signOut(job.SignOutDone, "")
			s.signOut(job.SignOutFailed, "AccessDeniedException")
			s.closeSignOuts(0)
		}
		s.entry(want)
		s.steps(r, map[job.SignOut]int64{job.SignOutDone: 1})
	}),
	play("a sign-out fails once", func(s *scene) {
		r := s.reset()
		s.signOut(job.SignOutFailed, "UserNotFoundException")
		s.signOut(job.SignOutDone, "")
		want := s.entryOf(r, job.SignOutFailed)
		want.SignOutRequestID, want.SignOutCode = "so-UserNotFoundException", "UserNotFoundException"
		want.SignOutAt = s.e.Clock.Now()
		s.entry(want)
		s.finished(job.Reset, job.SignOutFailed)
		s.steps(r, map[job.SignOut]int64{job.SignOutFailed: 1})
	}),
	play("a retried record does not ask for the sign-out again", func(s *scene) {
		r := s.reset()
		s.record(r, nil)
		s.steps(r, map[job.SignOut]int64{job.SignOutPending: 1})
		s.signOut(job.SignOutDone, "")
		s.record(r, nil)
		s.finished(job.Reset, job.SignOutDone)
		s.steps(r, map[job.SignOut]int64{job.SignOutDone: 1})
	}),
	play("a record that is not taken asks for no sign-out", func(s *scene) {
		s.claim("w1", time.Minute, ledger.Granted, 1)
		s.record(ledger.Record{Owner: "w2", Attempt: 1, Outcome: job.Reset, SignOut: true}, ledger.ErrClaimLost)
		s.entry(ledger.Entry{Attempts: 1, Claimed: true})
		s.totals(ledger.Totals{Targets: 1, Pending: 1})
	}),
	play("without a pending sign-out none is recorded", func(s *scene) {
		s.signOut(job.SignOutDone, "") // nobody has claimed it
		s.claim("w1", time.Minute, ledger.Granted, 1)
		s.signOut(job.SignOutDone, "")
		s.entry(ledger.Entry{Attempts: 1, Claimed: true})
		r := ledger.Record{Owner: "w1", Attempt: 1, Outcome: job.UserNotFound, Calls: 1, At: s.e.Clock.Now()}
		s.record(r, nil)
		s.signOut(job.SignOutFailed, "x")
		s.closeSignOuts(0)
		s.finished(job.UserNotFound, "")
		s.entry(s.entryOf(r, ""))
		s.steps(r, nil)
		s.key.Username = "v" // not listed
		s.signOut(job.SignOutDone, "")
		s.steps(r, nil)
	}),
	play("a sign-out needs a real end", func(s *scene) {
		r := s.reset()
		for _, bad := range []job.SignOut{"", job.SignOutPending, "over"} {
			if err := s.e.L.RecordSignOut(s.t.Context(), ledger.SignOutRecord{Key: s.key, State: bad}); err == nil {
				s.t.Errorf("the state %q was taken", bad)
			}
		}
		s.entry(s.entryOf(r, job.SignOutPending))
	}),
	play("closing out leaves sign-outs pending", func(s *scene) {
		r := s.reset()
		s.closeOut(job.Missing, 0)
		s.entry(s.entryOf(r, job.SignOutPending))
		s.steps(r, map[job.SignOut]int64{job.SignOutPending: 1})
	}),
	play("closing sign-outs gives up what is pending", func(s *scene) {
		r := s.reset()
		s.wait(time.Second)
		s.closeSignOuts(1)
		want := s.entryOf(r, job.SignOutFailed)
		want.SignOutCode, want.SignOutAt = ledger.CodeMissing, s.e.Clock.Now()
		s.entry(want)
		s.closeSignOuts(0)
		s.signOut(job.SignOutDone, "") // too late
		s.entry(want)
		s.steps(r, map[job.SignOut]int64{job.SignOutFailed: 1})
	}),
	{"sign-outs of many targets are counted by state", manySignOuts},
}

// manySignOuts has each outcome several times, with and without a second step.
func manySignOuts(t T, e *Env) {
	var usernames []string
	for _, o := range job.Outcomes() {
		usernames = append(usernames, string(o)+"-none", string(o)+"-pending", string(o)+"-done", string(o)+"-failed")
	}
	ctx, id := t.Context(), e.newJob(t, append(usernames, "never claimed")...)
	for i, u := range usernames {
		l := e.L
		if i%3 == 0 {
			l = e.Other
		}
		key := ledger.Key{Job: id, Username: job.Username(u)}
		c, err := l.Claim(ctx, key, "w", time.Minute)
		if err == nil {
			err = l.Record(ctx, ledger.Record{Key: key, Owner: "w", Attempt: c.Attempt, Outcome: job.Outcomes()[i/4], At: e.Clock.Now(), SignOut: i%4 > 0})
		}
		if err == nil && i%4 > 1 {
			err = l.RecordSignOut(ctx, ledger.SignOutRecord{Key: key, State: job.SignOuts()[i%4-1], At: e.Clock.Now()})
		}
		if err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
	}
	n := int64(len(job.Outcomes()))
	check := func(want map[job.SignOut]int64) {
		t.Helper()
		totals, err := e.Other.Totals(ctx, id)
		for _, s := range job.SignOuts() {
			if err != nil || totals.SignOuts[s] != want[s] {
				t.Errorf("%d %s, error %v, want %d", totals.SignOuts[s], s, err, want[s])
			}
			if got := entries(t, e.L, id, ledger.Filter{SignOut: []job.SignOut{s}}); int64(len(got)) != want[s] {
				t.Errorf("%d entries are %s, want %d", len(got), s, want[s])
			}
		}
		if totals.Pending != 1 || totals.Targets != 4*n+1 {
			t.Errorf("%d of %d are pending, want 1 of %d", totals.Pending, totals.Targets, 4*n+1)
		}
	}
	check(map[job.SignOut]int64{job.SignOutPending: n, job.SignOutDone: n, job.SignOutFailed: n})
	if closed, err := e.Other.CloseSignOuts(ctx, id, e.Clock.Now()); err != nil || closed != n {
		t.Errorf("closing: %d, %v, want %d", closed, err, n)
	}
	check(map[job.SignOut]int64{job.SignOutDone: n, job.SignOutFailed: 2 * n})
}
