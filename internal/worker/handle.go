package worker

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"relock/internal/job"
	"relock/internal/leader"
	"relock/internal/ledger"
	"relock/internal/pace"
	"relock/internal/queue"
	"relock/internal/reset"
)

// target is a message on its way through the pipeline. One goroutine has it.
type target struct {
	it    *queue.Item
	job   job.Job
	key   ledger.Key
	claim ledger.Claim
	// claimed is the earliest moment from which the claim's lease may count.
	claimed leader.Instant
	// begun is when the latest call began.
	begun time.Time
	// again says that an earlier call is in doubt, and another is made all the
	// same.
	again bool
	// cut says that the latest call was cut off, because this worker is not the
	// active one any more.
	cut   bool
	calls int
	// staged says that the target has gone on to the second stage.
	staged bool
	// onTrial says that the target was let through as one of its job's canary.
	onTrial bool
}

// inDoubt says that an earlier call for the target may have taken effect.
func (t *target) inDoubt() bool { return t.claim.Status == ledger.GrantedInDoubt }

// handle takes one message through claim, call and record. It reports whether a
// call was made, that is whether the token is spent.
func (w *Worker) handle(ctx context.Context, it *queue.Item) bool {
	t, ok := w.accept(ctx, it)
	if !ok || !w.signOuts.enter(t) {
		return false
	}
	defer w.signOuts.leave(t)
	excluded, ok := w.excluded(ctx, t)
	if !ok || !excluded && !w.canaries.admit(ctx, t) {
		return false
	}
	if !w.claim(ctx, t) {
		w.canaries.drop(t)
		return false
	}
	if excluded {
		w.record(ctx, t, reset.Reply{Outcome: job.Excluded, Note: "the job's exclusions name the user"})
		return false
	}
	if t.inDoubt() && w.settle(ctx, t) {
		return false
	}
	return w.reset(ctx, t)
}

// claim asks the ledger for the claim, and disposes of the message if it is not
// granted. Without a durable claim there is no call.
func (w *Worker) claim(ctx context.Context, t *target) bool {
	var c ledger.Claim
	err := ask(ctx, func(ctx context.Context) (err error) {
		t.claimed = w.cfg.now()
		c, err = w.cfg.Ledger.Claim(ctx, t.key, w.cfg.Owner, w.cfg.Lease)
		return err
	})
	switch {
	case errors.Is(err, ledger.ErrNoJob):
		w.reject(ctx, t.it, queue.RejectUnknownJob)
		return false
	case err != nil:
		if ctx.Err() == nil { // else it was our own stop
			w.halts.trip(job.HaltLedger, "", err)
		}
		t.it.GiveUp(0)
		return false
	}
	t.claim = c
	switch c.Status {
	case ledger.Granted, ledger.GrantedInDoubt:
		return true
	case ledger.Held:
		// Somebody is at it: put off, and never looked up.
		t.it.GiveUp(clamp(time.Until(c.Until)+time.Second, time.Second, w.cfg.Lease+time.Second))
	case ledger.Finished:
		if c.SignOut == job.SignOutPending {
			w.signOuts.put(t)
			return false
		}
		t.it.Delete()
	default:
		w.notListed(ctx, t)
	}
	return false
}

// notListed rejects a message whose target the ledger's job does not have. While the
// job is still being sent, this ledger may be an old copy of the one that has it.
func (w *Worker) notListed(ctx context.Context, t *target) {
	if w.jobs.sentAll(t.key.Job) {
		w.reject(ctx, t.it, queue.RejectNotListed)
		return
	}
	w.count(queue.RejectNotListed)
	t.it.GiveUp(putOffFor(foreignFirst, t.it.Receives()))
}

// reset makes the call and acts on its answer. It makes none where the claim's
// lease or the worker's is nearly over, as after the process was suspended: the
// call has to end before the lease does. Nor is one made after a halt.
func (w *Worker) reset(ctx context.Context, t *target) bool {
	active, done, ok := w.leader.Context(ctx)
	defer done()
	left := w.claimLeft(t)
	if !ok || w.halts.current() != nil || left < w.cfg.Lease/4 {
		w.release(ctx, t, ledger.Release{InDoubt: t.inDoubt()}, func() { t.it.Retry(0) })
		return false
	}
	covered, cancel := context.WithTimeout(active, left)
	defer cancel()
	call := w.cfg.Pace.Begin()
	t.begun = time.Now()
	r := w.cfg.Resetter.Reset(covered, t.job.Pool, t.key.Username, t.job.Policy.MetadataFor(t.claim.Metadata))
	call.Done(paceResult(r))
	t.calls++
	t.cut = leader.Lost(active)
	w.refused(t, &r)
	w.act(ctx, t, r)
	return true
}

// claimLeft is how long a call under the claim may take.
func (w *Worker) claimLeft(t *target) time.Duration {
	return w.cfg.Lease - t.claimed.Until(w.cfg.now())
}

// refused looks at a call that the fence refused: it was cut off, and has not been made
// unless all of it had been written before, as where calls share a connection.
func (w *Worker) refused(t *target, r *reset.Reply) {
	if !errors.Is(r.Err, leader.ErrNotLeader) {
		return
	}
	t.cut = true
	if !r.Written {
		r.Sent, r.InDoubt = false, false
	}
}

func paceResult(r reset.Reply) pace.Result {
	switch r.Class {
	case reset.SlowDown:
		return pace.Throttled
	case reset.TryAgain:
		return pace.Other
	default:
		return pace.OK
	}
}

// act follows from the class of the answer, and from nothing else.
func (w *Worker) act(ctx context.Context, t *target, r reset.Reply) {
	if r.Class != reset.TryAgain {
		w.breaker.answered()
	}
	// A doubt from before stays, unless this answer settles it.
	rel := ledger.Release{InDoubt: r.InDoubt || t.inDoubt()}
	switch r.Class {
	case reset.Done, reset.Failed:
		w.record(ctx, t, r)
	case reset.Later:
		w.later(ctx, t, r, rel)
	case reset.SlowDown:
		w.release(ctx, t, rel, func() { t.it.Retry(0) })
	case reset.TryAgain:
		w.tryAgain(ctx, t, r, rel)
	case reset.Halt:
		if r.Halt == job.HaltCredentials && w.halts.refresh(t.begun) {
			w.release(ctx, t, rel, func() { t.it.Retry(0) })
			return
		}
		w.halts.refusedBy(r)
		w.release(ctx, t, rel, func() { t.it.GiveUp(0) })
	}
}

// later puts a user off whose own limit of attempts is exceeded.
func (w *Worker) later(ctx context.Context, t *target, r reset.Reply, rel ledger.Release) {
	if t.claim.Deferrals >= w.cfg.MaxDeferrals {
		w.record(ctx, t, r)
		return
	}
	rel.Deferred = true
	w.release(ctx, t, rel, func() { t.it.GiveUp(w.cfg.DeferFor + rand.N(w.cfg.DeferFor/10)) }) //nolint:gosec // jitter
	w.sameFailure(job.GaveUp)
	w.canaries.deferred(t)
}

// tryAgain keeps the message for another call. A call counts as a try of the
// target unless nothing reached the network, our own stop cut it off, or it
// failed as everybody's do.
func (w *Worker) tryAgain(ctx context.Context, t *target, r reset.Reply, rel ledger.Release) {
	if ctx.Err() != nil || t.cut {
		w.release(ctx, t, rel, func() { t.it.GiveUp(0) })
		return
	}
	w.memory.reply(t.it.ID(), r)
	tries := t.claim.Tries
	if r.Sent {
		tries++
	}
	if reason := w.nobodyAnswered(tries, r); reason != "" {
		w.halts.trip(reason, r.Code, nil)
	}
	rel.Tried = r.Sent && w.halts.current() == nil
	w.release(ctx, t, rel, func() { t.it.Retry(retryAfter(tries)) })
}

// nobodyAnswered notes a call without a usable answer, and returns why to halt if
// there have been too many in a row. A trigger that fails for one user as often
// as a user is tried, while nobody else got through, fails for everybody.
func (w *Worker) nobodyAnswered(tries int, r reset.Reply) job.HaltReason {
	switch row := w.breaker.unanswered(); {
	case row >= breakerUnanswered:
		return cmp.Or(r.Halt, job.HaltUnavailable)
	case row >= w.cfg.MaxTries && tries >= w.cfg.MaxTries:
		return r.Halt
	default:
		return ""
	}
}

// retryAfter is the wait before a target's next call.
func retryAfter(tries int) time.Duration { return pace.Backoff(tries, time.Second, 30*time.Second) }

// release gives the claim up, for the reason that r says, and then lets the
// message go where then says. If the ledger does not take it, the claim simply
// ends with its lease, in doubt.
func (w *Worker) release(ctx context.Context, t *target, r ledger.Release, then func()) {
	r.Key, r.Owner, r.Attempt = t.key, w.cfg.Owner, t.claim.Attempt
	switch err := durably(ctx, func(ctx context.Context) error { return w.cfg.Ledger.Release(ctx, r) }); {
	case err == nil, errors.Is(err, ledger.ErrClaimLost):
		then()
	default:
		w.halts.trip(job.HaltLedger, "", err)
		t.it.GiveUp(w.cfg.Lease)
	}
}

func clamp(d, least, most time.Duration) time.Duration { return min(max(d, least), most) }
