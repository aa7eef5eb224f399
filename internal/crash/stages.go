package crash

import (
	"slices"
	"time"

	"relock/internal/job"
)

// leaseFor is how long after a renewal of its lease a worker may call at most;
// another one waits for longer (internal/worker/lease.go).
const leaseFor = 18 * time.Second

// turns checks that no two workers call within one lease: another one begins only
// once the one before has ended, or has been silent for as long as it might call.
// Who never calls again has ended; a kill that the harness made says so itself.
// Only calls about a user count: enqueue and standbys look at the pool as well.
func (v *Verdict) turns(e *ends, calls []Call) {
	var turns []Call // in order
	last := map[string]time.Time{}
	for _, c := range calls {
		if slices.Contains([]string{opReset, opLookUp, opSignOut}, c.Operation) && !e.underWay(c) {
			turns = append(turns, c)
			last[c.Caller] = c.At
		}
	}
	for i := 1; i < len(turns); i++ {
		before, now := turns[i-1], turns[i]
		if before.Caller == now.Caller {
			continue
		}
		v.Turns++
		goesOn := last[before.Caller].After(now.At)
		if gap := now.At.Sub(before.At); goesOn && gap < leaseFor && !e.killed(before.Caller, now.At) {
			v.wrong(wrongTurns, "%s calls at %s, %v after %s, which goes on", now.Caller, clock(now.At), gap, before.Caller)
		}
	}
}

// killed reports whether a worker was killed before a moment.
func (e *ends) killed(caller string, at time.Time) bool {
	return slices.ContainsFunc(e.list, func(end End) bool {
		return end.Caller == caller && end.Resumed.IsZero() && end.At.Before(at)
	})
}

// underWay reports whether a call took effect after its caller was killed or while it
// was stopped: it had been sent before.
func (e *ends) underWay(c Call) bool {
	return slices.ContainsFunc(e.list, func(end End) bool { return end.covers(c) })
}

// covers reports whether a call of the process took effect after its end, or while it
// was stopped.
func (end *End) covers(c Call) bool {
	return end.Caller == c.Caller && end.At.Before(c.At) && (end.Resumed.IsZero() || c.At.Before(end.Resumed))
}

// sessions checks the second step of a target: it was made, after the first, and
// made again only where the process ended in between or a reply was lost.
func (v *Verdict) sessions(e *ends, t Target, outs, calls []Call) {
	want := job.SignOut("")
	if t.SignsOut && t.Outcome.MayHoldSession() {
		want = job.SignOutDone
	}
	if t.SignOut != want {
		v.wrong(wrongSession, "%s: the ledger has %q after the outcome %s", t.User, t.SignOut, t.Outcome)
	}
	var accepted []Call
	for i, c := range outs {
		if c.Code != "" {
			continue
		}
		accepted = append(accepted, c)
		if i == 0 {
			continue
		}
		if before := outs[i-1]; !before.Dropped && before.Caller != c.Caller && !e.killed(before.Caller, c.At) {
			v.wrong(wrongSignOut, "%s, by %s at %s after %s at %s", t.User, c.Caller, clock(c.At), before.Caller, clock(before.At))
		}
	}
	v.SignOuts += len(accepted)
	v.SecondOuts += max(0, len(accepted)-1)
	if want == "" {
		return
	}
	first := slices.IndexFunc(calls, Call.accepted)
	if len(accepted) == 0 || first >= 0 && accepted[len(accepted)-1].At.Before(calls[first].At) {
		v.wrong(wrongSession, "%s: %d sign-outs, none after the reset", t.User, len(accepted))
	}
}
