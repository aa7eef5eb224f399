package queue

import (
	"context"
	"fmt"

	"relock/internal/sqlite"
)

// PeekDead implements DeadLetters. The oldest come first.
func (q *File) PeekDead(ctx context.Context, limit int) (ds []Delivery, err error) {
	err = q.db.Read(ctx, func(c *sqlite.Conn) error {
		return c.Query(`SELECT id, receives, sent, body FROM dead ORDER BY num LIMIT ?`, func(r sqlite.Row) error {
			ds = append(ds, deadLetter(r.Int(0), r.Int(1), r.Int(2), r.Blob(3)))
			return nil
		}, limit)
	})
	return ds, err
}

// DeadLettersOf implements DeadLetters.
func (q *File) DeadLettersOf(ctx context.Context, ledger, job string) (n int64, all bool, err error) {
	err = q.db.Read(ctx, func(c *sqlite.Conn) error {
		return c.Query(`SELECT id, receives, sent, body FROM dead`, func(r sqlite.Row) error {
			n += countOf([]Delivery{deadLetter(r.Int(0), r.Int(1), r.Int(2), r.Blob(3))}, ledger, job)
			return nil
		})
	})
	return n, err == nil, err
}

// deadLetter is a delivery without a handle: it can neither be deleted nor extended.
func deadLetter(id, receives, sent int64, body []byte) Delivery {
	d := fileDelivery(id, receives, sent, body)
	d.Handle = ""
	return d
}

// DeadLetterCount is how many dead letters the queue keeps.
func (q *File) DeadLetterCount(ctx context.Context) (n int64, err error) {
	err = q.db.Read(ctx, func(c *sqlite.Conn) error {
		n, _, err = c.Int(`SELECT count(*) FROM dead`)
		return err
	})
	return n, err
}

// deadChunk is how many dead letters one transaction looks at.
const deadChunk = 500

// RedriveDead implements DeadLetters. Here a message moves in one transaction.
func (q *File) RedriveDead(ctx context.Context, keep func(Delivery) bool) (total int64, err error) {
	for after, more := int64(0), true; more; {
		var moved int64
		var last int64
		err := q.db.WriteAll(ctx, func(tx *sqlite.Tx) (err error) {
			moved, last, err = redrive(tx, after, keep)
			return err
		})
		if err != nil {
			return total, fmt.Errorf("sending the dead letters again: %w", err)
		}
		more, after = last > after, max(last, after)
		total += moved
		if moved > 0 {
			q.notify()
		}
	}
	return total, nil
}

// redrive moves those of the next chunk of dead letters that keep chooses, and
// returns the number of the last that it looked at, 0 if there was none.
func redrive(tx *sqlite.Tx, after int64, keep func(Delivery) bool) (moved, last int64, err error) {
	var chosen []int64
	err = tx.Query(`SELECT num, id, receives, sent, body FROM dead WHERE num > ? ORDER BY num LIMIT ?`, func(r sqlite.Row) error {
		last = r.Int(0)
		if keep(deadLetter(r.Int(1), r.Int(2), r.Int(3), r.Blob(4))) {
			chosen = append(chosen, last)
		}
		return nil
	}, after, deadChunk)
	if err != nil || len(chosen) == 0 {
		return 0, last, err
	}
	l, err := makeLane(tx, directLane)
	if err != nil {
		return 0, last, err
	}
	for _, num := range chosen {
		moved++
		if _, err := tx.Exec(`INSERT INTO message (id, sent, body) SELECT ?, sent, body FROM dead WHERE num = ?`, l.end+moved, num); err != nil {
			return 0, last, err
		}
		if _, err := tx.Exec(`DELETE FROM dead WHERE num = ?`, num); err != nil {
			return 0, last, err
		}
	}
	return moved, last, l.setEnd(tx, l.end+moved)
}
