// Package sqlite opens the database files of the ledger and of the file queue:
// the pragmas, the checks that a file is ours, a single writer with group
// commit, and read-only connections beside it. What it confirms survives a power
// cut (WAL with synchronous=FULL).
//
// Several processes may have one file open. Within a process, nothing may open
// a database file by other means than this package: closing any descriptor of it
// drops SQLite's locks (https://www.sqlite.org/howtocorrupt.html, section 2.2).
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// Schema is what a file holds.
type Schema struct {
	// ApplicationID marks the file as ours and of one kind; PRAGMA
	// application_id.
	ApplicationID int32
	// Version is the version that this program writes; PRAGMA user_version.
	Version int
	// SQL creates everything in an empty file.
	SQL string
	// Upgrades holds, under a version, the SQL that takes a file from it to the
	// next one. They run in order, in one transaction: a file is upgraded whole or
	// not at all. A file of a version that is not there is ErrOlder.
	Upgrades map[int]string
	// Init, if set, is called in the transaction that runs SQL.
	Init func(*Tx) error
}

// Options tune a DB. The zero value is ready to use.
type Options struct {
	// CacheKiB bounds the page cache of the writer, and, at a quarter of it,
	// that of each reader. Defaults to 4096.
	CacheKiB int
	// BusyTimeout is how long a write waits for a lock of another process; opening
	// and reading, which rarely need one, wait for 10 seconds at most. Defaults to a
	// minute.
	BusyTimeout time.Duration
	// Locked, if set, is called once in a wait for a lock that takes longer than
	// three seconds, with the error that it would end with.
	Locked func(error)
	// Flush, if set, is called at the end of every transaction, before the
	// commit, for what is cheaper to write once for all operations in it.
	Flush func(*Tx) error
	// Reset, if set, is called after every transaction, committed or not.
	Reset func()
}

// DB is one database file: one writer, up to maxReaders readers. Its methods
// may be called concurrently.
type DB struct {
	path string
	opts Options
	wal  string
	// file and walFile are what the two paths were when the file was opened.
	file, walFile os.FileInfo

	w *writer

	readers chan *Conn // idle connections and, for those not opened yet, nil
	closing sync.Once
	closed  chan struct{}
	err     error // of closing
}

// maxReaders bounds the connections that read at a time, and so their caches.
const maxReaders = 4

// Path is the file's absolute path.
func (db *DB) Path() string { return db.path }

// Read calls fn with a read-only connection. Each statement sees what was
// committed when it began. A statement that is left open keeps the WAL from
// shrinking: read long results in pages.
func (db *DB) Read(ctx context.Context, fn func(*Conn) error) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	select {
	case <-db.closed:
		return &Error{Path: db.path, Op: "reading", Kind: ErrClosed}
	default:
	}
	var c *Conn
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case c = <-db.readers:
	}
	defer func() { db.readers <- c }()
	if c == nil {
		var err error
		if c, err = db.reader(); err != nil {
			return err
		}
	}
	return fn(c)
}

func (db *DB) reader() (*Conn, error) {
	c, err := connect(db.path, "ro")
	if err != nil {
		return nil, err
	}
	err = c.script(fmt.Sprintf("PRAGMA busy_timeout=%d; PRAGMA query_only=1; PRAGMA trusted_schema=0; PRAGMA cache_size=-%d",
		min(db.opts.BusyTimeout, openTimeout).Milliseconds(), db.opts.CacheKiB/4))
	if err != nil {
		_ = c.close()
		return nil, err
	}
	return c, nil
}

// LimitPages bounds the file's size to n pages of 4 KiB, or lifts the bound
// with n = 0: a full disk for tests.
func (db *DB) LimitPages(ctx context.Context, n int64) error {
	if n == 0 {
		n = 1<<32 - 2
	}
	return db.w.do(ctx, func(tx *Tx) error {
		_, _, err := tx.Int(fmt.Sprintf("PRAGMA max_page_count=%d", n))
		return err
	}, false)
}

// intact returns ErrGone unless the paths still name the files that are open.
// Without this, a removed ledger would go on confirming what nobody will find.
func (db *DB) intact() error {
	for _, f := range [...]struct {
		path string
		was  os.FileInfo
	}{{db.path, db.file}, {db.wal, db.walFile}} {
		now, err := os.Stat(f.path)
		if err != nil || !os.SameFile(now, f.was) {
			return &Error{Path: f.path, Op: "writing", Kind: ErrGone}
		}
	}
	return nil
}

// Close waits for the operations under way, and closes the file. Later calls
// return ErrClosed.
func (db *DB) Close() error {
	db.closing.Do(func() {
		close(db.closed)
		conn := db.w.stop()
		for range maxReaders {
			if c := <-db.readers; c != nil {
				db.err = errors.Join(db.err, c.close())
			}
		}
		db.err = errors.Join(db.err, conn.close())
	})
	return db.err
}
