package ledger

import (
	"bytes"
	"context"
	"fmt"

	"relock/internal/sqlite"
)

// Lease returns a lease; one never written has Counter 0 and no owner.
func (l *SQLite) Lease(ctx context.Context, name string) (lease Lease, err error) {
	err = l.db.Read(ctx, func(c *sqlite.Conn) error {
		lease, err = readLease(c, name)
		return err
	})
	return lease, err
}

func readLease(c *sqlite.Conn, name string) (Lease, error) {
	lease := Lease{Name: name}
	err := c.Query(`SELECT owner, counter, state FROM lease WHERE name = ?`, func(r sqlite.Row) error {
		lease.Owner, lease.Counter, lease.State = r.Text(0), r.Int(1), r.Blob(2)
		return nil
	}, name)
	return lease, err
}

// PutLease writes a lease if its counter still is expect.
func (l *SQLite) PutLease(ctx context.Context, lease Lease, expect int64) error {
	if lease.Counter <= expect {
		return fmt.Errorf("the lease's counter has to grow beyond %d, not to %d", expect, lease.Counter)
	}
	return l.db.Write(ctx, func(tx *sqlite.Tx) error {
		now, err := readLease(tx.Conn, lease.Name)
		switch {
		case err != nil:
			return err
		case now.Counter == lease.Counter && now.Owner == lease.Owner && bytes.Equal(now.State, lease.State):
			return nil
		case now.Counter != expect:
			return ErrLeaseLost
		}
		_, err = tx.Exec(`INSERT OR REPLACE INTO lease (name, owner, counter, state) VALUES (?, ?, ?, ?)`,
			lease.Name, lease.Owner, lease.Counter, lease.State)
		return err
	})
}
