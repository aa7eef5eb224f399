package queue

import (
	"context"
	"fmt"
	"time"

	"relock/internal/sqlite"
)

// Delete implements Transport. As in SQS, a message whose visibility ran out is
// still deleted while nobody has received it since.
func (q *File) Delete(ctx context.Context, handles []string) ([]error, error) {
	if err := checkBatch(len(handles)); err != nil {
		return nil, err
	}
	errs := make([]error, len(handles))
	err := q.db.WriteAll(ctx, func(tx *sqlite.Tx) (err error) {
		for i, h := range handles {
			if errs[i], err = q.remove(tx, h); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("deleting from the queue: %w", err)
	}
	return errs, nil
}

const (
	landQuery   = `DELETE FROM flight WHERE id = ? AND receives = ?`
	removeQuery = `DELETE FROM message WHERE id = ?`
	changeQuery = `UPDATE flight SET due = ? WHERE id = ? AND receives = ? AND due > ? AND received >= ?`
)

// remove deletes the message of a handle. The first error is the entry's.
func (q *File) remove(tx *sqlite.Tx, handle string) (entry, err error) {
	id, receives, ok := parseHandle(handle)
	if !ok {
		return ErrStale, nil
	}
	n, err := tx.Exec(landQuery, id, receives)
	if err != nil || n == 0 {
		return ErrStale, err
	}
	_, err = tx.Exec(removeQuery, id)
	return nil, err
}

// ChangeVisibility implements Transport. As in SQS, a message can be kept
// invisible for MaxVisibility from its receive, and no longer.
func (q *File) ChangeVisibility(ctx context.Context, changes []Visibility) ([]error, error) {
	if err := checkBatch(len(changes)); err != nil {
		return nil, err
	}
	errs := make([]error, len(changes))
	visible := false
	err := q.db.WriteAll(ctx, func(tx *sqlite.Tx) error {
		now := time.Now()
		for i, c := range changes {
			id, receives, ok := parseHandle(c.Handle)
			if !ok || c.Timeout < 0 {
				errs[i] = ErrStale
				continue
			}
			due := now.Add(c.Timeout)
			n, err := tx.Exec(changeQuery, due.UnixMilli(), id, receives, now.UnixMilli(), due.Add(-MaxVisibility).UnixMilli())
			if err != nil {
				return err
			}
			errs[i] = nil
			if n == 0 {
				errs[i] = ErrStale
			}
			visible = visible || c.Timeout == 0
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("changing the visibility of messages: %w", err)
	}
	if visible {
		q.notify()
	}
	return errs, nil
}

// DeadLetter implements Transport. Here body and original move as one.
func (q *File) DeadLetter(ctx context.Context, d Delivery) error {
	err := q.db.WriteAll(ctx, func(tx *sqlite.Tx) error {
		id, receives, ok := parseHandle(d.Handle)
		if !ok {
			return ErrStale
		}
		_, ok, err := tx.Int(`SELECT 1 FROM flight WHERE id = ? AND receives = ?`, id, receives)
		if err != nil {
			return err
		}
		if !ok {
			return ErrStale
		}
		return q.bury(tx, id, "rejected", time.Now())
	})
	if err != nil {
		return fmt.Errorf("moving a message to the dead letters: %w", err)
	}
	return nil
}

// bury moves a message in flight to the dead letters.
func (q *File) bury(tx *sqlite.Tx, id int64, reason string, now time.Time) error {
	_, err := tx.Exec(`INSERT INTO dead (id, sent, died, receives, reason, body)
		SELECT id, sent, ?, receives, ?, body FROM flight JOIN message USING (id) WHERE id = ?`, now.UnixMilli(), reason, id)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM flight WHERE id = ?`, id); err != nil {
		return err
	}
	_, err = tx.Exec(removeQuery, id)
	return err
}
