package queue

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"relock/internal/sqlite"
)

// FileName is the name of the queue's file in its folder.
const FileName = "queue.db"

// DefaultMaxReceives is how often a message of a file queue is handed out before
// it becomes a dead letter: room for halts and crashes, each of which costs a
// message at most one receive.
const DefaultMaxReceives = 20

// File is a queue in a file, with the behaviour of a standard queue of SQS:
// leases, receive counts, dead letters, stale handles. It is at least once, and
// hands out in the order of sending as long as nothing comes back. All methods
// may be called concurrently, and several processes may have it open.
type File struct {
	db          *sqlite.DB
	maxReceives int

	// wake is closed and replaced when messages may have become visible.
	mu   sync.Mutex
	wake chan struct{} // guarded by mu

	closed context.Context
	close  context.CancelFunc
}

var _ Transport = (*File)(nil)

// FileOptions tune a File. The zero value is ready to use.
type FileOptions struct {
	// MaxReceives is how often a message is handed out before it becomes a dead
	// letter. Defaults to DefaultMaxReceives.
	MaxReceives int
	// CacheKiB bounds the writer's page cache. Defaults to 1024: messages are worked on
	// in the order of their pages.
	CacheKiB int
	// BusyTimeout is how long a lock of another process is waited for. Defaults
	// to a minute.
	BusyTimeout time.Duration
}

// OpenFile opens the queue in dir. ErrNoQueue if there is none.
func OpenFile(dir string, o FileOptions) (*File, error) {
	return newFile(dir, o, sqlite.Open)
}

// CreateFile opens the queue in dir, and makes both first where they are
// missing.
func CreateFile(dir string, o FileOptions) (*File, error) {
	return newFile(dir, o, sqlite.Create)
}

func newFile(dir string, o FileOptions,
	open func(string, sqlite.Schema, sqlite.Options) (*sqlite.DB, error),
) (*File, error) {
	if o.MaxReceives == 0 {
		o.MaxReceives = DefaultMaxReceives
	}
	q := &File{maxReceives: o.MaxReceives, wake: make(chan struct{})}
	var err error
	q.db, err = open(filepath.Join(dir, FileName), fileSchema, sqlite.Options{
		CacheKiB: cmp.Or(o.CacheKiB, 1024), BusyTimeout: o.BusyTimeout,
	})
	if sqlite.Absent(err) {
		return nil, fmt.Errorf("%w: %w", ErrNoQueue, err)
	}
	if err != nil {
		return nil, fmt.Errorf("the queue: %w", err)
	}
	q.closed, q.close = context.WithCancel(context.Background())
	return q, nil
}

// Path is the queue's file.
func (q *File) Path() string { return q.db.Path() }

// LimitPages bounds the file to n pages of 4 KiB, or lifts the bound with 0: a
// full disk for tests.
func (q *File) LimitPages(ctx context.Context, n int64) error { return q.db.LimitPages(ctx, n) }

// Close implements Transport. Receives that wait return.
func (q *File) Close() error {
	q.close()
	return q.db.Close()
}

// Send implements Transport.
func (q *File) Send(ctx context.Context, bodies [][]byte) ([]error, error) {
	return q.send(ctx, directLane, bodies)
}

func (q *File) send(ctx context.Context, name string, bodies [][]byte) ([]error, error) {
	if err := checkBatch(len(bodies)); err != nil {
		return nil, err
	}
	ready := false
	err := q.db.WriteAll(ctx, func(tx *sqlite.Tx) error {
		l, err := makeLane(tx, name)
		if err != nil {
			return err
		}
		ready = l.ready
		sent := time.Now().UnixMilli()
		args := make([]any, 0, 3*MaxBatch)
		for i, b := range bodies {
			args = append(args, l.end+1+int64(i), sent, b)
		}
		if _, err = tx.Exec(insertMessages[len(bodies)-1], args...); err != nil {
			return err
		}
		return l.setEnd(tx, l.end+int64(len(bodies)))
	})
	if err != nil {
		return nil, fmt.Errorf("sending to the queue: %w", err)
	}
	if ready {
		q.notify()
	}
	return make([]error, len(bodies)), nil
}

func checkBatch(n int) error {
	if n < 1 || n > MaxBatch {
		return fmt.Errorf("a batch of %d entries: want 1 to %d", n, MaxBatch)
	}
	return nil
}

// The statements for 1 to MaxBatch rows.
var (
	insertMessages = multiRow("INSERT INTO message (id, sent, body) VALUES ", "(?, ?, ?)")
	insertFlights  = multiRow("INSERT INTO flight (id, due, received, receives) VALUES ", "(?, ?, ?, 1)")
)

func multiRow(insert, row string) (statements [MaxBatch]string) {
	for i := range statements {
		statements[i] = insert + strings.Join(slices.Repeat([]string{row}, i+1), ", ")
	}
	return statements
}

// Depth implements Transport. Staged messages do not count: the queue does not
// have them yet.
func (q *File) Depth(ctx context.Context) (d Depth, err error) {
	now := time.Now().UnixMilli()
	err = q.db.Read(ctx, func(c *sqlite.Conn) error {
		return c.Query(`SELECT
			(SELECT coalesce(sum(end - next + 1), 0) FROM lane WHERE ready) + (SELECT count(*) FROM flight WHERE due <= ?1),
			(SELECT count(*) FROM flight WHERE due > ?1)`, func(r sqlite.Row) error {
			d.Visible, d.InFlight = r.Int(0), r.Int(1)
			return nil
		}, now)
	})
	if err != nil {
		return Depth{}, fmt.Errorf("counting the messages of the queue: %w", err)
	}
	return d, nil
}

// InFlightUntil is when the last of the messages in flight is visible again; zero if
// none is.
func (q *File) InFlightUntil(ctx context.Context) (until time.Time, err error) {
	err = q.db.Read(ctx, func(c *sqlite.Conn) error {
		due, _, err := c.Int(`SELECT coalesce(max(due), 0) FROM flight`)
		if due > time.Now().UnixMilli() {
			until = time.UnixMilli(due)
		}
		return err
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("reading when the messages of the queue come back: %w", err)
	}
	return until, nil
}

// notify wakes the receives that wait.
func (q *File) notify() {
	q.mu.Lock()
	defer q.mu.Unlock()
	close(q.wake)
	q.wake = make(chan struct{})
}

// woken is closed when messages may have become visible since the call.
func (q *File) woken() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.wake
}
