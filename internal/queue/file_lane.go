package queue

import (
	"context"
	"fmt"

	"relock/internal/sqlite"
)

// directLane is the name of the lane of Send.
const directLane = ""

// laneBits is how many bits of a message's ID count within its lane.
const laneBits = 40

// lane is a row of that table.
type lane struct {
	num       int64
	ready     bool
	next, end int64
}

const (
	laneQuery  = `SELECT num, ready, next, end FROM lane WHERE name = ?`
	readyQuery = `SELECT num, ready, next, end FROM lane WHERE ready AND next <= end ORDER BY num LIMIT 1`
)

// findLane runs one of the two queries.
func findLane(tx *sqlite.Tx, query string, args ...any) (l lane, ok bool, err error) {
	err = tx.Query(query, func(r sqlite.Row) error {
		l, ok = lane{num: r.Int(0), ready: r.Bool(1), next: r.Int(2), end: r.Int(3)}, true
		return nil
	}, args...)
	return l, ok, err
}

// makeLane returns a lane by name, and makes it where it is missing: the direct
// one ready, that of a job staged.
func makeLane(tx *sqlite.Tx, name string) (lane, error) {
	l, ok, err := findLane(tx, laneQuery, name)
	if err != nil || ok {
		return l, err
	}
	_, err = tx.Exec(`INSERT INTO lane (num, name, ready, next, end)
		SELECT n, ?1, ?2, (n << ?3) + 1, n << ?3 FROM (SELECT coalesce(max(num), 0) + 1 AS n FROM lane)`,
		name, name == directLane, laneBits)
	if err != nil {
		return l, err
	}
	l, _, err = findLane(tx, laneQuery, name)
	return l, err
}

func (l lane) setEnd(tx *sqlite.Tx, end int64) error {
	_, err := tx.Exec(`UPDATE lane SET end = ? WHERE num = ?`, end, l.num)
	return err
}

func (l lane) setNext(tx *sqlite.Tx, next int64) error {
	_, err := tx.Exec(`UPDATE lane SET next = ? WHERE num = ?`, next, l.num)
	return err
}

// Staging is the part of a queue where a job's messages wait until all of them
// are there: no worker sees a job that is half sent. It is the queue itself, but
// for Send.
type Staging struct {
	*File
	job string
}

// Stage returns the staging of a job. An enqueue that was interrupted goes on
// with the same.
func (q *File) Stage(job string) *Staging { return &Staging{File: q, job: job} }

// Send adds messages that nobody receives before Publish; after it, they are
// sent directly.
func (s *Staging) Send(ctx context.Context, bodies [][]byte) ([]error, error) {
	return s.send(ctx, laneOf(s.job), bodies)
}

// Publish makes all messages of the job visible at once. Doing it twice is fine.
func (s *Staging) Publish(ctx context.Context) error {
	err := s.db.WriteAll(ctx, func(tx *sqlite.Tx) error {
		l, err := makeLane(tx, laneOf(s.job))
		if err == nil {
			_, err = tx.Exec(`UPDATE lane SET ready = 1 WHERE num = ?`, l.num)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("publishing the messages of job %s: %w", s.job, err)
	}
	s.notify()
	return nil
}

// Staged is how many messages wait for Publish.
func (s *Staging) Staged(ctx context.Context) (n int64, err error) {
	err = s.db.Read(ctx, func(c *sqlite.Conn) error {
		n, _, err = c.Int(`SELECT end - next + 1 FROM lane WHERE name = ? AND NOT ready`, laneOf(s.job))
		return err
	})
	return n, err
}

// Discard removes the messages that wait for Publish, as when the job is
// cancelled before it was published, and returns how many. Of a job that was
// published it removes nothing: its messages are handed out, and the worker
// finds that the job is over. Interrupted, it is simply called again.
func (s *Staging) Discard(ctx context.Context) (total int64, err error) {
	for {
		var n int64
		err := s.db.WriteAll(ctx, func(tx *sqlite.Tx) error {
			l, ok, err := findLane(tx, laneQuery, laneOf(s.job))
			if err != nil || !ok || l.ready {
				return err
			}
			first := max(l.next, l.end-discardChunk+1) // from the end, so that the lane stays whole
			if n, err = tx.Exec(`DELETE FROM message WHERE id >= ? AND id <= ?`, first, l.end); err != nil {
				return err
			}
			return l.setEnd(tx, first-1)
		})
		if err != nil {
			return total, fmt.Errorf("discarding the messages of job %s: %w", s.job, err)
		}
		if n == 0 {
			return total, nil
		}
		total += n
	}
}

// discardChunk is how many messages one transaction of Discard removes.
const discardChunk = 5000

// laneOf is the name of a job's lane.
func laneOf(job string) string { return "job " + job }
