package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"relock/internal/job"
)

// endSignOut is the write that ends a second step, if it is pending.
func endSignOut(r SignOutRecord, mark string) *edit {
	return newEdit().
		put("sign_out", str(string(r.State))).put("sign_out_at", num(millis(r.At))).
		put("sign_out_code", str(r.Code)).put("sign_out_request_id", str(r.RequestID)).
		put("sign_out_by", str(mark)).add("ver", 1).
		ifIs("sign_out", str(string(job.SignOutPending)))
}

// RecordSignOut ends a target's second step: one write, which needs no look
// before it.
func (l *DynamoDB) RecordSignOut(ctx context.Context, r SignOutRecord) error {
	if err := r.Check(); err != nil {
		return err
	}
	id := r.Key.Job
	j, err := l.knowJob(ctx, id, 0)
	if err != nil {
		return err
	}
	t, err := l.announce(ctx, id)
	if err != nil {
		return err
	}
	k := end{key: r.Key, signOut: r.State}
	mark, again := l.takeMark(k)
	w, err := l.write(ctx, key{workPK(id, shardOf(r.Key.Username)), targetSK(j.pool, r.Key.Username)}, endSignOut(r, mark))
	switch {
	case err != nil:
		if w.unsure || again {
			l.doubt(id, mark)
			l.keepMark(k, mark)
		}
		return fmt.Errorf("recording a sign-out of job %s: %w", id, err)
	case w.done:
		l.count(ctx, t, addition{ended: r.State})
	default:
		// It is not pending. Perhaps this very write made it so, by a try whose
		// reply was lost.
		l.count(ctx, t, l.uncounted(readWork(w.now), mark))
	}
	return nil
}

// CloseSignOuts gives up every second step that is pending. It reads all targets
// that have an outcome, and on the way counts what every session has recorded.
func (l *DynamoDB) CloseSignOuts(ctx context.Context, id string, at time.Time) (int64, error) {
	if _, err := l.jobItem(ctx, id); err != nil {
		return 0, err
	}
	t, err := l.announce(ctx, id)
	if err != nil {
		return 0, err
	}
	before, err := l.sessions(ctx, id)
	if err != nil {
		return 0, err
	}
	var found counting
	var closed atomic.Int64
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(closeConcurrency)
	err = l.pass(gctx, id, &found, func(k key, w work) error {
		if w.signOut == job.SignOutPending {
			g.Go(func() error {
				done, err := l.closeSignOut(gctx, t, k, at)
				if done {
					closed.Add(1)
				}
				return err
			})
		}
		return nil
	})
	// A failed write ends the pass, so its error comes first.
	if e := g.Wait(); e != nil {
		err = e
	}
	if err == nil {
		err = l.setRight(ctx, id, before, &found)
	}
	// What has been closed counts, whatever happened then.
	err = errors.Join(err, l.flush(ctx, t, t.learn(&found, l.session), true))
	if err != nil {
		err = fmt.Errorf("closing the sign-outs of job %s: %w", id, err)
	}
	return closed.Load(), err
}

func (l *DynamoDB) closeSignOut(ctx context.Context, t *tally, k key, at time.Time) (done bool, err error) {
	mark := l.mark()
	w, err := l.write(ctx, k, endSignOut(SignOutRecord{State: job.SignOutFailed, Code: CodeMissing, At: at}, mark))
	if err != nil {
		if w.unsure {
			l.doubt(t.job, mark)
		}
		return false, err
	}
	if !w.done && readWork(w.now).signOutBy != mark {
		return false, nil // somebody was faster
	}
	t.count(addition{ended: job.SignOutFailed})
	l.schedule()
	return true, nil
}
