package queue

import "relock/internal/sqlite"

// fileSchema is the queue's file. Times are milliseconds since 1970.
//
// Messages lie in lanes, one for what is sent directly and one for each job that
// is published as a whole. A lane is handed out in order, by moving its cursor
// next: so a message that has never been received needs no index, and a job
// becomes visible by changing one row. What has been received lies in flight
// until it is deleted, with the time when it becomes visible again; that table
// and its index stay small.
var fileSchema = sqlite.Schema{
	ApplicationID: 0x524c6b51, // "RLkQ"
	Version:       1,
	SQL: `
CREATE TABLE lane (
	num   INTEGER PRIMARY KEY,
	name  TEXT NOT NULL UNIQUE,
	ready INTEGER NOT NULL, -- 0: staged, not to be received yet
	next  INTEGER NOT NULL, -- the first message that was never received
	end   INTEGER NOT NULL  -- the last message
) STRICT;

CREATE TABLE message (
	id   INTEGER PRIMARY KEY, -- the lane's number << 40, plus 1, 2, 3, …
	sent INTEGER NOT NULL,
	body BLOB NOT NULL
) STRICT;

CREATE TABLE flight (
	id       INTEGER PRIMARY KEY,
	due      INTEGER NOT NULL, -- when it becomes visible
	received INTEGER NOT NULL, -- when it was received last
	receives INTEGER NOT NULL
) STRICT;

CREATE INDEX flight_due ON flight (due);

CREATE TABLE dead (
	num      INTEGER PRIMARY KEY,
	id       INTEGER NOT NULL,
	sent     INTEGER NOT NULL,
	died     INTEGER NOT NULL,
	receives INTEGER NOT NULL,
	reason   TEXT NOT NULL, -- "receives" or "rejected"
	body     BLOB NOT NULL
) STRICT;
`,
}
