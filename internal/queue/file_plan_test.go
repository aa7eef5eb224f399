package queue

import (
	"strings"
	"testing"

	"relock/internal/sqlite"
)

// TestFilePlans looks at how SQLite carries out what runs for every message: by
// key or index, and never by sorting.
func TestFilePlans(t *testing.T) {
	q, err := CreateFile(t.TempDir(), FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	for name, c := range map[string]struct {
		query string
		args  int
		want  []string
	}{
		"due":    {dueQuery, 2, []string{"SEARCH f USING INDEX flight_due (due<?)", "SEARCH m USING INTEGER PRIMARY KEY (rowid=?)"}},
		"fresh":  {freshQuery, 3, []string{"SEARCH message USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"}},
		"lease":  {leaseQuery, 4, []string{"SEARCH flight USING INTEGER PRIMARY KEY (rowid=?)"}},
		"land":   {landQuery, 2, []string{"SEARCH flight USING INTEGER PRIMARY KEY (rowid=?)"}},
		"remove": {removeQuery, 1, []string{"SEARCH message USING INTEGER PRIMARY KEY (rowid=?)"}},
		"change": {changeQuery, 5, []string{"SEARCH flight USING INTEGER PRIMARY KEY (rowid=?)"}},
		"lane":   {laneQuery, 1, []string{"SEARCH lane USING INDEX sqlite_autoindex_lane_1 (name=?)"}},
		"next": {nextVisibleQuery, 0, []string{
			"SCAN CONSTANT ROW", "SCALAR SUBQUERY 1", "SCAN lane",
			"SCALAR SUBQUERY 2", "SEARCH flight USING COVERING INDEX flight_due",
		}},
	} {
		var plan []string
		err := q.db.Read(t.Context(), func(conn *sqlite.Conn) error {
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
