package ledger

import (
	"fmt"

	"relock/internal/sqlite"
)

// sqliteSchema is the ledger's file. Times are milliseconds since 1970, 0 where
// there is none.
//
// A target's key is its place in the job's list, so that targets that are worked
// on together lie on the same pages: a group of claims dirties a few pages, not
// one each. The table name finds the place; see sqlite_name.go.
var sqliteSchema = sqlite.Schema{
	ApplicationID: 0x524c6b4c, // "RLkL"
	Version:       3,
	Upgrades:      map[int]string{1: sqliteUpgrade1, 2: sqliteUpgrade2},
	SQL: `
CREATE TABLE meta (
	key   TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE job (
	num        INTEGER PRIMARY KEY,
	id         TEXT NOT NULL UNIQUE,
	pool       TEXT NOT NULL,
	region     TEXT NOT NULL,
	reason     TEXT NOT NULL,
	parent     TEXT NOT NULL,
	started_by TEXT NOT NULL,
	content    TEXT NOT NULL,
	sources    TEXT NOT NULL, -- JSON
	policy     TEXT NOT NULL, -- JSON
	counts     TEXT NOT NULL, -- JSON
	plan       TEXT NOT NULL DEFAULT '{}', -- JSON
	seal       TEXT,          -- JSON, NULL for none
	state      TEXT NOT NULL,
	created    INTEGER NOT NULL,
	opened     INTEGER NOT NULL DEFAULT 0,
	finished   INTEGER NOT NULL DEFAULT 0,
	sent       INTEGER NOT NULL DEFAULT 0, -- the queue has every target up to this place
	targets    INTEGER NOT NULL DEFAULT 0, -- rows in target
	repeated   INTEGER NOT NULL DEFAULT 0, -- of these, with the flag repeated
	last       INTEGER NOT NULL DEFAULT 0, -- when the latest outcome was recorded
	named      INTEGER NOT NULL DEFAULT 0, -- targets up to this place are in name
	sign_out_pending INTEGER NOT NULL DEFAULT 0, -- rows in target by sign_out
	sign_out_done    INTEGER NOT NULL DEFAULT 0,
	sign_out_failed  INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE exclusion (
	job  INTEGER PRIMARY KEY,
	list TEXT NOT NULL -- one JSON object a line
) STRICT;

CREATE TABLE total (
	job     INTEGER NOT NULL,
	outcome TEXT NOT NULL,
	n       INTEGER NOT NULL,
	PRIMARY KEY (job, outcome)
) STRICT, WITHOUT ROWID;

CREATE TABLE target (
	job        INTEGER NOT NULL,
	place      INTEGER NOT NULL, -- list and line, see Place
	username   TEXT NOT NULL,
	metadata   TEXT,                       -- JSON, NULL for none
	outcome    TEXT,                       -- NULL while pending
	flags      INTEGER NOT NULL DEFAULT 0, -- 1 repeated, 2 in doubt
	attempts   INTEGER NOT NULL DEFAULT 0,
	tries      INTEGER NOT NULL DEFAULT 0,
	deferrals  INTEGER NOT NULL DEFAULT 0,
	calls      INTEGER NOT NULL DEFAULT 0,
	until      INTEGER NOT NULL DEFAULT 0, -- the end of the lease; 0: no open claim
	owner      TEXT,                       -- of the open claim
	at         INTEGER NOT NULL DEFAULT 0,
	code       TEXT,
	note       TEXT,
	request_id TEXT,
	sign_out            TEXT,              -- NULL for none
	sign_out_at         INTEGER NOT NULL DEFAULT 0,
	sign_out_code       TEXT,
	sign_out_request_id TEXT,
	PRIMARY KEY (job, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE name (
	job   INTEGER NOT NULL,
	hash  INTEGER NOT NULL, -- of the username, 48 bits
	place INTEGER NOT NULL,
	PRIMARY KEY (job, hash, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE halt (
	scope  TEXT PRIMARY KEY,
	reason TEXT NOT NULL,
	code   TEXT NOT NULL,
	since  INTEGER NOT NULL,
	skew   INTEGER NOT NULL DEFAULT 0 -- milliseconds; positive is ahead of AWS
) STRICT, WITHOUT ROWID;

CREATE TABLE lease (
	name    TEXT PRIMARY KEY,
	owner   TEXT NOT NULL,
	counter INTEGER NOT NULL,
	state   BLOB
) STRICT, WITHOUT ROWID;
`,
}

// Bits of target.flags.
const (
	flagRepeated = 1 << iota
	flagDoubt
)

// sqliteError gives the errors of opening a file the ledger's names.
func sqliteError(err error) error {
	if sqlite.Absent(err) {
		return fmt.Errorf("%w: %w", ErrNoLedger, err)
	}
	return fmt.Errorf("the ledger: %w", err)
}

// sqliteUpgrade1 adds plan, seal, exclusions and the second step. It writes no row
// of target: a column that is added has its default in the rows that are there.
const sqliteUpgrade1 = `
ALTER TABLE job ADD COLUMN plan TEXT NOT NULL DEFAULT '{}';
ALTER TABLE job ADD COLUMN seal TEXT;
ALTER TABLE job ADD COLUMN sign_out_pending INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN sign_out_done INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN sign_out_failed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE target ADD COLUMN sign_out TEXT;
ALTER TABLE target ADD COLUMN sign_out_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE target ADD COLUMN sign_out_code TEXT;
ALTER TABLE target ADD COLUMN sign_out_request_id TEXT;
CREATE TABLE exclusion (
	job  INTEGER PRIMARY KEY,
	list TEXT NOT NULL -- one JSON object a line
) STRICT;
`

// sqliteUpgrade2 adds how far the clock was off, for halts because of that.
const sqliteUpgrade2 = `ALTER TABLE halt ADD COLUMN skew INTEGER NOT NULL DEFAULT 0`
