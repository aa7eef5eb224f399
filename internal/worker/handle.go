package worker

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/pace"
	"relock/internal/queue"
	"relock/internal/reset"
)

// target is a message on its way through the pipeline.
type target struct {
	it    *queue.Item
	key   ledger.Key
	pool  string
	claim ledger.Claim
	meta  map[string]string
	// again says that an earlier call is in doubt, and this one is made all the
	// same.
	again bool
	calls int
}

// handle takes one message through claim, call and record. It reports whether a
// call was made, that is whether the token is spent.
func (w *Worker) handle(ctx context.Context, it *queue.Item) bool {
	m, ok := w.accept(ctx, it)
	if !ok {
		return false
	}
	t := &target{it: it, key: ledger.Key{Job: m.Job, Username: m.Username}, pool: m.Pool}
	if !w.claim(ctx, t) {
		return false
	}
	if t.claim.Status == ledger.GrantedInDoubt && w.settle(ctx, t) {
		return false
	}
	w.reset(ctx, t)
	return true
}

// claim asks the ledger for the claim, and disposes of the message if it is not
// granted. Without a durable claim there is no call.
func (w *Worker) claim(ctx context.Context, t *target) bool {
	c, err := w.cfg.Ledger.Claim(ctx, t.key, w.cfg.Owner, w.cfg.Lease)
	switch {
	case errors.Is(err, ledger.ErrNoJob):
		w.reject(ctx, t.it, queue.RejectUnknownJob)
		return false
	case err != nil:
		w.halts.trip(job.HaltLedger, "", err)
		t.it.GiveUp(0)
		return false
	}
	t.claim = c
	switch c.Status {
	case ledger.Granted, ledger.GrantedInDoubt:
		t.meta = merge(w.jobs.policy(t.key.Job).Metadata, c.Metadata)
		return true
	case ledger.Held:
		// Somebody is at it: put off, and never looked up.
		t.it.GiveUp(clamp(time.Until(c.Until)+time.Second, time.Second, w.cfg.Lease+time.Second))
	case ledger.Finished:
		t.it.Delete()
	default:
		w.reject(ctx, t.it, queue.RejectNotListed)
	}
	return false
}

// reset makes the call and acts on its answer.
func (w *Worker) reset(ctx context.Context, t *target) {
	call := w.cfg.Pace.Begin()
	r := w.cfg.Resetter.Reset(ctx, t.pool, t.key.Username, t.meta)
	call.Done(paceResult(r))
	t.calls++
	w.act(ctx, t, r)
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
	rel := ledger.Release{Key: t.key, Owner: w.cfg.Owner, Attempt: t.claim.Attempt}
	// A doubt from before stays, unless this answer settles it.
	rel.InDoubt = r.InDoubt || t.again
	rel.Repeated = t.again && r.InDoubt
	switch r.Class {
	case reset.Done, reset.Failed:
		w.record(ctx, t, r)
		w.breaker.answered()
	case reset.Later:
		w.later(ctx, t, r, rel)
	case reset.SlowDown:
		w.release(ctx, t, rel, func() { t.it.Retry(0) })
	case reset.TryAgain:
		w.tryAgain(ctx, t, r, rel)
	case reset.Halt:
		if r.Halt == job.HaltCredentials && w.halts.refresh() {
			w.release(ctx, t, rel, func() { t.it.Retry(0) })
			return
		}
		w.release(ctx, t, rel, func() { t.it.GiveUp(0) })
		w.halts.trip(r.Halt, r.Code, nil)
	}
}

// later puts a user off whose own limit of attempts is exceeded.
func (w *Worker) later(ctx context.Context, t *target, r reset.Reply, rel ledger.Release) {
	w.breaker.answered()
	if t.claim.Deferrals >= w.cfg.MaxDeferrals {
		w.record(ctx, t, r)
		return
	}
	rel.Deferred = true
	w.release(ctx, t, rel, func() { t.it.GiveUp(w.cfg.DeferFor + rand.N(w.cfg.DeferFor/10)) }) //nolint:gosec // jitter
	w.sameFailure(job.GaveUp)
}

// tryAgain keeps the message for another call. Where nothing reached the
// network the target has not been tried.
func (w *Worker) tryAgain(ctx context.Context, t *target, r reset.Reply, rel ledger.Release) {
	rel.Tried = r.Sent
	tries := t.claim.Tries
	if r.Sent {
		tries++
	}
	w.last.put(t.it.ID(), r)
	w.release(ctx, t, rel, func() { t.it.Retry(retryAfter(tries)) })
	if w.breaker.unanswered() {
		w.halts.trip(job.HaltUnavailable, r.Code, nil)
	}
	if tries >= w.cfg.MaxTries && r.Halt != "" {
		w.halts.trip(r.Halt, r.Code, nil)
	}
}

// retryAfter is a jittered exponential wait: about 1, 2, 4, 8 seconds, at most 30.
func retryAfter(tries int) time.Duration {
	d := min(time.Second<<min(max(tries-1, 0), 5), 30*time.Second)
	return d/2 + rand.N(d) //nolint:gosec // jitter
}

// release gives the claim up and then lets the message go where then says. If
// the ledger does not take it, the claim simply ends with its lease, in doubt.
func (w *Worker) release(ctx context.Context, t *target, r ledger.Release, then func()) {
	ctx, cancel := durable(ctx)
	defer cancel()
	switch err := w.cfg.Ledger.Release(ctx, r); {
	case err == nil, errors.Is(err, ledger.ErrClaimLost):
		then()
	default:
		t.it.GiveUp(w.cfg.Lease)
		w.halts.trip(job.HaltLedger, "", err)
	}
}

// durable is a context for a write that has to happen though the work is being
// stopped.
func durable(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), ledgerTimeout)
}

// ledgerTimeout bounds a write to the ledger.
const ledgerTimeout = 10 * time.Second

func merge(base, over map[string]string) map[string]string {
	if len(base) == 0 {
		return over
	}
	m := maps.Clone(base)
	maps.Copy(m, over)
	return m
}

func clamp(d, least, most time.Duration) time.Duration { return min(max(d, least), most) }
