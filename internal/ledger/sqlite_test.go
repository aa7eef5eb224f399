package ledger_test

import (
	"path/filepath"
	"testing"
	"time"

	"relock/internal/ledger"
	"relock/internal/ledger/ledgertest"
)

var _ ledgertest.Ledger = (*ledger.SQLite)(nil)

func openSQLite(t testing.TB, dir string, now func() time.Time) *ledger.SQLite {
	t.Helper()
	l, err := ledger.CreateSQLite(dir, ledger.SQLiteOptions{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func TestSQLite(t *testing.T) {
	ledgertest.Suite{
		New: func(t testing.TB, now func() time.Time) ledgertest.Ledger {
			return openSQLite(t, t.TempDir(), now)
		},
		Again: func(t testing.TB, l ledgertest.Ledger, now func() time.Time) ledgertest.Ledger {
			return openSQLite(t, filepath.Dir(l.(*ledger.SQLite).Path()), now)
		},
	}.Run(t)
}
