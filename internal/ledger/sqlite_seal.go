package ledger

import (
	"context"
	"encoding/json"

	"relock/internal/job"
	"relock/internal/sqlite"
)

// SetSeal keeps the seal of a job, once; one without a signature takes one later.
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
