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

// TestFileKeepsNothing looks for what a message leaves behind when it is gone:
// a name in a file that nobody looks after.
func TestFileKeepsNothing(t *testing.T) {
	q, err := CreateFile(t.TempDir(), FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	if _, err := q.Send(t.Context(), [][]byte{[]byte("a"), []byte("b"), []byte("c")}); err != nil {
		t.Fatal(err)
	}
	ds, err := q.Receive(t.Context(), 3, 0, MaxVisibility)
	if err != nil || len(ds) != 3 {
		t.Fatalf("received %d, error %v", len(ds), err)
	}
	if _, err := q.Delete(t.Context(), []string{ds[0].Handle, ds[1].Handle}); err != nil {
		t.Fatal(err)
	}
	if err := q.DeadLetter(t.Context(), ds[2]); err != nil {
		t.Fatal(err)
	}
	for table, want := range map[string]int64{"message": 0, "flight": 0, "dead": 1} {
		err := q.db.Read(t.Context(), func(c *sqlite.Conn) error {
			n, _, err := c.Int(`SELECT count(*) FROM ` + table)
			if n != want {
				t.Errorf("%d rows in %s, want %d", n, table, want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
