package worker

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"relock/internal/ledger"
	"relock/internal/reset"
)

// record writes the outcome and then deletes the message, or hands the target on to
// the second stage, which does. If the process ends before the ledger takes it, the
// claim stays open and the next claimer asks Cognito.
func (w *Worker) record(ctx context.Context, t *target, r reset.Reply) {
	rec := ledger.Record{
		Key: t.key, Owner: w.cfg.Owner, Attempt: t.claim.Attempt,
		Outcome: r.Outcome, Code: r.Code, Note: r.Note, RequestID: r.RequestID,
		Repeated: t.again || w.memory.get(t.it.ID()).repeated,
		Calls:    t.calls, At: time.Now(),
		SignOut: t.job.Policy.SignOut && r.Outcome.MayHoldSession(),
	}
	err := w.insist(ctx, ledger.ErrClaimLost, func(ctx context.Context) error { return w.cfg.Ledger.Record(ctx, rec) })
	switch {
	case err == nil:
		w.recorded(t, rec)
	case errors.Is(err, ledger.ErrClaimLost):
		w.log.Warn("the claim was lost before the outcome was recorded", w.name(t), "job", t.key.Job)
		t.it.GiveUp(0)
	default:
		t.it.GiveUp(w.cfg.Lease)
	}
}

func (w *Worker) recorded(t *target, rec ledger.Record) {
	w.memory.drop(t.it.ID())
	w.halts.progress()
	w.cfg.Metrics.Outcome(rec.Outcome, rec.Repeated, rec.At)
	switch {
	case rec.Outcome.Failed():
		w.sameFailure(rec.Outcome)
	case rec.Outcome.Succeeded():
		w.breaker.succeeded()
	}
	w.canaries.recorded(t, rec.Outcome)
	if w.log.Enabled(context.Background(), slog.LevelDebug) { // its arguments cost even where nobody sees them
		w.log.Debug("recorded", w.name(t), "job", t.key.Job, "outcome", string(rec.Outcome),
			"code", rec.Code, "request_id", rec.RequestID, "repeated", rec.Repeated)
	}
	if rec.SignOut {
		w.signOuts.put(t)
		return
	}
	t.it.Delete()
}

// name shows a username in a log line, redacted unless the operator wants it.
func (w *Worker) name(t *target) slog.Attr {
	if w.cfg.RevealUsernames {
		return slog.String("username", string(t.key.Username))
	}
	return slog.Any("username", t.key.Username)
}
