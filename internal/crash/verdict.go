package crash

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"relock/internal/job"
)

// Verdict is what a History shows.
type Verdict struct {
	Targets, Ends int
	// Resets are the calls that Cognito accepted, Second those of a user who had
	// been reset before, and SecondUsers the users of these.
	Resets, Second, SecondUsers int
	// LookUps are the calls that ask for a user's status.
	LookUps int
	// Again are the targets that were called for while an earlier call was in
	// doubt, by claims and calls; Flags those with the flag repeated.
	Again, Flags int
	// OpenClaims are the claims that a kill or a stop left open, LostReplies the
	// replies to resets that the client never got, and ClientLost those that the
	// sandbox sent in full and the client took for lost. The bound of Flags is
	// their sum.
	OpenClaims, LostReplies, ClientLost int
	// AlreadyReset counts the targets that a look-up settled.
	AlreadyReset int
	// SignOuts are the accepted calls that end a user's sessions, and SecondOuts
	// those for a user whose sessions had been ended before.
	SignOuts, SecondOuts int
	// Turns is how often another worker began to call.
	Turns int

	// Wrong lists what breaks a promise, at most maxExamples of each kind.
	Wrong []string
	kinds map[string]int
}

// Bound is how many targets may at most have the flag repeated.
func (v *Verdict) Bound() int { return v.OpenClaims + v.LostReplies + v.ClientLost }

// maxExamples is how many cases of one kind are told.
const maxExamples = 5

// The kinds of what can be wrong.
const (
	wrongLost      = "lost"
	wrongOutcome   = "outcome"
	wrongSecond    = "second reset without a doubt"
	wrongKnown     = "reset while in RESET_REQUIRED"
	wrongUnflagged = "called again, not flagged"
	wrongFlag      = "flagged, not called again"
	wrongClaims    = "more calls than claims"
	wrongStopped   = "called with a lost lease"
	wrongRequest   = "request ID"
	wrongCount     = "count"
	wrongTurns     = "two callers within one lease"
	wrongSession   = "not signed out"
	wrongSignOut   = "signed out again without a doubt"
)

func (v *Verdict) wrong(kind, format string, args ...any) {
	if v.kinds == nil {
		v.kinds = map[string]int{}
	}
	if v.kinds[kind]++; v.kinds[kind] <= maxExamples {
		v.Wrong = append(v.Wrong, kind+": "+fmt.Sprintf(format, args...))
	}
}

// Kinds counts what is wrong, by kind.
func (v *Verdict) Kinds() map[string]int { return v.kinds }

// String is a report of the figures in a few lines.
func (v *Verdict) String() string {
	return fmt.Sprintf(`%d targets, %d kills and stops; %d resets accepted, %d look-ups, %d settled as already_reset
claims open at a kill or stop: %d; replies lost: %d; taken for lost by the client: %d
second resets: %d of %d users ≤ flags: %d ≤ bound: %d; called again in doubt: %d
sign-outs: %d, for the second time: %d; turns of the workers: %d`,
		v.Targets, v.Ends, v.Resets, v.LookUps, v.AlreadyReset,
		v.OpenClaims, v.LostReplies, v.ClientLost,
		v.Second, v.SecondUsers, v.Flags, v.Bound(), v.Again, v.SignOuts, v.SecondOuts, v.Turns)
}

// ends finds the claims that the ends of processes left open.
type ends struct {
	list []End
	open map[string]map[string]bool // by caller, by user
}

func (e *ends) leftOpen(caller, user string) bool { return e.open[caller][user] }

// Judge compares the history with the promises.
func Judge(h History) *Verdict {
	v := &Verdict{Targets: len(h.Targets), Ends: len(h.Ends)}
	e := &ends{list: h.Ends, open: map[string]map[string]bool{}}
	seen := map[string]map[int]bool{} // open claims, each counted once
	for _, end := range h.Ends {
		if e.open[end.Caller] == nil {
			e.open[end.Caller] = map[string]bool{}
		}
		for user, claim := range end.Open {
			e.open[end.Caller][user] = true
			if seen[user] == nil {
				seen[user] = map[int]bool{}
			}
			if !seen[user][claim] {
				seen[user][claim] = true
				v.OpenClaims++
			}
		}
	}
	calls := slices.Clone(h.Calls)
	sortCalls(calls)
	v.turns(e, calls)
	byUser, outs := map[string][]Call{}, map[string][]Call{}
	for _, c := range calls {
		switch c.Operation {
		case opReset, opLookUp, opChoose:
			byUser[c.User] = append(byUser[c.User], c)
		case opSignOut:
			outs[c.User] = append(outs[c.User], c)
		}
	}
	for _, t := range h.Targets {
		v.sessions(e, t, outs[t.User], byUser[t.User])
		delete(outs, t.User)
		v.known(t, byUser[t.User])
		v.target(e, t, slices.DeleteFunc(byUser[t.User], func(c Call) bool { return c.Operation == opChoose }))
		delete(byUser, t.User)
	}
	maps.Copy(byUser, outs)
	for user, calls := range byUser {
		v.wrong(wrongCount, "%s is no target, and was called for %d times", user, len(calls))
	}
	if v.SecondUsers > v.Flags || v.Flags > v.Bound() {
		v.wrong(wrongCount, "%d users reset again, %d flags, bound %d", v.SecondUsers, v.Flags, v.Bound())
	}
	return v
}

// target judges one target by its calls, in order.
func (v *Verdict) target(e *ends, t Target, calls []Call) {
	v.outcome(t)
	doubts := make([]bool, len(calls)) // the reset's reply never came
	for i, c := range calls {
		doubts[i] = v.lost(e, c, calls[i+1:])
	}
	accepted, before := 0, 0 // before is the accepted reset before this one
	known := t.Outcome != job.Reset
	again := false
	for i, c := range calls {
		if c.Operation == opLookUp {
			v.LookUps++
			continue
		}
		again = again || e.inDoubt(c) || slices.Contains(doubts[:i], true)
		if !c.accepted() {
			continue
		}
		known = known || c.Request == t.Request
		if accepted++; accepted > 1 {
			v.Second++
			if last := calls[before]; !doubts[before] && !e.leftOpen(last.Caller, t.User) {
				v.wrong(wrongSecond, "%s, by %s at %s after %s at %s", t.User,
					c.Caller, clock(c.At), last.Caller, clock(last.At))
			}
		}
		before = i
	}
	v.Resets += accepted
	if accepted > 1 {
		v.SecondUsers++
	}
	if t.Exists && accepted == 0 {
		v.wrong(wrongLost, "%s was never reset; outcome %q", t.User, t.Outcome)
	}
	// A claim allows one call: a reset, or a look-up before one.
	if len(calls) > t.Claims {
		v.wrong(wrongClaims, "%s: %d calls, %d claims", t.User, len(calls), t.Claims)
	}
	if !known {
		v.wrong(wrongRequest, "%s: the ledger names a request that was not accepted", t.User)
	}
	v.flag(t, again)
	e.stopped(v, t, calls)
}

// known checks that nobody was reset who had not chosen a new password since the
// last time: whoever asks first knows that.
func (v *Verdict) known(t Target, calls []Call) {
	required := false
	for _, c := range calls {
		switch {
		case c.accepted() && required:
			v.wrong(wrongKnown, "%s, by %s at %s", t.User, c.Caller, clock(c.At))
		case c.accepted():
			required = true
		case c.Operation == opChoose && c.Code == "":
			required = false
		}
	}
}

// outcome checks that a target has the outcome that it should have.
func (v *Verdict) outcome(t Target) {
	switch {
	case t.Outcome == "" || t.Outcome == job.Missing:
		v.wrong(wrongLost, "%s has the outcome %q", t.User, t.Outcome)
	case t.Outcome.Succeeded() != t.Exists || !t.Exists && t.Outcome != job.UserNotFound:
		v.wrong(wrongOutcome, "%s: %s", t.User, t.Outcome)
	}
	if t.Outcome == job.AlreadyReset {
		v.AlreadyReset++
	}
}

// lost reports whether the caller of a reset may never have learnt its answer.
// Later are the calls for the user after it.
func (v *Verdict) lost(e *ends, c Call, later []Call) bool {
	if c.Operation != opReset {
		return false
	}
	livedOn := len(later) > 0 && later[0].Caller == c.Caller
	switch {
	case c.Dropped:
		if livedOn || !e.leftOpen(c.Caller, c.User) {
			v.LostReplies++ // else it is the kill's
		}
		return true
	case livedOn && later[0].Operation == opLookUp:
		// It asks for what it was told: the SDK loses a reply now and then. One
		// that was stopped in the call has waited for too long.
		if !e.leftOpen(c.Caller, c.User) {
			v.ClientLost++
		}
		return true
	}
	return false
}

// inDoubt reports whether a reset was called for while a claim of another
// process, which ended before, was open. A call that took effect after its own
// process had ended had been sent by then.
func (e *ends) inDoubt(c Call) bool {
	sent := c.At
	for _, end := range e.list {
		if end.covers(c) && end.At.Before(sent) {
			sent = end.At
		}
	}
	for _, end := range e.list {
		if _, open := end.Open[c.User]; open && end.Caller != c.Caller && end.At.Before(sent) {
			return true
		}
	}
	return false
}

// flag compares the flag repeated with what happened.
func (v *Verdict) flag(t Target, again bool) {
	if again {
		v.Again++
	}
	if t.Repeated {
		v.Flags++
	}
	switch {
	case again && !t.Repeated:
		v.wrong(wrongUnflagged, "%s", t.User)
	case t.Repeated && !again:
		v.wrong(wrongFlag, "%s", t.User)
	}
}

// stopped checks that no worker called, after it was stopped and went on, under a
// claim from before: every call since then needs a claim of its own.
func (e *ends) stopped(v *Verdict, t Target, calls []Call) {
	for _, end := range e.list {
		claim, open := end.Open[t.User]
		if !open || end.Resumed.IsZero() {
			continue
		}
		n := 0
		for _, c := range calls {
			underWay := c.Caller == end.Caller && c.At.Before(end.Resumed)
			if c.At.After(end.At) && !underWay {
				n++
			}
		}
		if n > t.Claims-claim {
			v.wrong(wrongStopped, "%s: %d calls after the stop of %s, and %d claims", t.User, n, end.Caller, t.Claims-claim)
		}
	}
}

func clock(t time.Time) string { return t.Format("15:04:05.000") }
