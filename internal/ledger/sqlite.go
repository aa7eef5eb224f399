package ledger

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"path/filepath"
	"time"

	"relock/internal/sqlite"
)

// SQLiteFile is the name of the ledger's file in its folder.
const SQLiteFile = "ledger.db"

// SQLite is a ledger in a file. Its methods may be called concurrently, and
// several processes may have it open. See ledgertest.Ledger for what each method
// does.
type SQLite struct {
	db  *sqlite.DB
	id  string
	now func() time.Time

	// The rest belongs to the writer's goroutine.

	// nums are the numbers of the jobs seen: a job's number never changes.
	nums map[string]int64
	// open are the claims granted to this process: where their rows are.
	open map[Key]seat
	// changes are what the transaction under way changes in the totals.
	changes map[int64]*change
}

// SQLiteOptions tune a ledger. The zero value is ready to use.
type SQLiteOptions struct {
	// Now is the clock that leases are compared with. Defaults to time.Now.
	Now func() time.Time
	// CacheKiB bounds the writer's page cache. Defaults to 2048.
	CacheKiB int
	// BusyTimeout is how long a write waits for a lock of another process. Defaults
	// to a minute.
	BusyTimeout time.Duration
	// Locked, if set, is called once in a wait for a lock that takes longer than
	// three seconds, with the error that it would end with.
	Locked func(error)
}

// OpenSQLite opens the ledger in dir. ErrNoLedger if there is none.
func OpenSQLite(dir string, o SQLiteOptions) (*SQLite, error) {
	return newSQLite(dir, o, sqlite.Open)
}

// CreateSQLite opens the ledger in dir, and makes both first where they are
// missing.
func CreateSQLite(dir string, o SQLiteOptions) (*SQLite, error) {
	return newSQLite(dir, o, sqlite.Create)
}

func newSQLite(dir string, o SQLiteOptions,
	open func(string, sqlite.Schema, sqlite.Options) (*sqlite.DB, error),
) (*SQLite, error) {
	l := &SQLite{
		now:     o.Now,
		nums:    make(map[string]int64),
		open:    make(map[Key]seat),
		changes: make(map[int64]*change),
	}
	if l.now == nil {
		l.now = time.Now
	}
	schema := sqliteSchema
	schema.Init = func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`INSERT INTO meta (key, value) VALUES ('id', ?)`, newID())
		return err
	}
	var err error
	l.db, err = open(filepath.Join(dir, SQLiteFile), schema, sqlite.Options{
		CacheKiB: o.CacheKiB, BusyTimeout: o.BusyTimeout, Locked: o.Locked, Flush: l.flush, Reset: func() { clear(l.changes) },
	})
	if err != nil {
		return nil, sqliteError(err)
	}
	err = l.db.Read(context.Background(), func(c *sqlite.Conn) (err error) {
		l.id, _, err = c.Text(`SELECT value FROM meta WHERE key = 'id'`)
		return err
	})
	if err != nil {
		_ = l.db.Close()
		return nil, err
	}
	return l, nil
}

// newID is a random ID of 128 bits.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// ID names the ledger for as long as it exists.
func (l *SQLite) ID() string { return l.id }

// Path is the ledger's file.
func (l *SQLite) Path() string { return l.db.Path() }

// LimitPages bounds the file to n pages of 4 KiB, or lifts the bound with 0: a
// full disk for tests.
func (l *SQLite) LimitPages(ctx context.Context, n int64) error {
	return l.db.LimitPages(ctx, n)
}

// Close frees what the ledger holds. Open claims stay open.
func (l *SQLite) Close() error { return l.db.Close() }

// num returns a job's number and ErrNoJob where there is none.
func (l *SQLite) num(c *sqlite.Conn, id string) (int64, error) {
	n, ok, err := c.Int(`SELECT num FROM job WHERE id = ?`, id)
	if err == nil && !ok {
		err = ErrNoJob
	}
	return n, err
}

// cachedNum is num for the writer's goroutine.
func (l *SQLite) cachedNum(tx *sqlite.Tx, id string) (int64, error) {
	if n, ok := l.nums[id]; ok {
		return n, nil
	}
	n, err := l.num(tx.Conn, id)
	if err == nil {
		l.nums[id] = n
	}
	return n, err
}

// millis is a time as the file keeps it: milliseconds since 1970, 0 for none.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
