package ledger

import (
	"context"
	"encoding/json"
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

// SetSeal keeps the seal of a job, once.
func (l *SQLite) SetSeal(ctx context.Context, id string, s job.Seal) error {
	return l.db.Write(ctx, func(tx *sqlite.Tx) error {
		num, err := l.cachedNum(tx, id)
		if err != nil {
			return err
		}
		was, ok, err := tx.Text(`SELECT seal FROM job WHERE num = ?`, num)
		if err != nil {
			return err
		}
		keep := s
		if ok {
			var old job.Seal
			if err := json.Unmarshal([]byte(was), &old); err != nil {
				return err
			}
			if keep, err = nextSeal(old, s); err != nil || keep == old {
				return err
			}
		}
		b, err := json.Marshal(keep)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`UPDATE job SET seal = ? WHERE num = ?`, string(b), num)
		return err
	})
}
