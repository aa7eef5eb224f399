package sqlite

import (
	"errors"
	"fmt"

	modernc "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// What can be wrong with a database file. Every *Error wraps one of these, or
// none where SQLite's own words have to do.
var (
	ErrNoFile   = errors.New("the file does not exist")
	ErrEmpty    = errors.New("the file is empty: whoever was making it was interrupted")
	ErrNotOurs  = errors.New("the file is not one of Relock's, or of another kind")
	ErrLink     = errors.New("the file is a symbolic link, which is not followed")
	ErrNewer    = errors.New("the file was written by a newer version of Relock")
	ErrOlder    = errors.New("the file was written by an older version of Relock, and this one cannot upgrade it")
	ErrReadOnly = errors.New("the file is read-only")
	ErrDenied   = errors.New("the file cannot be opened")
	ErrFull     = errors.New("the disk is full")
	ErrLocked   = errors.New("another process keeps the file locked")
	ErrCorrupt  = errors.New("the file is damaged")
	ErrGone     = errors.New("the file was removed or replaced while in use")
	ErrNetwork  = errors.New("the folder is on a network file system, where SQLite's locks cannot be relied on")
	ErrIO       = errors.New("the disk does not answer as it should")
	ErrClosed   = errors.New("the file is closed")
)

// remedies say what to do about each.
var remedies = map[error]string{
	ErrNoFile:   "check the folder's name, or run `enqueue`, which creates it",
	ErrEmpty:    "run `enqueue`, which makes it anew, or check the folder's name",
	ErrNotOurs:  "name another folder",
	ErrLink:     "name the folder that it leads to, or remove the link if it is not yours",
	ErrNewer:    "use that version",
	ErrOlder:    "use that version to end what is in it, or name another folder",
	ErrReadOnly: "make the file and its folder writable for this user",
	ErrDenied:   "make the file and its folder readable and writable for this user",
	ErrFull:     "free some space, then go on; nothing that was confirmed is lost",
	ErrLocked:   "find the program that holds it (a backup? an open `sqlite3`? `fuser` names it) and end it, then try again",
	ErrCorrupt:  "stop, keep a copy, and look at it with `sqlite3 FILE .recover`",
	ErrGone:     "put the same file back, or start again",
	ErrNetwork:  "name a folder on a local disk, or use SQS and DynamoDB",
	ErrIO:       "look at the disk and at the system's log",
}

// Absent reports whether there is no database yet: no file, or one that nothing has
// been written to.
func Absent(err error) bool { return errors.Is(err, ErrNoFile) || errors.Is(err, ErrEmpty) }

// Remedy says what to do about one of the kinds above, in a few words; empty where
// there is nothing to say.
func Remedy(kind error) string { return remedies[kind] }

// Permanent reports whether an error of a database file stays until somebody does
// something about the file or its disk: making the call again is no use.
func Permanent(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind != nil && !errors.Is(e.Kind, ErrLocked)
}

// Error is a failure of a database file: which, doing what, what is wrong, and
// what to do about it.
type Error struct {
	Path string
	Op   string // a gerund: "opening"
	Kind error  // one of the sentinels above; may be nil
	Held string // with ErrLocked: who holds the file, where that is known
	Err  error  // SQLite's or the system's error; may be nil
}

func (e *Error) Error() string {
	if e.Kind == nil {
		return fmt.Sprintf("%s %s: %v", e.Op, e.Path, e.Err)
	}
	text := fmt.Sprintf("%s %s: %v", e.Op, e.Path, e.Kind)
	if e.Err != nil && !errors.Is(e.Kind, ErrFull) { // whose words add nothing
		text += fmt.Sprintf(" (%v)", e.Err)
	}
	if remedy := e.Remedy(); remedy != "" {
		text += ": " + remedy
	}
	return text
}

// Remedy says what to do about it, in a few words; empty where there is nothing to
// say.
func (e *Error) Remedy() string {
	if e.Held != "" {
		return "it is held by " + e.Held
	}
	return remedies[e.Kind]
}

// Unwrap gives errors.Is the kind and the cause.
func (e *Error) Unwrap() []error {
	var errs []error
	for _, err := range []error{e.Kind, e.Err} {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// kinds maps SQLite's primary result codes.
var kinds = map[int]error{
	lib.SQLITE_READONLY: ErrReadOnly,
	lib.SQLITE_CANTOPEN: ErrDenied,
	lib.SQLITE_PERM:     ErrDenied,
	lib.SQLITE_AUTH:     ErrDenied,
	lib.SQLITE_FULL:     ErrFull,
	lib.SQLITE_BUSY:     ErrLocked,
	lib.SQLITE_LOCKED:   ErrLocked,
	lib.SQLITE_PROTOCOL: ErrLocked,
	lib.SQLITE_CORRUPT:  ErrCorrupt,
	lib.SQLITE_NOTADB:   ErrNotOurs,
	lib.SQLITE_IOERR:    ErrIO,
	lib.SQLITE_NOMEM:    nil,
}

// wrap gives an error of SQLite its file, kind and remedy.
func wrap(path, op string, err error) error {
	if err == nil {
		return nil
	}
	var kind error
	if e, ok := errors.AsType[*modernc.Error](err); ok {
		kind = kinds[e.Code()&0xff]
		if e.Code() == lib.SQLITE_IOERR_SHMSIZE {
			kind = ErrFull // what a full disk is to the file of shared memory
		}
	}
	e := &Error{Path: path, Op: op, Kind: kind, Err: err}
	if errors.Is(kind, ErrLocked) {
		e.Held = holder(path)
	}
	return e
}

// fatal reports whether err concerns the file rather than one statement: SQLite
// may have rolled the transaction back by itself, so nothing more may be written
// in it (https://www.sqlite.org/lang_transaction.html, section 3).
func fatal(err error) bool {
	e, ok := errors.AsType[*modernc.Error](err)
	if !ok {
		return false
	}
	switch e.Code() & 0xff {
	case lib.SQLITE_ERROR, lib.SQLITE_CONSTRAINT, lib.SQLITE_MISMATCH, lib.SQLITE_TOOBIG,
		lib.SQLITE_RANGE, lib.SQLITE_MISUSE, lib.SQLITE_ABORT:
		return false
	default:
		return true
	}
}
