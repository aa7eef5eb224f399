package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"relock/internal/file"
)

// openTimeout bounds the wait for a lock where no context can end it.
const openTimeout = 10 * time.Second

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
		o.CacheKiB = 2048
	}
	if o.BusyTimeout == 0 {
		o.BusyTimeout = time.Minute
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	// The folder may be a link. The file may not: whatever it led to would be made
	// private, and written to if it is empty.
	if real, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		path = filepath.Join(real, filepath.Base(path))
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
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !create:
		return &Error{Path: path, Op: "opening", Kind: ErrNoFile}
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return &Error{Path: path, Op: "creating", Kind: ErrDenied, Err: err}
		}
	case err != nil:
		return &Error{Path: path, Op: "opening", Kind: ErrDenied, Err: err}
	case info.Mode()&fs.ModeSymlink != 0:
		return &Error{Path: path, Op: "opening", Kind: ErrLink}
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
	f, err := file.New(path)
	switch {
	case errors.Is(err, fs.ErrExist): // another process was quicker
		return nil
	case err != nil:
		return &Error{Path: path, Op: "creating", Kind: ErrDenied, Err: err}
	}
	return f.Close()
}

// setUp checks that the file is ours, makes the schema in an empty one, upgrades
// an older one, and sets the pragmas. A file that is not ours is not changed.
func setUp(c *Conn, s Schema, o Options, create bool) error {
	patience := min(o.BusyTimeout, openTimeout)
	if err := c.script(fmt.Sprintf("PRAGMA busy_timeout=%d", patience.Milliseconds())); err != nil {
		return err
	}
	version, err := check(c, s)
	if err != nil {
		return err
	}
	if version == 0 && !create {
		return &Error{Path: c.path, Op: "opening", Kind: ErrEmpty}
	}
	if ro, ok := c.raw.(interface{ IsReadOnly(string) (bool, error) }); ok {
		if yes, err := ro.IsReadOnly("main"); err != nil || yes {
			return &Error{Path: c.path, Op: "opening", Kind: ErrReadOnly, Err: err}
		}
	}
	// Of two processes that switch a new file to WAL at once, SQLite sends one
	// away at once, whatever the busy timeout.
	var mode string
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
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
	if version == 0 || version != s.Version {
		if err := makeSchema(c, s); err != nil {
			return err
		}
	}
	return c.script(fmt.Sprintf("PRAGMA busy_timeout=%d", min(o.BusyTimeout, lockStep).Milliseconds()))
}

// makeSchema makes the schema in an empty file, and upgrades an older one.
func makeSchema(c *Conn, s Schema) error {
	tx := &Tx{Conn: c}
	if err := c.script("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := func() error {
		version, err := check(c, s) // once more: another process may have been quicker
		if err != nil {
			return err
		}
		if version > 0 {
			return upgrade(c, s, version)
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

// upgrade takes a file from a version to the one that this program writes.
func upgrade(c *Conn, s Schema, version int) error {
	if version == s.Version {
		return nil
	}
	for v := version; v < s.Version; v++ {
		if err := c.script(s.Upgrades[v]); err != nil {
			return fmt.Errorf("upgrading the schema from %d to %d: %w", v, v+1, err)
		}
	}
	return c.script(fmt.Sprintf("PRAGMA user_version=%d", s.Version))
}

// check returns the version of the file, 0 for an empty one, or an error where it
// is not ours or cannot be upgraded to the version of s.
func check(c *Conn, s Schema) (int, error) {
	var id, version, tables int64
	// One statement, so that it sees the file before or after another process
	// makes the schema.
	err := c.Query(`SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
		FROM pragma_application_id, pragma_user_version`, func(r Row) error {
		id, version, tables = r.Int(0), r.Int(1), r.Int(2)
		return nil
	})
	switch {
	case err != nil:
		return 0, err
	case id == 0 && version == 0 && tables == 0:
		return 0, nil
	case id != int64(s.ApplicationID) || version <= 0:
		return 0, &Error{Path: c.path, Op: "opening", Kind: ErrNotOurs}
	case version > int64(s.Version):
		return 0, &Error{Path: c.path, Op: "opening", Kind: ErrNewer,
			Err: fmt.Errorf("schema %d, this version knows %d", version, s.Version)}
	}
	for v := int(version); v < s.Version; v++ {
		if s.Upgrades[v] == "" {
			return 0, &Error{Path: c.path, Op: "opening", Kind: ErrOlder,
				Err: fmt.Errorf("schema %d, this version writes %d", version, s.Version)}
		}
	}
	return int(version), nil
}
