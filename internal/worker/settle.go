package worker

import (
	"context"
	"log/slog"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/reset"
)

func nameAttr(v any) slog.Attr { return slog.Any("username", v) }

// settle asks Cognito about a target whose earlier call was never answered. It
// reports whether that is the end of it; otherwise the call is made again, and
// flagged, because an account left open is worse than a second message.
func (w *Worker) settle(ctx context.Context, t *target) bool {
	rel := ledger.Release{Key: t.key, Owner: w.cfg.Owner, Attempt: t.claim.Attempt, InDoubt: true}
	if err := w.cfg.LookUps.Wait(ctx); err != nil {
		w.release(ctx, t, rel, func() { t.it.GiveUp(0) })
		return true
	}
	call := w.cfg.LookUps.Begin()
	status, r := w.cfg.Resetter.Status(ctx, t.pool, t.key.Username)
	call.Done(paceResult(r))
	t.calls++
	t.again = true
	switch {
	case r.Class != reset.Done:
		w.act(ctx, t, inDoubt(r))
		return true
	case status == reset.NeedsReset:
		r.Outcome = job.AlreadyReset
		r.Note = "an earlier call was never answered; the account turned out to be in RESET_REQUIRED"
		t.again = false
		w.record(ctx, t, r)
		w.breaker.answered()
		return true
	case t.claim.Tries >= w.cfg.MaxTries:
		w.record(ctx, t, w.spent(t))
		return true
	default:
		return false
	}
}

// inDoubt is the answer to a look-up seen as one about the reset: it was not
// given, so the doubt stays; but a user who does not exist ends it.
func inDoubt(r reset.Reply) reset.Reply {
	r.InDoubt = false
	return r
}

// spent is the answer that is recorded when the tries are: that of the last call.
func (w *Worker) spent(t *target) reset.Reply {
	r := w.last.get(t.it.ID())
	r.Class, r.Outcome = reset.Failed, job.GaveUp
	if r.Note == "" {
		r.Note = "no call was answered"
	}
	r.Note += "; the tries are spent, and the account is not in RESET_REQUIRED"
	return r
}
