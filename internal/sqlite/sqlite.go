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
	"io/fs"
	"os"
	"path/filepath"
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
	// Init, if set, is called in the transaction that runs SQL.
	Init func(*Tx) error
}

// Options tune a DB. The zero value is ready to use.
type Options struct {
	// CacheKiB bounds the page cache of the writer, and, at a quarter of it,
	// that of each reader. Defaults to 4096.
	CacheKiB int
	// BusyTimeout is how long a lock of another process is waited for. Defaults
	// to 10 seconds.
	BusyTimeout time.Duration
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

// Open opens a file that exists.
func Open(path string, s Schema, o Options) (*DB, error) {
	return open(path, s, o, false)
}

// Create opens a file and makes it first, with its folder, where it is missing:
// 0600 and 0700.
func Create(path string, s Schema, o Options) (*DB, error) {
	return open(path, s, o, true)
}

func open(path string, s Schema, o Options, create bool) (_ *DB, err error) {
	if o.CacheKiB == 0 {
		o.CacheKiB = 4096
	}
	if o.BusyTimeout == 0 {
		o.BusyTimeout = 10 * time.Second
	}
	// SQLite resolves links and opens its other files beside the target.
	if path, err = filepath.Abs(path); err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if err := prepareFile(path, create); err != nil {
		return nil, err
	}
	conn, err := connect(path, "rw")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = conn.close()
		}
	}()
	if err := setUp(conn, s, o, create); err != nil {
		return nil, err
	}
	db := &DB{
		path: path, wal: path + "-wal", opts: o,
		readers: make(chan *Conn, maxReaders), closed: make(chan struct{}),
	}
	for range maxReaders {
		db.readers <- nil
	}
	if db.file, err = os.Stat(path); err == nil {
		db.walFile, err = os.Stat(db.wal)
	}
	if err != nil {
		return nil, &Error{Path: path, Op: "opening", Kind: ErrGone, Err: err}
	}
	db.w = newWriter(db, conn)
	return db, nil
}

// prepareFile makes the file if it may, and checks what can be told before
// SQLite sees it.
func prepareFile(path string, create bool) error {
	dir := filepath.Dir(path)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !create:
		return &Error{Path: path, Op: "opening", Kind: ErrNoFile}
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return &Error{Path: path, Op: "creating", Kind: ErrDenied, Err: err}
		}
	case err != nil:
		return &Error{Path: path, Op: "opening", Kind: ErrDenied, Err: err}
	case !info.Mode().IsRegular():
		return &Error{Path: path, Op: "opening", Kind: ErrNotOurs}
	}
	if kind, remote := networkFS(dir); remote {
		return &Error{Path: path, Op: "opening", Kind: ErrNetwork, Err: errors.New(kind)}
	}
	if info != nil {
		if info.Mode().Perm()&0o077 != 0 {
			// Usernames are personal data. Not ours to insist on where the
			// system does not let us.
			_ = os.Chmod(path, 0o600)
		}
		return nil
	}
	// SQLite gives -wal and -shm the mode of the file itself.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist): // another process was quicker
		return nil
	case err != nil:
		return &Error{Path: path, Op: "creating", Kind: ErrDenied, Err: err}
	}
	return f.Close()
}

// setUp checks that the file is ours, makes the schema in an empty one, and
// sets the pragmas. A file that is not ours is not changed.
func setUp(c *Conn, s Schema, o Options, create bool) error {
	if err := c.script(fmt.Sprintf("PRAGMA busy_timeout=%d", o.BusyTimeout.Milliseconds())); err != nil {
		return err
	}
	empty, err := check(c, s)
	if err != nil {
		return err
	}
	if empty && !create {
		return &Error{Path: c.path, Op: "opening", Kind: ErrNotOurs, Err: errors.New("it is empty")}
	}
	if ro, ok := c.raw.(interface{ IsReadOnly(string) (bool, error) }); ok {
		if yes, err := ro.IsReadOnly("main"); err != nil || yes {
			return &Error{Path: c.path, Op: "opening", Kind: ErrReadOnly, Err: err}
		}
	}
	// Of two processes that switch a new file to WAL at once, SQLite sends one
	// away at once, whatever the busy timeout.
	var mode string
	for end := time.Now().Add(o.BusyTimeout); ; time.Sleep(5 * time.Millisecond) {
		mode, _, err = c.Text("PRAGMA journal_mode=WAL")
		if !errors.Is(err, ErrLocked) || time.Now().After(end) {
			break
		}
	}
	if err != nil {
		return err
	}
	if mode != "wal" {
		return &Error{Path: c.path, Op: "opening", Kind: ErrNetwork,
			Err: fmt.Errorf("the journal mode stays %q", mode)}
	}
	if err := c.script(fmt.Sprintf(pragmas, o.CacheKiB)); err != nil {
		return err
	}
	tx := &Tx{Conn: c}
	if err := c.script("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err = func() error {
		empty, err := check(c, s) // once more: another process may have been quicker
		if err != nil || !empty {
			return err
		}
		if err := c.script(s.SQL); err != nil {
			return err
		}
		if s.Init != nil {
			if err := s.Init(tx); err != nil {
				return err
			}
		}
		return c.script(fmt.Sprintf("PRAGMA application_id=%d; PRAGMA user_version=%d", s.ApplicationID, s.Version))
	}()
	if err != nil {
		_ = c.script("ROLLBACK")
		return err
	}
	return c.script("COMMIT")
}

// pragmas of the writer. fullfsync makes fsync mean it on Apple's systems. The
// WAL is copied back every 1000 pages of 4 KiB, and cut to 16 MiB after a burst.
const pragmas = `PRAGMA synchronous=FULL;
PRAGMA fullfsync=1;
PRAGMA checkpoint_fullfsync=1;
PRAGMA trusted_schema=0;
PRAGMA cache_size=-%d;
PRAGMA wal_autocheckpoint=1000;
PRAGMA journal_size_limit=16777216`

// check says whether the file is still empty, or else whether it is not ours.
func check(c *Conn, s Schema) (empty bool, err error) {
	var id, version, tables int64
	// One statement, so that it sees the file before or after another process
	// makes the schema.
	err = c.Query(`SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
		FROM pragma_application_id, pragma_user_version`, func(r Row) error {
		id, version, tables = r.Int(0), r.Int(1), r.Int(2)
		return nil
	})
	switch {
	case err != nil:
		return false, err
	case id == 0 && version == 0 && tables == 0:
		return true, nil
	case id != int64(s.ApplicationID) || version <= 0:
		return false, &Error{Path: c.path, Op: "opening", Kind: ErrNotOurs}
	case version > int64(s.Version):
		return false, &Error{Path: c.path, Op: "opening", Kind: ErrNewer,
			Err: fmt.Errorf("schema %d, this version knows %d", version, s.Version)}
	}
	return false, nil
}

// Path is the file's absolute path.
func (db *DB) Path() string { return db.path }

// Read calls fn with a read-only connection. Each statement sees what was
// committed when it began. A statement that is left open keeps the WAL from
// shrinking: read long results in pages.
func (db *DB) Read(ctx context.Context, fn func(*Conn) error) error {
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
		db.opts.BusyTimeout.Milliseconds(), db.opts.CacheKiB/4))
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
