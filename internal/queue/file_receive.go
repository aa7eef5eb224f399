package queue

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"relock/internal/sqlite"
)

// filePoll is how often a receive that waits looks for what other processes
// have sent.
const filePoll = 200 * time.Millisecond

// Receive implements Transport.
func (q *File) Receive(ctx context.Context, max int, wait, visibility time.Duration) ([]Delivery, error) {
	if err := checkBatch(max); err != nil {
		return nil, err
	}
	end := time.Now().Add(wait)
	for {
		woken := q.woken()
		next, err := q.nextVisible(ctx)
		if err != nil {
			return nil, fmt.Errorf("receiving from the queue: %w", err)
		}
		now := time.Now()
		if !next.After(now) {
			ds, err := q.take(ctx, max, visibility)
			if err != nil {
				return nil, fmt.Errorf("receiving from the queue: %w", err)
			}
			if len(ds) > 0 {
				return ds, nil
			}
			// Somebody was quicker, or what was visible is dead now.
			if now.Before(end) {
				continue
			}
		}
		pause := min(end.Sub(now), next.Sub(now), filePoll)
		if !now.Before(end) {
			return nil, nil
		}
		timer := time.NewTimer(pause)
		select {
		case <-woken:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, context.Cause(ctx)
		case <-q.closed.Done():
			timer.Stop()
			return nil, fmt.Errorf("receiving from the queue: %w", sqlite.ErrClosed)
		}
		timer.Stop()
	}
}

// far is later than anything.
const far = 1 << 62

// nextVisible says when the next message becomes visible, as things stand. It
// only reads, so that waiting costs other processes nothing.
func (q *File) nextVisible(ctx context.Context) (at time.Time, err error) {
	err = q.db.Read(ctx, func(c *sqlite.Conn) error {
		ms, _, err := c.Int(nextVisibleQuery)
		at = time.UnixMilli(ms)
		if ms == far {
			at = time.Now().Add(MaxVisibility)
		}
		return err
	})
	return at, err
}

// The statements that run for every message; see TestFilePlans.
const (
	nextVisibleQuery = `SELECT iif(EXISTS (SELECT 1 FROM lane WHERE ready AND next <= end), 0,
		coalesce((SELECT min(due) FROM flight), 1 << 62))`
	dueQuery = `SELECT f.id, f.receives, m.sent, m.body FROM flight f JOIN message m ON m.id = f.id
		WHERE f.due <= ? ORDER BY f.due LIMIT ?`
	freshQuery = `SELECT id, sent, body FROM message WHERE id >= ? AND id <= ? ORDER BY id LIMIT ?`
	leaseQuery = `UPDATE flight SET due = ?, received = ?, receives = ? WHERE id = ?`
)

// take leases up to max visible messages: what comes back first, then what was
// never received, lane by lane.
func (q *File) take(ctx context.Context, max int, visibility time.Duration) (ds []Delivery, err error) {
	err = q.db.WriteAll(ctx, func(tx *sqlite.Tx) error {
		now := time.Now()
		due := now.Add(visibility).UnixMilli()
		ds = ds[:0]
		if ds, err = q.takeDue(tx, ds, max, now, due); err != nil {
			return err
		}
		for len(ds) < max {
			n := len(ds)
			if ds, err = q.takeFresh(tx, ds, max, now, due); err != nil || len(ds) == n {
				return err
			}
		}
		return nil
	})
	return ds, err
}

// takeDue leases messages that come back. One that was received as often as
// may be is buried instead, and its place stays empty this time.
func (q *File) takeDue(tx *sqlite.Tx, ds []Delivery, max int, now time.Time, due int64) ([]Delivery, error) {
	var dying []int64
	err := tx.Query(dueQuery, func(r sqlite.Row) error {
		id, receives := r.Int(0), r.Int(1)+1
		if receives > int64(q.maxReceives) {
			dying = append(dying, id)
			return nil
		}
		ds = append(ds, fileDelivery(id, receives, r.Int(2), r.Blob(3)))
		return nil
	}, now.UnixMilli(), max)
	if err != nil {
		return nil, err
	}
	for _, d := range ds {
		id, receives, _ := parseHandle(d.Handle)
		if _, err := tx.Exec(leaseQuery, due, now.UnixMilli(), receives, id); err != nil {
			return nil, err
		}
	}
	for _, id := range dying {
		if err := q.bury(tx, id, "receives", now); err != nil {
			return nil, err
		}
	}
	return ds, nil
}

func (q *File) takeFresh(tx *sqlite.Tx, ds []Delivery, max int, now time.Time, due int64) ([]Delivery, error) {
	l, ok, err := findLane(tx, readyQuery)
	if err != nil || !ok {
		return ds, err
	}
	first, next := len(ds), l.end+1
	err = tx.Query(freshQuery, func(r sqlite.Row) error {
		ds = append(ds, fileDelivery(r.Int(0), 1, r.Int(1), r.Blob(2)))
		next = r.Int(0) + 1
		return nil
	}, l.next, l.end, max-len(ds))
	if err != nil {
		return nil, err
	}
	if fresh := ds[first:]; len(fresh) > 0 {
		args := make([]any, 0, 3*MaxBatch)
		for _, d := range fresh {
			id, _, _ := parseHandle(d.Handle)
			args = append(args, id, due, now.UnixMilli())
		}
		if _, err := tx.Exec(insertFlights[len(fresh)-1], args...); err != nil {
			return nil, err
		}
	}
	return ds, l.setNext(tx, next)
}

func fileDelivery(id, receives, sent int64, body []byte) Delivery {
	name := strconv.FormatInt(id, 36)
	return Delivery{
		ID:       name,
		Handle:   name + "." + strconv.FormatInt(receives, 36),
		Body:     body,
		Receives: int(receives),
		Sent:     time.UnixMilli(sent),
	}
}

// parseHandle splits a handle into the message and the number of the receive.
func parseHandle(handle string) (id, receives int64, ok bool) {
	a, b, ok := strings.Cut(handle, ".")
	id, err1 := strconv.ParseInt(a, 36, 64)
	receives, err2 := strconv.ParseInt(b, 36, 64)
	return id, receives, ok && err1 == nil && err2 == nil
}
