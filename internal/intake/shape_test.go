package intake

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestUnnamedColumns holds lists without a header whose users could be in any
// column: they are refused, and the columns shown without a value.
func TestUnnamedColumns(t *testing.T) {
	t.Parallel()
	const remedy = "; name it with --column NUMBER; if each field is a user, write one a line"
	for _, tt := range []struct{ name, content, want string }{
		{"two lines of the CLI", "u0\tu1\tu2\nu3\tu4\tu5\n", "the first row has 3 columns, and nothing says which holds the usernames: columns 1 to 3: other text (2 each)"},
		{"one line of addresses", "a@x.y,b@x.y\n", "the first row has 2 columns, and nothing says which holds the usernames: columns 1 to 2: e-mail address (1 each)"},
		{"semicolons", "a@x.y;b\n", "the first row has 2 columns, and nothing says which holds the usernames: column 1: e-mail address (1); column 2: other text (1)"},
		{"hashes", "a@x.y;" + md5Hash + "\nb@x.y;" + md5Hash + "\n", "the first row has 2 columns, and nothing says which holds the usernames: column 1: e-mail address (2); column 2: hash (2)"},
		{"the rest is empty", "+15555550100,\n11111111-1111-4111-8111-000000000000,\n", "the first row has 2 columns, and nothing says which holds the usernames: column 1: phone number (1), sub (1); column 2: nothing (2)"},
		{"many that differ", strings.Repeat("a,,", 10) + "a\n", "the first row has 21 columns, and nothing says which holds the usernames: column 1: other text (1); column 2: nothing (1); column 3: other text (1); column 4: nothing (1); column 5: other text (1); column 6: nothing (1); column 7: other text (1); column 8: nothing (1); …"},
	} {
		path := file(t, "list.txt", tt.content)
		_, err := Scan(t.Context(), Config{Paths: []string{path}, NoHeader: true, SkipInvalid: true})
		if diff := cmp.Diff("list.txt:1: "+tt.want+remedy, message(err, path)); diff != "" || !errors.Is(err, ErrHeader) {
			t.Errorf("%s: error (-want +got):\n%s", tt.name, diff)
		}
		l := scan(t, Config{Paths: []string{path}, NoHeader: true, Column: "1", SkipInvalid: true})
		if l.Files[0].Column != "1" || l.Counts.Targets == 0 {
			t.Errorf("%s: with column 1: %+v", tt.name, l.Counts)
		}
	}
}

// TestColumnsWithinNames holds lists whose first row has one field and that would
// lose users all the same.
func TestColumnsWithinNames(t *testing.T) {
	t.Parallel()
	for _, content := range []string{
		"ana\nbob,carl\n",  // a field more
		"ana\nbob\tcarl\n", // another delimiter
		"ana\nbob;carl\n",
		"ana bob\ncarl dave\n",
		"ana|bob|carl\n",
		"ana\rbob\ncarl\n",
	} {
		if _, err := Scan(t.Context(), Config{Paths: []string{file(t, "l.txt", content)}, NoHeader: true}); err == nil {
			t.Errorf("%q is taken", content)
		}
	}
}

// TestNoHeaderAfterAll says that a first row with a user in it is no header.
func TestNoHeaderAfterAll(t *testing.T) {
	t.Parallel()
	path := file(t, "l.csv", "user,ana@example.com\nuser,bob@example.com\n")
	_, err := Scan(t.Context(), Config{Paths: []string{path}})
	if diff := cmp.Diff(`l.csv:1: the first row has a user in column 2, and "user" in column 1: it is no header; put a header above the list, or use --no-header`, message(err, path)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	path = file(t, "l.txt", "USER\tTrue\tana\nATTRIBUTES\temail\tx\n")
	if _, err = Scan(t.Context(), Config{Paths: []string{path}, NoHeader: true}); err == nil || !strings.Contains(err.Error(), "the first row has 3 columns") {
		t.Errorf("error = %v, want one about columns", err)
	}
}

// TestLineEnds says that CR alone is named where it hides a row.
func TestLineEnds(t *testing.T) {
	t.Parallel()
	for content, line := range map[string]int64{
		"username,x\nana,1\rbob,2\n":     2,
		"x,username\n1,ana\r2,bob\n":     2,
		"username,x\nana,1\nbob,2\rcarl": 3,
		"username\r\nana\r\r\nbob\r\n":   2,
	} {
		_, err := Scan(t.Context(), Config{Paths: []string{file(t, "l.csv", content)}})
		e, ok := errors.AsType[*RowsError](err)
		if !ok || e.Problems[0].Line != line || !strings.Contains(e.Problems[0].Reason, mixedEnds) {
			t.Errorf("%q: %v, want a problem on line %d with %q", content, err, line, mixedEnds)
		}
	}
}

// TestFormula says that a cell that no CSV reader takes is a problem of its row, as
// far as the row is plain, wherever it stands.
func TestFormula(t *testing.T) {
	t.Parallel()
	const rows = 5000 // more than one buffer
	var b strings.Builder
	b.WriteString("x,phone\r\n")
	for i := range rows {
		fmt.Fprintf(&b, "\r\n%d,=\"+1555%07d\"\r\n", i, i)
	}
	b.WriteString("z,+15555550100\n")
	path := file(t, "l.csv", b.String())
	var rejects bytes.Buffer
	l := scan(t, Config{Paths: []string{path}, SkipInvalid: true, MaxProblems: rows, Rejects: &rejects})
	if diff := cmp.Diff([]string{"+15555550100"}, names(targets(t, l))); diff != "" || l.Counts.Invalid != rows || l.Files[0].Blank != rows {
		t.Errorf("counts = %+v, %d blank, targets (-want +got):\n%s", l.Counts, l.Files[0].Blank, diff)
	}
	for i, p := range l.Problems {
		if p.Line != int64(2*i+3) || !strings.Contains(p.Reason, "formula") {
			t.Fatalf("problem %d is %+v", i, p)
		}
	}

	path = file(t, "l.csv", "phone,x\n=\"+15555550100\",\"a\nb\"\n")
	_, err := Scan(t.Context(), Config{Paths: []string{path}})
	if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), ":2:2: a stray quote") {
		t.Errorf("with a quote open at the end: %v", err)
	}
}

// TestValuesAreNotShown says that an error about a header shows no cell that may be
// data.
func TestValuesAreNotShown(t *testing.T) {
	t.Parallel()
	path := file(t, "l.csv", "id,hunter2,x:y,Voll ständig\n")
	_, err := Scan(t.Context(), Config{Paths: []string{path}})
	if err == nil || !strings.Contains(err.Error(), `it has "id", "Voll ständig" and 2 cells that may be data, not shown;`) {
		t.Errorf("error = %v", err)
	}
}
