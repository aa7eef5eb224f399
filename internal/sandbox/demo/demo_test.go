package demo

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"relock/internal/sandbox/cognito"
	"relock/internal/sandbox/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "write examples/users.csv and the table in examples/README.md")

const (
	usersCSV = "users.csv"
	readme   = "README.md"
	begin    = "<!-- outcomes: go test ./internal/sandbox/demo -update -->\n"
	end      = "<!-- end of outcomes -->\n"
)

func example(name string) string { return filepath.Join("..", "..", "..", "examples", name) }

// outcomes maps the sandbox's replies to what Relock calls them. It is written
// out here and not taken from Relock's own table, which it checks.
var outcomes = map[string]string{
	"": "reset",
	"UserNotFoundException: User does not exist.":                                                                            "user_not_found",
	"NotAuthorizedException: User is disabled.":                                                                              "user_disabled",
	"NotAuthorizedException: User password cannot be reset in the current state.":                                            "not_resettable_state",
	"InvalidParameterException: Cannot reset password for the user as there is no registered/verified email or phone_number": "no_verified_contact",
}

// run resets every row once, first come first served, in the sandbox itself.
func run(t *testing.T) (counts map[string]int, p *cognito.Pool) {
	t.Helper()
	c := cognito.New(cognito.Config{Quotas: map[cognito.Category]cognito.Limit{cognito.UserAccountRecovery: {Unlimited: true}}})
	p, err := AddPool(c)
	if err != nil {
		t.Fatal(err)
	}
	reset := c.Service().Operations["AdminResetUserPassword"]
	counts = map[string]int{}
	seen := map[string]bool{}
	for i, row := range Generate().Rows {
		if seen[row.Name] {
			counts["duplicate"]++
			continue
		}
		seen[row.Name] = true
		body, err := json.Marshal(map[string]string{"UserPoolId": PoolID, "Username": row.Name})
		if err != nil {
			t.Fatal(err)
		}
		reply := ""
		if _, err := reset(t.Context(), &wire.Call{Service: "cognito-idp", Operation: "AdminResetUserPassword", Region: "eu-west-1", Body: body}); err != nil {
			e, ok := errors.AsType[*wire.Error](err)
			if !ok {
				t.Fatal(err)
			}
			reply = e.Error()
		}
		o, ok := outcomes[reply]
		if !ok {
			t.Fatalf("row %d (%s): unexpected reply %q", i+2, row.Kind, reply)
		}
		counts[o]++
	}
	return counts, p
}

// The parts are what the sandbox makes of them, and the README says the same.
func TestREADMEAgreesWithTheSandbox(t *testing.T) {
	t.Parallel()
	got, _ := run(t)
	want := map[string]int{}
	for _, part := range Parts() {
		want[part.Outcome] += part.Rows
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("the sandbox differs from Parts (-parts +sandbox):\n%s", diff)
	}
	if *update {
		updateREADME(t, got)
	}
	f, err := os.Open(example(readme))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	table, err := ReadTable(f)
	if err != nil {
		t.Fatal(err)
	}
	if table["rows"] != 600 {
		t.Errorf("the table counts %d rows, not 600", table["rows"])
	}
	delete(table, "rows")
	if diff := cmp.Diff(got, table); diff != "" {
		t.Errorf("examples/README.md differs; go test ./internal/sandbox/demo -update writes it (-sandbox +README):\n%s", diff)
	}
}

func updateREADME(t *testing.T, counts map[string]int) {
	t.Helper()
	old, err := os.ReadFile(example(readme))
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok1 := strings.Cut(string(old), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("examples/README.md lacks the lines %q and %q", begin, end)
	}
	var b bytes.Buffer
	b.WriteString(head + begin)
	if err := WriteTable(&b, counts); err != nil {
		t.Fatal(err)
	}
	b.WriteString(end + tail)
	if err := os.WriteFile(example(readme), b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// examples/users.csv is what the generator makes.
func TestUsersCSV(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(example(usersCSV), b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.ReadFile(example(usersCSV))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.String(), string(file)); diff != "" {
		t.Errorf("examples/users.csv differs; go test ./internal/sandbox/demo -update writes it (-generated +file):\n%s", diff)
	}
	rows, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
	if err != nil || len(rows) != 601 {
		t.Errorf("%d lines with the header, %v; want 601", len(rows), err)
	}
}

// No user stands in the list under two names, and nobody outside it is touched.
func TestEveryUserIsNamedOnce(t *testing.T) {
	t.Parallel()
	_, p := run(t)
	named := map[string]string{} // sub → name in the list
	for _, row := range Generate().Rows {
		if row.Kind == Duplicate || row.Kind == NotThere {
			continue
		}
		u, ok := p.User(row.Name)
		if !ok {
			t.Errorf("%q names nobody", row.Name)
		}
		if other, twice := named[u.Sub]; twice {
			t.Errorf("%q and %q are the same user", other, row.Name)
		}
		named[u.Sub] = row.Name
	}
	users, outside, resets := 0, 0, 0
	for u := range p.Users() {
		users++
		resets += len(u.Resets)
		if named[u.Sub] == "" {
			outside++
			if len(u.Resets) > 0 {
				t.Errorf("%s was reset and is not in the list", u.Username)
			}
		}
		if len(u.Resets) > 1 {
			t.Errorf("%s was reset %d times", u.Username, len(u.Resets))
		}
	}
	if users != len(named)+bystanders || outside != bystanders {
		t.Errorf("%d users, %d of them outside the list; want %d and %d", users, outside, len(named)+bystanders, bystanders)
	}
	if resets != 517 {
		t.Errorf("%d resets, want 517", resets)
	}
}

// Two runs of the generator agree: examples/ and the sandbox must.
func TestGenerateIsDeterministic(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(Generate(), Generate()); diff != "" {
		t.Error(diff)
	}
}

func TestReadTable(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	want := map[string]int{}
	for i, o := range Outcomes() {
		want[o] = i * 10
		want["rows"] += i * 10
	}
	if err := WriteTable(&b, want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadTable(strings.NewReader(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for name, text := range map[string]string{
		"no table":     "nothing here\n",
		"a row less":   strings.Replace(b.String(), "| `reset` |", "| `resett` |", 1),
		"a row twice":  b.String() + "| `reset` | 1 | x |\n",
		"not a number": strings.Replace(b.String(), "| rows | 150 |", "| rows | many |", 1),
	} {
		if _, err := ReadTable(strings.NewReader(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
