package house

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// levels is the plan of docs/architecture.md: a package imports packages of lower
// levels only, and those of its own folder.
var levels = map[string]int{
	"cmd":                6,
	"internal/cli":       5,
	"internal/worker":    4,
	"internal/leader":    3,
	"internal/publish":   3,
	"internal/intake":    3,
	"internal/preflight": 3,
	"internal/report":    3,
	"internal/reset":     2,
	"internal/queue":     2,
	"internal/ledger":    2,
	"internal/pace":      1,
	"internal/telemetry": 1,
	"internal/sqlite":    1,
	"internal/awsconf":   1,
	"internal/guard":     1,
	"internal/wilson":    1,
	"internal/file":      0,
	"internal/number":    0,
	"internal/job":       0,
}

// apart are packages beside the house: the sandbox may import nothing of it, or
// the tests would confirm themselves; the others are tests and tools.
var apart = map[string]bool{
	"internal/sandbox": true, "internal/house": true, "internal/peers": true, "internal/bench": true,
	"internal/crash": true, "internal/deploy": true, "internal/dashboard": true,
}

const root = "../.."

// file is a Go file of the checkout, with its folder from the root.
type file struct {
	dir, name string
	imports   []string
	comment   bool
	test      bool
	main      bool // of a program
}

func files(t *testing.T) []file {
	t.Helper()
	var list []file
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && (name == "testdata" || name == "node_modules" || strings.HasPrefix(name, ".") && name != ".." && name != ".") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		src, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(p))
		if err != nil {
			return err
		}
		f := file{dir: filepath.ToSlash(dir), name: name, comment: src.Doc != nil, test: strings.HasSuffix(name, "_test.go"), main: src.Name.Name == "main"}
		for _, i := range src.Imports {
			f.imports = append(f.imports, strings.Trim(i.Path.Value, `"`))
		}
		list = append(list, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// room is the package of the plan that a folder belongs to.
func room(dir string) string {
	for d := dir; d != "."; d = path.Dir(d) {
		if _, ok := levels[d]; ok || apart[d] {
			return d
		}
	}
	return ""
}

func TestImportsPointDownOnly(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, f := range files(t) {
		if f.test {
			continue
		}
		seen++
		from := room(f.dir)
		if from == "" {
			t.Errorf("%s/%s: the folder is not in the plan; give it a level here and in docs/architecture.md", f.dir, f.name)
			continue
		}
		for _, imp := range f.imports {
			to, ours := strings.CutPrefix(imp, "relock/")
			if !ours {
				continue
			}
			checkImport(t, f, from, room(to))
		}
	}
	if seen < 50 {
		t.Errorf("only %d files were looked at", seen)
	}
}

func checkImport(t *testing.T, f file, from, to string) {
	t.Helper()
	switch {
	case from == to:
	case from == "internal/sandbox":
		t.Errorf("%s/%s imports %s: the sandbox imports nothing of ours", f.dir, f.name, to)
	case apart[from]:
	case to == "internal/sandbox" && from == "internal/cli": // sandbox serve and demo
	case apart[to]:
		t.Errorf("%s/%s imports %s, which stands apart", f.dir, f.name, to)
	case strings.HasSuffix(f.dir, "test") || strings.HasSuffix(f.dir, "fake"): // suites and fakes
	case levels[to] >= levels[from]:
		t.Errorf("%s/%s (level %d) imports %s (level %d): imports point down only", f.dir, f.name, levels[from], to, levels[to])
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	t.Parallel()
	said := map[string]bool{}
	for _, f := range files(t) {
		if !f.test {
			said[f.dir] = said[f.dir] || f.comment
		}
	}
	for dir, ok := range said {
		if !ok {
			t.Errorf("%s: no file has a package comment", dir)
		}
	}
}
