package ledgertest

import (
	"errors"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"relock/internal/job"
	"relock/internal/ledger"
)

// scene is a job with one target "u", seen through two handles in turn.
type scene struct {
	t   T
	e   *Env
	job string
	key ledger.Key
	n   int
}

func newScene(t T, e *Env) *scene {
	id := e.newJob(t, "u")
	return &scene{t: t, e: e, job: id, key: ledger.Key{Job: id, Username: "u"}}
}

// handle takes the two handles in turn: what one does, the other has to see.
func (s *scene) handle() Ledger {
	s.n++
	if s.n%2 == 0 {
		return s.e.Other
	}
	return s.e.L
}

func (s *scene) claim(owner string, lease time.Duration, want ledger.ClaimStatus, attempt int) ledger.Claim {
	s.t.Helper()
	c, err := s.handle().Claim(s.t.Context(), s.key, owner, lease)
	if err != nil || c.Status != want || c.Attempt != attempt {
		s.t.Fatalf("claim by %s: status %d, attempt %d, error %v, want %d and %d", owner, c.Status, c.Attempt, err, want, attempt)
	}
	return c
}

func (s *scene) release(r ledger.Release, want error) {
	s.t.Helper()
	r.Key = s.key
	if err := s.handle().Release(s.t.Context(), r); !errors.Is(err, want) {
		s.t.Fatalf("release by %s of attempt %d: %v, want %v", r.Owner, r.Attempt, err, want)
	}
}

func (s *scene) record(r ledger.Record, want error) {
	s.t.Helper()
	r.Key = s.key
	if r.At.IsZero() {
		r.At = s.e.Clock.Now()
	}
	if err := s.handle().Record(s.t.Context(), r); !errors.Is(err, want) {
		s.t.Fatalf("record by %s of attempt %d: %v, want %v", r.Owner, r.Attempt, err, want)
	}
}

func (s *scene) closeOut(o job.Outcome, want int64) {
	s.t.Helper()
	if n, err := s.handle().CloseOut(s.t.Context(), s.job, o, s.e.Clock.Now()); err != nil || n != want {
		s.t.Fatalf("closing out: %d, %v, want %d", n, err, want)
	}
}

// entry is the target as the ledger has it.
func (s *scene) entry(want ledger.Entry) {
	s.t.Helper()
	want.Target = job.Target{Username: "u", Line: 1}
	got := entries(s.t, s.handle(), s.job, ledger.Filter{})
	if diff := cmp.Diff([]ledger.Entry{want}, got); diff != "" {
		s.t.Fatalf("the entry (-want +got): %s", diff)
	}
}

func (s *scene) totals(want ledger.Totals) {
	s.t.Helper()
	got, err := s.handle().Totals(s.t.Context(), s.job)
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" || err != nil {
		s.t.Fatalf("the totals (-want +got): %s%v", diff, err)
	}
}

func (s *scene) wait(d time.Duration) { s.e.Clock.Advance(d) }

func play(name string, f func(s *scene)) Case {
	return Case{Name: name, Run: func(t T, e *Env) { f(newScene(t, e)) }}
}

var claimCases = []Case{
	play("what is not listed is not granted", func(s *scene) {
		s.key.Username = "v"
		s.claim("w1", time.Minute, ledger.NotListed, 0)
		s.record(ledger.Record{Owner: "w1", Attempt: 1, Outcome: job.Reset}, ledger.ErrClaimLost)
		s.release(ledger.Release{Owner: "w1", Attempt: 1}, ledger.ErrClaimLost)
		s.totals(ledger.Totals{Targets: 1, Pending: 1})
	}),
	play("usernames are compared exactly", func(s *scene) {
		s.key.Username = "U"
		s.claim("w1", time.Minute, ledger.NotListed, 0)
	}),
	play("a live claim is held, also for its owner", func(s *scene) {
		until := s.e.Clock.Now().Add(time.Minute)
		s.claim("w1", time.Minute, ledger.Granted, 1)
		for _, w := range []string{"w2", "w1", "w1", "w2"} {
			if c := s.claim(w, time.Hour, ledger.Held, 1); !c.Until.Equal(until) {
				s.t.Errorf("held until %v, want %v", c.Until, until)
			}
		}
		s.wait(time.Minute - time.Millisecond)
		s.claim("w2", time.Minute, ledger.Held, 1)
		s.entry(ledger.Entry{Attempts: 1, Claimed: true})
		s.totals(ledger.Totals{Targets: 1, Pending: 1})
	}),
	play("an outcome is final", func(s *scene) {
		c := s.claim("w1", time.Minute, ledger.Granted, 1)
		at := s.e.Clock.Now().Add(1234567 * time.Nanosecond)
		s.record(ledger.Record{Owner: "w1", Attempt: c.Attempt, Outcome: job.UserNotFound, Code: "UserNotFoundException",
			Note: "no such user", RequestID: "r-1", Calls: 2, At: at}, nil)
		want := ledger.Entry{Outcome: job.UserNotFound, Code: "UserNotFoundException", Note: "no such user",
			RequestID: "r-1", Calls: 2, Attempts: 1, At: at.Truncate(time.Millisecond)}
		s.entry(want)
		for _, w := range []string{"w1", "w2"} {
			if c := s.claim(w, time.Minute, ledger.Finished, 1); c.Outcome != job.UserNotFound {
				s.t.Errorf("the outcome is %q", c.Outcome)
			}
		}
		s.release(ledger.Release{Owner: "w1", Attempt: 1, Repeated: true}, ledger.ErrClaimLost)
		s.record(ledger.Record{Owner: "w2", Attempt: 1, Outcome: job.Reset}, ledger.ErrClaimLost)
		s.closeOut(job.Cancelled, 0)
		s.entry(want)
		s.totals(ledger.Totals{Targets: 1, Outcomes: map[job.Outcome]int64{job.UserNotFound: 1}, Last: want.At})
	}),
	play("the same record twice counts once", func(s *scene) {
		s.claim("w1", time.Minute, ledger.Granted, 1)
		r := ledger.Record{Owner: "w1", Attempt: 1, Outcome: job.Reset, RequestID: "r-1", Calls: 1, Repeated: true, At: s.e.Clock.Now()}
		for range 3 {
			s.record(r, nil)
		}
		for _, other := range []ledger.Record{
			{Owner: "w1", Attempt: 1, Outcome: job.GaveUp, RequestID: "r-1", At: r.At},
			{Owner: "w1", Attempt: 1, Outcome: job.Reset, RequestID: "r-2", At: r.At},
			{Owner: "w1", Attempt: 2, Outcome: job.Reset, RequestID: "r-1", At: r.At},
		} {
			s.record(other, ledger.ErrClaimLost)
		}
		s.entry(ledger.Entry{Outcome: job.Reset, RequestID: "r-1", Calls: 1, Attempts: 1, Repeated: true, At: r.At})
		s.totals(ledger.Totals{Targets: 1, Repeated: 1, Outcomes: map[job.Outcome]int64{job.Reset: 1}, Last: r.At})
	}),
	play("a record needs owner, attempt and a real outcome", func(s *scene) {
		s.record(ledger.Record{Owner: "w1", Attempt: 1, Outcome: job.Reset}, ledger.ErrClaimLost)
		s.record(ledger.Record{Owner: "", Attempt: 0, Outcome: job.Reset}, ledger.ErrClaimLost)
		s.claim("w1", time.Minute, ledger.Granted, 1)
		s.record(ledger.Record{Owner: "w2", Attempt: 1, Outcome: job.Reset}, ledger.ErrClaimLost)
		s.record(ledger.Record{Owner: "w1", Attempt: 2, Outcome: job.Reset}, ledger.ErrClaimLost)
		s.record(ledger.Record{Owner: "w1", Attempt: 0, Outcome: job.Reset}, ledger.ErrClaimLost)
		for _, bad := range []job.Outcome{"", "done"} {
			r := ledger.Record{Key: s.key, Owner: "w1", Attempt: 1, Outcome: bad}
			if err := s.e.L.Record(s.t.Context(), r); err == nil {
				s.t.Errorf("the outcome %q was taken", bad)
			}
		}
		s.entry(ledger.Entry{Attempts: 1, Claimed: true})
		s.record(ledger.Record{Owner: "w1", Attempt: 1, Outcome: job.Reset}, nil)
	}),
	play("a claim past its lease is in doubt, also for its owner", func(s *scene) {
		s.claim("w1", time.Minute, ledger.Granted, 1)
		s.wait(time.Minute)
		s.claim("w1", time.Minute, ledger.GrantedInDoubt, 2)
		s.wait(time.Minute)
		s.claim("w2", time.Minute, ledger.GrantedInDoubt, 3)
		s.record(ledger.Record{Owner: "w1", Attempt: 1, Outcome: job.Reset}, ledger.ErrClaimLost)
		s.record(ledger.Record{Owner: "w1", Attempt: 2, Outcome: job.Reset}, ledger.ErrClaimLost)
		s.release(ledger.Release{Owner: "w1", Attempt: 2, Repeated: true, Tried: true}, ledger.ErrClaimLost)
		s.record(ledger.Record{Owner: "w2", Attempt: 3, Outcome: job.AlreadyReset}, nil)
		s.entry(ledger.Entry{Outcome: job.AlreadyReset, Attempts: 3, At: s.e.Clock.Now()})
	}),
	play("a record after the lease is taken while nobody else has claimed", func(s *scene) {
		s.claim("w1", time.Minute, ledger.Granted, 1)
		s.wait(time.Hour)
		s.record(ledger.Record{Owner: "w1", Attempt: 1, Outcome: job.Reset}, nil)
	}),
	play("a release after the lease settles it", func(s *scene) {
		s.claim("w1", time.Minute, ledger.Granted, 1)
		s.wait(time.Hour)
		s.release(ledger.Release{Owner: "w1", Attempt: 1}, nil)
		s.claim("w2", time.Minute, ledger.Granted, 2)
	}),
	play("a plain release leaves no doubt", func(s *scene) {
		s.claim("w1", time.Minute, ledger.Granted, 1)
		s.release(ledger.Release{Owner: "w1", Attempt: 1}, nil)
		s.entry(ledger.Entry{Attempts: 1})
		s.claim("w2", time.Minute, ledger.Granted, 2)
	}),
	play("a release in doubt hands the doubt on at once, until it is settled", func(s *scene) {
		s.claim("w1", time.Minute, ledger.Granted, 1)
		s.release(ledger.Release{Owner: "w1", Attempt: 1, InDoubt: true}, nil)
		s.entry(ledger.Entry{Attempts: 1})
		s.claim("w2", time.Minute, ledger.GrantedInDoubt, 2)
		s.claim("w1", time.Minute, ledger.Held, 2)
		s.release(ledger.Release{Owner: "w2", Attempt: 2, InDoubt: true}, nil)
		s.claim("w1", time.Minute, ledger.GrantedInDoubt, 3)
		s.release(ledger.Release{Owner: "w1", Attempt: 3}, nil)
		s.claim("w1", time.Minute, ledger.Granted, 4)
	}),
	play("a release needs owner and attempt", func(s *scene) {
		s.release(ledger.Release{Owner: "w1", Attempt: 1}, ledger.ErrClaimLost)
		s.release(ledger.Release{Owner: "", Attempt: 0}, ledger.ErrClaimLost)
		s.claim("w1", time.Minute, ledger.Granted, 1)
		s.release(ledger.Release{Owner: "w2", Attempt: 1, Tried: true}, ledger.ErrClaimLost)
		s.release(ledger.Release{Owner: "w1", Attempt: 2, Tried: true}, ledger.ErrClaimLost)
		s.claim("w2", time.Minute, ledger.Held, 1)
		s.record(ledger.Record{Owner: "w1", Attempt: 1, Outcome: job.Reset}, nil)
	}),
	play("releasing twice counts once", func(s *scene) {
		s.claim("w1", time.Minute, ledger.Granted, 1)
		r := ledger.Release{Owner: "w1", Attempt: 1, Tried: true, Deferred: true, Repeated: true}
		s.release(r, nil)
		s.release(r, nil)
		s.totals(ledger.Totals{Targets: 1, Pending: 1, Repeated: 1})
		c := s.claim("w2", time.Minute, ledger.Granted, 2)
		if c.Tries != 1 || c.Deferrals != 1 {
			s.t.Errorf("%d tries, %d deferrals, want 1 and 1", c.Tries, c.Deferrals)
		}
		s.release(r, ledger.ErrClaimLost)
		s.record(ledger.Record{Owner: "w1", Attempt: 1, Outcome: job.Reset}, ledger.ErrClaimLost)
	}),
	play("tries and deferrals add up", func(s *scene) {
		for i := range 6 {
			c := s.claim("w1", time.Minute, ledger.Granted, i+1)
			if c.Tries != (i+1)/2 || c.Deferrals != (i+2)/3 {
				s.t.Errorf("claim %d: %d tries, %d deferrals", i+1, c.Tries, c.Deferrals)
			}
			s.release(ledger.Release{Owner: "w1", Attempt: c.Attempt, Tried: i%2 == 0, Deferred: i%3 == 0}, nil)
		}
	}),
	play("repeated stays and is counted once", func(s *scene) {
		s.claim("w1", time.Minute, ledger.Granted, 1)
		s.release(ledger.Release{Owner: "w1", Attempt: 1, InDoubt: true, Repeated: true}, nil)
		s.claim("w1", time.Minute, ledger.GrantedInDoubt, 2)
		s.release(ledger.Release{Owner: "w1", Attempt: 2, Repeated: true}, nil)
		s.entry(ledger.Entry{Attempts: 2, Repeated: true})
		s.claim("w1", time.Minute, ledger.Granted, 3)
		s.record(ledger.Record{Owner: "w1", Attempt: 3, Outcome: job.Reset}, nil)
		s.entry(ledger.Entry{Attempts: 3, Outcome: job.Reset, Repeated: true, At: s.e.Clock.Now()})
		s.totals(ledger.Totals{Targets: 1, Repeated: 1, Outcomes: map[job.Outcome]int64{job.Reset: 1}, Last: s.e.Clock.Now()})
	}),
	play("a failed claim does not forget repeated", func(s *scene) {
		s.claim("w1", time.Minute, ledger.Granted, 1)
		s.release(ledger.Release{Owner: "w1", Attempt: 1, Repeated: true}, nil)
		s.claim("w1", time.Minute, ledger.Granted, 2)
		s.wait(time.Minute)
		s.claim("w2", time.Minute, ledger.GrantedInDoubt, 3)
		s.record(ledger.Record{Owner: "w2", Attempt: 3, Outcome: job.Reset}, nil)
		s.totals(ledger.Totals{Targets: 1, Repeated: 1, Outcomes: map[job.Outcome]int64{job.Reset: 1}, Last: s.e.Clock.Now()})
	}),
	play("closing out leaves live claims", func(s *scene) {
		s.claim("w1", time.Minute, ledger.Granted, 1)
		s.closeOut(job.Missing, 0)
		s.entry(ledger.Entry{Attempts: 1, Claimed: true})
		s.record(ledger.Record{Owner: "w1", Attempt: 1, Outcome: job.Reset}, nil)
		s.closeOut(job.Missing, 0)
	}),
	play("closing out ends what was never claimed", func(s *scene) {
		s.closeOut(job.Cancelled, 1)
		s.closeOut(job.Missing, 0)
		s.entry(ledger.Entry{Outcome: job.Cancelled, At: s.e.Clock.Now()})
		s.claim("w1", time.Minute, ledger.Finished, 0)
		s.totals(ledger.Totals{Targets: 1, Outcomes: map[job.Outcome]int64{job.Cancelled: 1}, Last: s.e.Clock.Now()})
	}),
	play("closing out lists the doubt of a claim past its lease", func(s *scene) {
		s.claim("w1", time.Minute, ledger.Granted, 1)
		s.wait(time.Minute)
		s.closeOut(job.Missing, 1)
		s.entry(ledger.Entry{Outcome: job.Missing, Attempts: 1, Note: ledger.NoteInDoubt, At: s.e.Clock.Now()})
		s.record(ledger.Record{Owner: "w1", Attempt: 1, Outcome: job.Reset}, ledger.ErrClaimLost)
		s.release(ledger.Release{Owner: "w1", Attempt: 1}, ledger.ErrClaimLost)
	}),
	play("closing out lists the doubt of a release", func(s *scene) {
		s.claim("w1", time.Minute, ledger.Granted, 1)
		s.release(ledger.Release{Owner: "w1", Attempt: 1, InDoubt: true}, nil)
		s.closeOut(job.Cancelled, 1)
		s.entry(ledger.Entry{Outcome: job.Cancelled, Attempts: 1, Note: ledger.NoteInDoubt, At: s.e.Clock.Now()})
	}),
	play("closing out a settled target notes nothing", func(s *scene) {
		s.claim("w1", time.Minute, ledger.Granted, 1)
		s.release(ledger.Release{Owner: "w1", Attempt: 1, Repeated: true}, nil)
		s.closeOut(job.Cancelled, 1)
		s.entry(ledger.Entry{Outcome: job.Cancelled, Attempts: 1, Repeated: true, At: s.e.Clock.Now()})
	}),
	play("closing out needs a real outcome", func(s *scene) {
		for _, bad := range []job.Outcome{"", "done"} {
			if n, err := s.e.L.CloseOut(s.t.Context(), s.job, bad, s.e.Clock.Now()); err == nil || n != 0 {
				s.t.Errorf("the outcome %q: %d, %v", bad, n, err)
			}
		}
		s.totals(ledger.Totals{Targets: 1, Pending: 1})
	}),
	play("jobs keep apart", func(s *scene) {
		other := newScene(s.t, s.e)
		s.claim("w1", time.Minute, ledger.Granted, 1)
		other.claim("w1", time.Minute, ledger.Granted, 1)
		s.record(ledger.Record{Owner: "w1", Attempt: 1, Outcome: job.Reset}, nil)
		other.entry(ledger.Entry{Attempts: 1, Claimed: true})
		other.totals(ledger.Totals{Targets: 1, Pending: 1})
		other.wait(time.Minute)
		other.closeOut(job.Cancelled, 1)
		s.closeOut(job.Cancelled, 0)
	}),
}
