package ledger

import (
	"context"
	"time"

	"relock/internal/job"
	"relock/internal/sqlite"
)

// The statements of the second step; see TestPlans.
const (
	seatQuery = `SELECT t.place, flags FROM name n JOIN target t ON t.job = n.job AND t.place = n.place
		WHERE n.job = ? AND n.hash = ? AND username = ? LIMIT 1`
	signOutQuery = `UPDATE target SET sign_out = ?, sign_out_at = ?, sign_out_code = ?, sign_out_request_id = ?
		WHERE job = ? AND place = ? AND sign_out = 'pending'`
)

// RecordSignOut ends a target's second step.
func (l *SQLite) RecordSignOut(ctx context.Context, r SignOutRecord) error {
	if err := r.Check(); err != nil {
		return err
	}
	return l.db.Write(ctx, func(tx *sqlite.Tx) error {
		num, err := l.cachedNum(tx, r.Key.Job)
		if err != nil {
			return err
		}
		var place int64
		ok, err := l.lookUp(tx, seatQuery, num, r.Key.Username, func(row sqlite.Row) error {
			place = row.Int(0)
			return nil
		})
		if err != nil || !ok {
			return err
		}
		n, err := tx.Exec(signOutQuery, string(r.State), millis(r.At), text(r.Code), text(r.RequestID), num, place)
		if err == nil && n != 0 {
			l.change(num).signOut(r.State, n)
		}
		return err
	})
}

// CloseSignOuts gives up every second step that is pending.
func (l *SQLite) CloseSignOuts(ctx context.Context, id string, at time.Time) (closed int64, err error) {
	for place, more := int64(0), true; more; {
		var n int64
		err := l.db.Write(ctx, func(tx *sqlite.Tx) (err error) {
			num, err := l.cachedNum(tx, id)
			if err != nil {
				return err
			}
			from := place
			if place, more, err = lastOfChunk(tx, num, from); err != nil || !more {
				return err
			}
			n, err = tx.Exec(`UPDATE target SET sign_out = ?, sign_out_at = ?, sign_out_code = ?
				WHERE job = ? AND place > ? AND place <= ? AND sign_out = 'pending'`,
				string(job.SignOutFailed), millis(at), CodeMissing, num, from, place)
			if err == nil && n != 0 {
				l.change(num).signOut(job.SignOutFailed, n)
			}
			return err
		})
		if err != nil {
			return closed, err
		}
		closed += n
	}
	return closed, nil
}
