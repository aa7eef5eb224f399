package cli_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite" // as another program opens the file

	"relock/internal/ledger"
)

// scriptLock is `lock DIR TIME [alone]`: another program, this one, keeps the ledger in
// DIR locked for so long, as an open `sqlite3` does after BEGIN EXCLUSIVE; or, alone, so
// that nobody may even read.
func scriptLock(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: lock DIR TIME [alone]")
	}
	d, err := time.ParseDuration(args[1])
	ts.Check(err)
	db, err := sql.Open("sqlite", filepath.Join(ts.MkAbs(args[0]), ledger.SQLiteFile))
	ts.Check(err)
	conn, err := db.Conn(context.Background())
	ts.Check(err)
	begin := "BEGIN EXCLUSIVE"
	if len(args) > 2 {
		begin = "PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE; UPDATE meta SET value = value"
	}
	_, err = conn.ExecContext(context.Background(), begin)
	ts.Check(err)
	unlock := sync.OnceFunc(func() {
		_, _ = conn.ExecContext(context.Background(), "ROLLBACK") // it also ends with the connection
		_ = conn.Close()
		_ = db.Close()
	})
	timer := time.AfterFunc(d, unlock)
	ts.Defer(func() {
		timer.Stop()
		unlock()
	})
}
