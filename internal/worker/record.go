package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/reset"
)

// record writes the outcome and then deletes the message. As long as the ledger
// does not take it, it is tried again; if the process ends first, the claim stays
// open and the next claimer asks Cognito.
func (w *Worker) record(ctx context.Context, t *target, r reset.Reply) {
	rec := ledger.Record{
		Key: t.key, Owner: w.cfg.Owner, Attempt: t.claim.Attempt,
		Outcome: r.Outcome, Code: r.Code, Note: r.Note, RequestID: r.RequestID,
		Repeated: t.again && r.Class == reset.Done,
		Calls:    t.calls, At: time.Now(),
	}
	for wait := 500 * time.Millisecond; ; wait = min(2*wait, 10*time.Second) {
		write, cancel := durable(ctx)
		err := w.cfg.Ledger.Record(write, rec)
		cancel()
		switch {
		case err == nil:
			w.recorded(t, rec)
			return
		case errors.Is(err, ledger.ErrClaimLost):
			w.log.Warn("the claim was lost before the outcome was recorded", w.name(t), "job", t.key.Job)
			t.it.GiveUp(0)
			return
		}
		w.halts.trip(job.HaltLedger, "", err)
		select {
		case <-ctx.Done():
			t.it.GiveUp(w.cfg.Lease)
			return
		case <-time.After(wait):
		}
	}
}

func (w *Worker) recorded(t *target, rec ledger.Record) {
	t.it.Delete()
	w.last.drop(t.it.ID())
	w.cfg.Metrics.Outcome(rec.Outcome, rec.Repeated, rec.At)
	w.log.Debug("recorded", w.name(t), "job", t.key.Job, "outcome", string(rec.Outcome),
		"code", rec.Code, "request_id", rec.RequestID, "repeated", rec.Repeated)
	if rec.Outcome.Failed() {
		w.sameFailure(rec.Outcome)
	} else {
		w.breaker.succeeded()
	}
}

// name shows a username in a log line, redacted unless the operator wants it.
func (w *Worker) name(t *target) any {
	if w.cfg.RevealUsernames {
		return nameAttr(string(t.key.Username))
	}
	return nameAttr(t.key.Username)
}

// lastReplies remembers the answer to the last call for messages that are tried
// again, so that a target that is given up names the error. In memory only: a
// target given up by another process says just that the tries are spent.
type lastReplies struct {
	mu sync.Mutex
	m  map[string]reset.Reply
}

func (l *lastReplies) put(id string, r reset.Reply) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.m == nil {
		l.m = make(map[string]reset.Reply)
	}
	r.Err = nil
	l.m[id] = r
}

func (l *lastReplies) drop(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.m, id)
}

func (l *lastReplies) get(id string) reset.Reply {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.m[id]
}
