package ledger_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/sqlite/sqlitetest"
)

// TestSQLiteFaults shows what a ledger says of a file that is not as it should be.
func TestSQLiteFaults(t *testing.T) {
	var jobs atomic.Int64
	sqlitetest.Kind{
		File: ledger.SQLiteFile, ApplicationID: 0x524c6b4c, Version: 3,
		Open: func(dir string, busy time.Duration) (sqlitetest.Handle, error) {
			return ledger.OpenSQLite(dir, ledger.SQLiteOptions{BusyTimeout: busy})
		},
		Create: func(dir string, busy time.Duration) (sqlitetest.Handle, error) {
			return ledger.CreateSQLite(dir, ledger.SQLiteOptions{BusyTimeout: busy})
		},
		Write: func(ctx context.Context, h sqlitetest.Handle) error {
			return h.(*ledger.SQLite).CreateJob(ctx, job.Job{ID: fmt.Sprint(jobs.Add(1)), Reason: strings.Repeat("x", 1000)})
		},
	}.Run(t)
}
