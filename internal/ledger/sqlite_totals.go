package ledger

import (
	"context"

	"relock/internal/job"
	"relock/internal/sqlite"
)

// change is what one transaction adds to a job's totals.
type change struct {
	targets, repeated, last int64
	outcomes                map[job.Outcome]int64
	// What it adds to the second steps by state; pending falls as they end.
	pending, done, failed int64
}

func (l *SQLite) change(num int64) *change {
	c, ok := l.changes[num]
	if !ok {
		c = &change{outcomes: make(map[job.Outcome]int64)}
		l.changes[num] = c
	}
	return c
}

// signOut counts n second steps that were pending and have ended.
func (c *change) signOut(to job.SignOut, n int64) {
	c.pending -= n
	if to == job.SignOutDone {
		c.done += n
	} else {
		c.failed += n
	}
}

// onJob reports whether the job's row has to change.
func (c *change) onJob() bool {
	return c.targets != 0 || c.repeated != 0 || c.last != 0 || c.pending != 0 || c.done != 0 || c.failed != 0
}

// flush writes the totals once a transaction, not once an operation.
func (l *SQLite) flush(tx *sqlite.Tx) error {
	for num, c := range l.changes {
		if c.onJob() {
			_, err := tx.Exec(`UPDATE job SET targets = targets + ?, repeated = repeated + ?, last = max(last, ?),
				sign_out_pending = sign_out_pending + ?, sign_out_done = sign_out_done + ?,
				sign_out_failed = sign_out_failed + ? WHERE num = ?`,
				c.targets, c.repeated, c.last, c.pending, c.done, c.failed, num)
			if err != nil {
				return err
			}
		}
		for o, n := range c.outcomes {
			_, err := tx.Exec(`INSERT INTO total (job, outcome, n) VALUES (?, ?, ?)
				ON CONFLICT DO UPDATE SET n = n + excluded.n`, num, string(o), n)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

const totalsQuery = `SELECT targets, repeated, last, sign_out_pending, sign_out_done, sign_out_failed, outcome, n
	FROM job LEFT JOIN total ON total.job = job.num WHERE id = ?`

// Totals counts the job's targets.
func (l *SQLite) Totals(ctx context.Context, id string) (Totals, error) {
	t := Totals{Outcomes: make(map[job.Outcome]int64), SignOuts: make(map[job.SignOut]int64)}
	err := l.db.Read(ctx, func(c *sqlite.Conn) error {
		found := false
		// One statement, so that the figures fit together.
		err := c.Query(totalsQuery, func(r sqlite.Row) error {
			found = true
			t.Targets, t.Repeated, t.Last = r.Int(0), r.Int(1), fromMillis(r.Int(2))
			for i, s := range job.SignOuts() {
				if n := r.Int(3 + i); n != 0 {
					t.SignOuts[s] = n
				}
			}
			if n := r.Int(7); n != 0 {
				t.Outcomes[job.Outcome(r.Text(6))] = n
			}
			return nil
		}, id)
		if err == nil && !found {
			err = ErrNoJob
		}
		return err
	})
	t.Pending = t.Targets
	for _, n := range t.Outcomes {
		t.Pending -= n
	}
	return t, err
}
