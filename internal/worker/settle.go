package worker

import (
	"context"
	"errors"
	"time"

	"relock/internal/job"
	"relock/internal/leader"
	"relock/internal/ledger"
	"relock/internal/reset"
)

// settle asks Cognito about a target whose earlier call was never answered. It
// reports whether that is the end of it; otherwise the call is made again, and
// flagged, because an account left open is worse than a second message.
func (w *Worker) settle(ctx context.Context, t *target) bool {
	if err := w.cfg.LookUps.Wait(ctx); err != nil {
		w.release(ctx, t, ledger.Release{InDoubt: true}, func() { t.it.GiveUp(0) })
		return true
	}
	active, done, ok := w.leader.Context(ctx)
	defer done()
	if !ok {
		w.release(ctx, t, ledger.Release{InDoubt: true}, func() { t.it.GiveUp(0) })
		return true
	}
	call := w.cfg.LookUps.Begin()
	t.begun = time.Now()
	status, r := w.cfg.Resetter.Status(active, t.job.Pool, t.key.Username)
	call.Done(paceResult(r))
	t.calls++
	t.cut = leader.Lost(active)
	w.refused(t, &r)
	switch {
	case r.Class != reset.Done && r.Class != reset.Failed, r.Outcome == job.UserNotFound:
		// The doubt stays, unless the answer ends it: the user does not exist.
		w.act(ctx, t, r)
		return true
	case status == reset.NeedsReset:
		r.Outcome = job.AlreadyReset
		r.Note = "an earlier call was never answered; the account turned out to be in RESET_REQUIRED"
		w.act(ctx, t, r)
		return true
	case t.claim.Tries >= w.cfg.MaxTries:
		w.act(ctx, t, w.spent(t))
		return true
	case w.halts.current() != nil:
		w.release(ctx, t, ledger.Release{InDoubt: true}, func() { t.it.Retry(0) })
		return true
	default: // also where the look-up was refused: the call will say why
		return !w.flag(ctx, t)
	}
}

// flag notes in the ledger, before the call, that the target is called for again
// though it is in doubt: a process that ends in that call must not hide it. It
// reports whether the call may be made.
func (w *Worker) flag(ctx context.Context, t *target) bool {
	err := durably(ctx, func(ctx context.Context) error {
		return w.cfg.Ledger.Release(ctx, ledger.Release{
			Key: t.key, Owner: w.cfg.Owner, Attempt: t.claim.Attempt, InDoubt: true, Repeated: true,
		})
	})
	switch {
	case errors.Is(err, ledger.ErrClaimLost):
		t.it.GiveUp(0)
		return false
	case err != nil:
		w.halts.trip(job.HaltLedger, "", err)
		t.it.GiveUp(w.cfg.Lease)
		return false
	}
	t.again = true
	w.memory.repeated(t.it.ID())
	return w.claim(ctx, t)
}

// spent is the answer that is recorded when the tries are: that of the last call.
func (w *Worker) spent(t *target) reset.Reply {
	r := w.memory.get(t.it.ID()).last
	r.Class, r.Outcome, r.InDoubt = reset.Failed, job.GaveUp, false
	if r.Note == "" {
		r.Note = "no call was answered"
	}
	r.Note += "; the tries are spent, and the account is not in RESET_REQUIRED"
	return r
}
