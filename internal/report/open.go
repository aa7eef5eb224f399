package report

import (
	"context"
	"fmt"

	"relock/internal/job"
	"relock/internal/ledger"
)

// StillOpen says who can still sign in after a job, and who may still be signed in.
type StillOpen struct {
	Job     job.Job
	Targets int64
	// Unlisted is how many users of the list the ledger never had, because enqueue was
	// interrupted before the job was cancelled. They can sign in and are in no group.
	Unlisted int64
	// Groups are the outcomes, pending first, after which somebody can or perhaps
	// can sign in with the password of before; those that nobody has are left out.
	Groups []OpenGroup
	// Yes and Perhaps are how many users those are.
	Yes, Perhaps int64
	// Lives is how many users' sessions nothing has ended, Ended how many's
	// Cognito did. SignOutPending and SignOutFailed are among Lives.
	Lives, Ended                  int64
	SignOutPending, SignOutFailed int64
}

// OpenGroup is the users with one outcome.
type OpenGroup struct {
	// Outcome is empty for pending targets.
	Outcome job.Outcome
	N       int64
	Access  Access
	// InDoubt is how many of them were reset perhaps: a call was never answered.
	InDoubt int64
}

// ReadStillOpen reads a job's targets once.
func ReadStillOpen(ctx context.Context, led Ledger, id string) (StillOpen, error) {
	j, err := led.Job(ctx, id)
	if err != nil {
		return StillOpen{}, err
	}
	s := StillOpen{Job: j}
	groups := map[job.Outcome]*OpenGroup{}
	for e, err := range led.Entries(ctx, id, ledger.Filter{}) {
		if err != nil {
			return s, fmt.Errorf("reading the records of job %s: %w", id, err)
		}
		s.Targets++
		g := groups[e.Outcome]
		if g == nil {
			g = &OpenGroup{Outcome: e.Outcome, Access: AccessAfter(e.Outcome)}
			groups[e.Outcome] = g
		}
		g.N++
		if e.Note == ledger.NoteInDoubt {
			g.InDoubt++
		}
		s.session(e)
	}
	sent, err := led.Sent(ctx, id)
	if err != nil {
		return s, fmt.Errorf("reading how far job %s is sent: %w", id, err)
	}
	s.Unlisted = unlisted(j, s.Targets, sent)
	for _, o := range append([]job.Outcome{""}, job.Outcomes()...) {
		g := groups[o]
		if g == nil || !g.Access.open() {
			continue
		}
		s.Groups = append(s.Groups, *g)
		if g.Access.CanSignIn == Yes {
			s.Yes += g.N
		} else {
			s.Perhaps += g.N
		}
	}
	return s, nil
}

func (s *StillOpen) session(e ledger.Entry) {
	switch SessionAfter(e.Outcome, e.SignOut) {
	case SessionLives:
		s.Lives++
	case SessionEnded:
		s.Ended++
	}
	switch e.SignOut {
	case job.SignOutPending:
		s.SignOutPending++
	case job.SignOutFailed:
		s.SignOutFailed++
	}
}

func (a Access) open() bool { return a.CanSignIn == Yes || a.CanSignIn == Perhaps }

// Open selects the targets that can or perhaps can sign in, and those whose
// sign-out failed; with sessions, also everybody else whose sessions nothing has
// ended.
func Open(sessions bool) Selection {
	return Selection{Keep: func(e ledger.Entry) bool {
		return AccessAfter(e.Outcome).open() || e.SignOut == job.SignOutFailed ||
			sessions && SessionAfter(e.Outcome, e.SignOut) == SessionLives
	}}
}
