package ledger

import (
	"context"
	"time"

	"relock/internal/job"
	"relock/internal/sqlite"
)

// Halt returns the halt of a scope, and whether there is one.
func (l *SQLite) Halt(ctx context.Context, scope string) (h job.Halt, ok bool, err error) {
	err = l.db.Read(ctx, func(c *sqlite.Conn) error {
		return c.Query(`SELECT reason, code, since, skew FROM halt WHERE scope = ?`, func(r sqlite.Row) error {
			h = job.Halt{Reason: job.HaltReason(r.Text(0)), Code: r.Text(1), Since: fromMillis(r.Int(2)), Skew: time.Duration(r.Int(3)) * time.Millisecond}
			ok = true
			return nil
		}, scope)
	})
	return h, ok, err
}

// SetHalt writes or replaces the halt of a scope.
func (l *SQLite) SetHalt(ctx context.Context, scope string, h job.Halt) error {
	return l.db.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`INSERT OR REPLACE INTO halt (scope, reason, code, since, skew) VALUES (?, ?, ?, ?, ?)`,
			scope, string(h.Reason), h.Code, millis(h.Since), h.Skew.Milliseconds())
		return err
	})
}

// ClearHalt removes the halt of a scope, if there is one.
func (l *SQLite) ClearHalt(ctx context.Context, scope string) error {
	return l.db.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`DELETE FROM halt WHERE scope = ?`, scope)
		return err
	})
}
