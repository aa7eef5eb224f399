package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"relock/internal/guard"
	"relock/internal/intake"
	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/ledger/ledgertest"
)

func memory() *ledgertest.Memory { return ledgertest.NewMemory("ledger-1", nil) }

// hostile are names that Cognito permits and that do harm somewhere: formulas,
// quotes, separators, right-to-left, zero width, combining, astral.
var hostile = []string{
	"=cmd|'/Ccalc'!A0", "+15551234567", "-2+3", "@SUM(A1)", "'=1", "''", `"quoted"`, `back\slash`, "a,b;c",
	"x;=HYPERLINK(\"http://evil\")", "a\u034fb", "e\u0301", "＝1+1", "😀", "<script>", "a%00b", "#REF!",
	"metadata:case", "guarded_username", "\u0645\u0631\u062d\u0628\u0627",
}

// back reads a list as enqueue does.
func back(t interface {
	Helper()
	Fatal(...any)
}, list []byte, dir string) []job.Target {
	t.Helper()
	ctx := contextOf(t)
	l, err := intake.Scan(ctx, intake.Config{Paths: []string{intake.Stdin}, Stdin: bytes.NewReader(list), TempDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	var got []job.Target
	for target, err := range l.Targets(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, job.Target{Username: target.Username, Metadata: target.Metadata})
	}
	return got
}

func TestAListComesBackAsItWas(t *testing.T) {
	t.Parallel()
	led := memory()
	users := make([]one, 0, len(hostile))
	var want []job.Target
	for i, name := range hostile {
		u := one{name: name, outcome: job.GaveUp, code: "=Code"}
		if i%2 == 0 {
			u.metadata = map[string]string{"case": name, "Case": "x\ny", "=key2": ""}
			delete(u.metadata, "=key2")
		}
		users = append(users, u)
		want = append(want, job.Target{Username: job.Username(name), Metadata: u.metadata})
	}
	j := fill(t, led, job.Job{ID: "one"}, users)
	var b bytes.Buffer
	if err := CSV(t.Context(), &b, led, j, Selection{Filter: ledger.Filter{Failed: true}}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, back(t, b.Bytes(), t.TempDir())); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	// No cell is a formula, also for a spreadsheet that splits at semicolons or tabs.
	rows, err := csv.NewReader(bytes.NewReader(b.Bytes())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		for _, cell := range row {
			for _, part := range strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune(",;\t\r\n", r) }) {
				if strings.ContainsAny(strings.TrimLeft(part, "\"")[:min(1, len(strings.TrimLeft(part, "\"")))], "=+-@") {
					t.Errorf("%q has a formula: %q", cell, part)
				}
			}
		}
	}
}

func TestAnyListComesBackAsItWas(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := rapid.StringOfN(rapid.RuneFrom([]rune("=+-@'\";,\\a1é＝😀\u200f")), 1, 12, -1)
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(name, 1, 8, rapid.ID).Draw(t, "names")
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		_ = w.Write([]string{guard.Column, guard.MetadataPrefix + "k"})
		var want []job.Target
		for _, n := range names {
			if strings.ContainsRune(n, '\u200f') { // a format character, which Cognito does not permit
				n = strings.ReplaceAll(n, "\u200f", "") + "z"
			}
			want = append(want, job.Target{Username: job.Username(n), Metadata: map[string]string{"k": n}})
			_ = w.Write([]string{guard.Cell(n), guard.Cell(n)})
		}
		w.Flush()
		seen := map[job.Username]bool{}
		for _, x := range want {
			if seen[x.Username] {
				t.Skip("the names became the same")
			}
			seen[x.Username] = true
		}
		if diff := cmp.Diff(want, back(t, b.Bytes(), dir)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

func TestWhatAColumnCannotNameIsRefusedBeforeAnythingIsWritten(t *testing.T) {
	t.Parallel()
	for _, key := range []string{" case", "case ", "a\nb", "a;=b", "\xff"} {
		led := memory()
		j := fill(t, led, job.Job{ID: "one"}, []one{{name: "ana", metadata: map[string]string{key: "x"}}})
		var b bytes.Buffer
		if err := CSV(t.Context(), &b, led, j, Selection{}); err == nil || !strings.Contains(err.Error(), "use --json") || b.Len() > 0 {
			t.Errorf("%q: %v, %q", key, err, &b)
		}
	}
	led := memory()
	many := map[string]string{}
	for i := range maxMetadataKeys + 1 {
		many[strings.Repeat("k", i+1)] = "x"
	}
	j := fill(t, led, job.Job{ID: "one"}, []one{{name: "ana", metadata: many}})
	if err := CSV(t.Context(), &bytes.Buffer{}, led, j, Selection{}); err == nil || !strings.Contains(err.Error(), "too many for columns") {
		t.Error(err)
	}
}

func TestJSONLinesLoseNothing(t *testing.T) {
	t.Parallel()
	led := memory()
	users := everyOutcome()
	for _, name := range hostile[4:] {
		users = append(users, one{name: name, metadata: map[string]string{" any \nkey;=": "<&>\u2028"}})
	}
	j := fill(t, led, job.Job{ID: "one"}, users)
	var b bytes.Buffer
	if err := JSONLines(t.Context(), &b, led, j, Selection{}); err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(&b)
	for e, err := range led.Entries(t.Context(), "one", ledger.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		var got Record
		if err := dec.Decode(&got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(record(j, e), got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	if dec.More() {
		t.Error("there are more lines than targets")
	}
}
