package sqlite

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Tx is the transaction that an operation runs in, together with others.
type Tx struct {
	*Conn
}

// Write runs an operation in the next transaction, and returns when that is
// durable, or has failed. Operations of several goroutines share a transaction
// and its fsync. The operation has to make at most one change, as its last step:
// if it fails, the others in the transaction are not taken back. WriteAll is for
// several changes. Once it has begun, Write no longer heeds ctx: what became of it
// is known when it returns. While another process keeps the file locked it has not
// begun; it waits for BusyTimeout at most, and where ctx's deadline comes first the
// error is that of the lock.
func (db *DB) Write(ctx context.Context, op func(*Tx) error) error {
	return db.w.do(ctx, op, false)
}

// WriteAll is Write for an operation of several changes: they are all made, or
// none.
func (db *DB) WriteAll(ctx context.Context, op func(*Tx) error) error {
	return db.w.do(ctx, op, true)
}

// The life of an operation.
const (
	opQueued = iota
	opTaken  // by the writer, or abandoned by the caller
)

type operation struct {
	fn        func(*Tx) error
	savepoint bool
	state     atomic.Int32
	err       error
	done      chan struct{}
}

// writer is the goroutine that owns the writing connection.
type writer struct {
	db   *DB
	conn *Conn

	mu      sync.Mutex
	queue   []*operation // guarded by mu
	stopped bool         // guarded by mu

	wake   chan struct{}
	exited chan struct{}

	// locked is the error of the last attempt to begin, if a lock was in its way.
	locked atomic.Pointer[error]

	pool sync.Pool // of *operation; not shared, or a synctest bubble would see another's channels
}

func newWriter(db *DB, conn *Conn) *writer {
	w := &writer{db: db, conn: conn, wake: make(chan struct{}, 1), exited: make(chan struct{})}
	w.pool.New = func() any { return &operation{done: make(chan struct{}, 1)} }
	go w.run()
	return w
}

func (w *writer) do(ctx context.Context, fn func(*Tx) error, savepoint bool) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	op := w.pool.Get().(*operation)
	op.fn, op.savepoint, op.err = fn, savepoint, nil
	op.state.Store(opQueued)
	w.mu.Lock()
	if w.stopped {
		w.mu.Unlock()
		return &Error{Path: w.db.path, Op: "writing", Kind: ErrClosed}
	}
	w.queue = append(w.queue, op)
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
	select {
	case <-op.done:
	case <-ctx.Done():
		if op.state.CompareAndSwap(opQueued, opTaken) { // still in the writer's hands: not for the pool
			if locked := w.locked.Load(); locked != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return *locked
			}
			return context.Cause(ctx)
		}
		<-op.done
	}
	err := op.err
	op.fn = nil
	w.pool.Put(op)
	return err
}

func (w *writer) run() {
	defer close(w.exited)
	var batch, taken []*operation
	last := 0
	for range w.wake {
		w.gather(last)
		w.mu.Lock()
		batch, w.queue = w.queue, batch[:0]
		stopped := w.stopped
		w.mu.Unlock()

		var err error
		if len(batch) > 0 {
			err = w.begin(batch)
		}
		taken = taken[:0]
		for _, op := range batch {
			if op.state.CompareAndSwap(opQueued, opTaken) {
				taken = append(taken, op)
			}
		}
		switch {
		case len(taken) > 0:
			w.transact(taken, err)
			for _, op := range taken {
				op.done <- struct{}{}
			}
		case len(batch) > 0 && err == nil:
			_, _ = w.conn.Exec("ROLLBACK") // of nothing
		}
		last = len(taken)
		clear(batch)
		clear(taken)
		if stopped {
			return
		}
	}
}

// The writer looks for company every gatherStep, at most gatherSteps times.
const (
	gatherStep  = 200 * time.Microsecond
	gatherSteps = 10
)

// gather waits until as many operations are queued as the last transaction had:
// those goroutines have only just been woken, and a transaction for the first of
// them alone would make all others wait for two. A goroutine that works alone
// never waits.
func (w *writer) gather(last int) {
	if last < 2 {
		return
	}
	for range 4 {
		if w.queued() >= last {
			return
		}
		runtime.Gosched()
	}
	for range gatherSteps {
		if w.queued() >= last {
			return
		}
		time.Sleep(gatherStep)
	}
}

func (w *writer) queued() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return 1 << 30
	}
	return len(w.queue)
}

const (
	// lockStep is how long SQLite waits for a lock before the writer looks whether
	// anybody still waits for it.
	lockStep = 100 * time.Millisecond
	// lockNews is after how long a wait is worth a word.
	lockNews = 3 * time.Second
)

// begin begins a transaction. It waits for another process's lock for BusyTimeout at
// most, and no longer than one of ops is waited for.
func (w *writer) begin(ops []*operation) error {
	begun, reported := time.Now(), false
	for {
		_, err := w.conn.Exec("BEGIN IMMEDIATE")
		waited := time.Since(begun)
		wanted := slices.ContainsFunc(ops, func(op *operation) bool { return op.state.Load() == opQueued })
		if !errors.Is(err, ErrLocked) {
			w.locked.Store(nil)
			return err
		}
		w.locked.Store(&err)
		if !wanted || waited >= w.db.opts.BusyTimeout {
			return err
		}
		if waited >= lockNews && !reported && w.db.opts.Locked != nil {
			w.db.opts.Locked(err)
			reported = true
		}
		time.Sleep(time.Millisecond)
	}
}

// transact runs operations in the transaction that has begun, or could not for the
// reason err, and sets their errors.
func (w *writer) transact(ops []*operation, err error) {
	if err == nil {
		err = w.commit(ops)
	}
	if w.db.opts.Reset != nil {
		w.db.opts.Reset()
	}
	if err == nil {
		err = w.db.intact()
	}
	if err != nil {
		for _, op := range ops {
			op.err = err
		}
	}
}

// commit returns an error that concerns all operations.
func (w *writer) commit(ops []*operation) error {
	err := w.apply(ops)
	if err == nil {
		_, err = w.conn.Exec("COMMIT")
	}
	if err != nil {
		// It may have been rolled back already; then this fails, harmlessly.
		_, _ = w.conn.Exec("ROLLBACK")
	}
	return err
}

func (w *writer) apply(ops []*operation) error {
	tx := &Tx{Conn: w.conn}
	for _, op := range ops {
		if op.savepoint {
			op.err = w.protected(tx, op.fn)
		} else {
			op.err = op.fn(tx)
		}
		if op.err != nil && fatal(op.err) {
			return op.err
		}
	}
	if w.db.opts.Flush != nil {
		return w.db.opts.Flush(tx)
	}
	return nil
}

// protected runs fn so that a failure takes back all that it did.
func (w *writer) protected(tx *Tx, fn func(*Tx) error) error {
	if _, err := tx.Exec("SAVEPOINT op"); err != nil {
		return err
	}
	err := fn(tx)
	if err != nil {
		if fatal(err) {
			return err
		}
		if _, e := tx.Exec("ROLLBACK TO op"); e != nil {
			return e
		}
	}
	if _, e := tx.Exec("RELEASE op"); e != nil {
		return e
	}
	return err
}

// stop ends the goroutine once everything queued is done, and hands over its
// connection.
func (w *writer) stop() *Conn {
	w.mu.Lock()
	w.stopped = true
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
	<-w.exited
	return w.conn
}
