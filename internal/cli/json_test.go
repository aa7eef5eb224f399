package cli

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relock/internal/report"
)

var update = flag.Bool("update", false, "write the golden file of the JSON documents")

// documents are all that --json writes: a title of docs/json.md each, and the type.
var documents = []struct {
	title string
	value any
}{
	{"plan", planJSON{}},
	{"sent", sentJSON{}},
	{"job", jobJSON{}},
	{"check", checkJSON{}},
	{"state", stateJSON{}},
	{"halt_ended", haltEndedJSON{}},
	{"Records", report.Record{}},
	{"still_open", openJSON{}},
	{"recovery", recoveryJSON{}},
	{"evidence", evidenceJSON{}},
	{"Users of an evidence", userJSON{}},
	{"verify", verifyJSON{}},
	{"dead_letter", deadJSON{}},
	{"redriven", redrivenJSON{}},
	{"serving", servingJSON{}},
	{"demo", demoJSON{}},
	{"version", buildJSON{}},
	{"error", errorJSON{}},
}

// members lists the members of a type with their paths and types.
func members(t *testing.T, at string, typ reflect.Type) (list []string) {
	t.Helper()
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	switch {
	case typ == reflect.TypeFor[time.Time]():
		return []string{at + " time"}
	case typ.Kind() == reflect.Slice:
		return members(t, at+"[]", typ.Elem())
	case typ.Kind() == reflect.Map:
		return members(t, at+"{}", typ.Elem())
	case typ.Kind() != reflect.Struct:
		return []string{at + " " + kind(typ.Kind())}
	}
	for f := range typ.Fields() {
		tag, ok := f.Tag.Lookup("json")
		if !ok {
			t.Errorf("%s.%s has no name in JSON", typ, f.Name)
		}
		name, options, _ := strings.Cut(tag, ",")
		if name == "-" {
			continue
		}
		path := at + "." + name
		if strings.Contains(options, "omit") {
			path += "?"
		}
		list = append(list, members(t, path, f.Type)...)
	}
	return list
}

func kind(k reflect.Kind) string {
	switch k {
	case reflect.Bool:
		return "bool"
	case reflect.String:
		return "string"
	case reflect.Float64:
		return "number"
	default:
		return "integer"
	}
}

// TestJSONIsStable fails when a member of a document goes, comes or changes its
// type: the names are part of the interface. Run with -update if it is meant.
func TestJSONIsStable(t *testing.T) {
	t.Parallel()
	var all []string
	for _, d := range documents {
		all = append(all, members(t, d.title, reflect.TypeOf(d.value))...)
	}
	golden := filepath.Join("testdata", "json.golden")
	got := strings.Join(all, "\n") + "\n"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("if it is meant, say so in docs/json.md and CHANGELOG.md, and run with -update; -want +got:\n%s", diff)
	}
}

// TestJSONIsDocumented looks for every member in the section of its document.
func TestJSONIsDocumented(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "json.md"))
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	var titles []string
	for _, s := range strings.Split(string(b), "\n## ")[1:] {
		title, body, _ := strings.Cut(s, "\n")
		titles = append(titles, title)
		sections[title] = body
	}
	for _, d := range documents {
		body, ok := sections[d.title]
		if !ok {
			t.Errorf("docs/json.md has no section %q; it has %v", d.title, titles)
			continue
		}
		for _, m := range members(t, "", reflect.TypeOf(d.value)) {
			path, _, _ := strings.Cut(m, " ")
			for name := range strings.SplitSeq(path, ".") {
				name = strings.TrimRight(name, "?[]{}")
				if name != "" && !strings.Contains(body, "`"+name+"`") {
					t.Errorf("docs/json.md, section %q, does not name `%s`", d.title, name)
				}
			}
		}
		for row := range strings.SplitSeq(body, "\n") {
			if !strings.HasPrefix(row, "| `") {
				continue
			}
			for i, name := range strings.Split(strings.SplitN(row, "|", 3)[1], "`") {
				if i%2 == 1 && !slices.ContainsFunc(members(t, "", reflect.TypeOf(d.value)), func(m string) bool {
					path, _, _ := strings.Cut(m, " ")
					return slices.ContainsFunc(strings.Split(path, "."), func(p string) bool { return strings.TrimRight(p, "?[]{}") == name })
				}) {
					t.Errorf("docs/json.md, section %q, names `%s`, which no document has", d.title, name)
				}
			}
		}
	}
}

// TestEventsAreWhatTheTitlesSay checks that every document but a record has an
// event, so that a reader can tell lines apart.
func TestEventsAreWhatTheTitlesSay(t *testing.T) {
	t.Parallel()
	for _, d := range documents {
		b, err := json.Marshal(d.value)
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]any
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		if _, has := m["event"]; has == (d.title != strings.ToLower(d.title)) {
			t.Errorf("%s: event is there: %v: %s", d.title, has, fmt.Sprint(m))
		}
	}
}
