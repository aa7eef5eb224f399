package ledger

import (
	"context"
	"strings"

	"relock/internal/job"
	"relock/internal/sqlite"
)

// SetExclusions keeps whom the job must not touch.
func (l *SQLite) SetExclusions(ctx context.Context, id string, list []job.Exclusion) error {
	lines, err := encodeExclusions(list)
	if err != nil {
		return err
	}
	all := strings.Join(lines, "\n")
	return l.db.Write(ctx, func(tx *sqlite.Tx) error {
		num, err := l.cachedNum(tx, id)
		if err != nil {
			return err
		}
		was, _, err := tx.Text(`SELECT list FROM exclusion WHERE job = ?`, num)
		if err != nil || was == all {
			return err
		}
		state, _, err := tx.Text(`SELECT state FROM job WHERE num = ?`, num)
		if err != nil {
			return err
		}
		if job.State(state) != job.StateStaging {
			return ErrExclusions
		}
		_, err = tx.Exec(`INSERT OR REPLACE INTO exclusion (job, list) VALUES (?, ?)`, num, all)
		return err
	})
}

// Exclusions returns what SetExclusions kept.
func (l *SQLite) Exclusions(ctx context.Context, id string) (list []job.Exclusion, err error) {
	err = l.db.Read(ctx, func(c *sqlite.Conn) error {
		num, err := l.num(c, id)
		if err != nil {
			return err
		}
		all, _, err := c.Text(`SELECT list FROM exclusion WHERE job = ?`, num)
		if err != nil {
			return err
		}
		list, err = decodeExclusions(all)
		return err
	})
	return list, err
}
