package ledger

import (
	"context"
	"strings"
	"testing"

	"relock/internal/sqlite"
)

// TestPlans looks at how SQLite carries out what runs for every target: by key,
// never by scanning.
func TestPlans(t *testing.T) {
	l, err := CreateSQLite(t.TempDir(), SQLiteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name, c := range map[string]struct {
		query string
		args  int
		want  []string
	}{
		"claim":    {claimQuery, 3, []string{"SEARCH n USING PRIMARY KEY (job=? AND hash=?)", "SEARCH t USING PRIMARY KEY (job=? AND place=?)"}},
		"grant":    {grantQuery, 6, []string{"SEARCH target USING PRIMARY KEY (job=? AND place=?)"}},
		"record":   {recordQuery, 12, []string{"SEARCH target USING PRIMARY KEY (job=? AND place=?)"}},
		"sign-out": {signOutQuery, 6, []string{"SEARCH target USING PRIMARY KEY (job=? AND place=?)"}},
		"seat":     {seatQuery, 3, []string{"SEARCH n USING PRIMARY KEY (job=? AND hash=?)", "SEARCH t USING PRIMARY KEY (job=? AND place=?)"}},
		"tail":     {tailQuery, 1, []string{"SEARCH job USING INTEGER PRIMARY KEY (rowid=?)", "SCALAR SUBQUERY 1", "SEARCH target USING PRIMARY KEY (job=?)"}},
		"totals":   {totalsQuery, 1, []string{"SEARCH job USING INDEX sqlite_autoindex_job_1 (id=?)", "SEARCH total USING PRIMARY KEY (job=?) LEFT-JOIN"}},
		"page":     {pageQuery, 3, []string{"SEARCH target USING PRIMARY KEY (job=? AND place>?)"}},
	} {
		var plan []string
		err := l.db.Read(context.Background(), func(conn *sqlite.Conn) error {
			return conn.Query("EXPLAIN QUERY PLAN "+c.query, func(r sqlite.Row) error {
				plan = append(plan, r.Text(3))
				return nil
			}, make([]any, c.args)...)
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := strings.Join(plan, "\n"), strings.Join(c.want, "\n"); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
}
