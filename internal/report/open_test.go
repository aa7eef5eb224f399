package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"relock/internal/job"
)

func TestStillOpen(t *testing.T) {
	t.Parallel()
	led := memory()
	fill(t, led, job.Job{ID: "one", Policy: job.Policy{SignOut: true}}, everyOutcome())
	s, err := ReadStillOpen(t.Context(), led, "one")
	if err != nil {
		t.Fatal(err)
	}
	type group struct {
		o job.Outcome
		c CanSignIn
	}
	var got []group
	for _, g := range s.Groups {
		if g.N != 1 {
			t.Errorf("%+v", g)
		}
		got = append(got, group{g.Outcome, g.Access.CanSignIn})
	}
	want := []group{
		{"", Yes}, {job.NotResettableState, Perhaps}, {job.NoVerifiedContact, Yes}, {job.LambdaRejected, Yes}, {job.Excluded, Yes},
		{job.GaveUp, Perhaps}, {job.UnknownError, Yes}, {job.Cancelled, Yes}, {job.Missing, Yes},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(group{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if s.Yes != 7 || s.Perhaps != 2 || s.Targets != 17 || s.SignOutFailed != 1 || s.SignOutPending != 1 || s.Ended != 2 || s.Lives != 13 {
		t.Errorf("%+v", s)
	}
	count := func(sel Selection) (n int) {
		for _, err := range entries(t.Context(), led, "one", sel) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		return n
	}
	if n := count(Open(false)); n != 10 { // the nine, and one whose sign-out failed
		t.Errorf("%d in the list", n)
	}
	if n := count(Open(true)); n != 13 {
		t.Errorf("%d in the list with sessions", n)
	}
}

// TestEveryOutcomeSaysWhoCanSignIn keeps AccessAfter complete and true to
// job.Outcome: what succeeded is closed, what failed has a remedy.
func TestEveryOutcomeSaysWhoCanSignIn(t *testing.T) {
	t.Parallel()
	unknown := AccessAfter("an outcome of the future")
	for _, o := range append([]job.Outcome{""}, job.Outcomes()...) {
		a := AccessAfter(o)
		if a == unknown || a.Why == "" {
			t.Errorf("%q has no words of its own", o)
		}
		if o.Succeeded() && a.CanSignIn != No {
			t.Errorf("%q: %s", o, a.CanSignIn)
		}
		if o.Failed() && a.Remedy == "" {
			t.Errorf("%q has no remedy", o)
		}
		if o.MayHoldSession() != (SessionAfter(o, "") == SessionLives) && o != job.UserDisabled && o != "" && o != job.Excluded && o != job.Cancelled && o != job.Missing {
			t.Errorf("%q: may hold a session: %v, and its sessions: %s", o, o.MayHoldSession(), SessionAfter(o, ""))
		}
	}
}
