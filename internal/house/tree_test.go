package house

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// maxTracked is the largest file, in bytes, that may be in the repository: pictures
// fit, programs do not.
const maxTracked = 1 << 20

// git runs git in the checkout and returns the names that it prints, each ended by a
// zero byte.
func git(t *testing.T, stdin string, args ...string) []string {
	t.Helper()
	if _, err := os.Stat(filepath.Join(root, ".git")); err != nil {
		t.Skip("this is no git checkout, so that nothing says which files are tracked")
	}
	path, err := exec.LookPath("git")
	if err != nil {
		t.Skip("there is no git here to ask which files are tracked")
	}
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Stdin = root, strings.NewReader(stdin)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return strings.FieldsFunc(string(out), func(r rune) bool { return r == 0 })
}

func TestNoTrackedFileIsLarge(t *testing.T) {
	t.Parallel()
	tracked := git(t, "", "ls-files", "-z")
	if len(tracked) < 300 {
		t.Errorf("only %d files are tracked", len(tracked))
	}
	for _, name := range tracked {
		info, err := os.Lstat(filepath.Join(root, name))
		if err != nil {
			continue // deleted, and not committed yet
		}
		if info.Size() > maxTracked {
			t.Errorf("%s has %d bytes; %d are the most for a tracked file: remove it, or generate it", name, info.Size(), maxTracked)
		}
	}
}

func TestNoTrackedFileIsIgnored(t *testing.T) {
	t.Parallel()
	for _, name := range git(t, "", "ls-files", "-z", "--cached", "--ignored", "--exclude-standard") {
		t.Errorf("%s is tracked although .gitignore names it: it is what a build or a test leaves; git rm --cached it", name)
	}
}

// What go build, go test and rapid leave is ignored, wherever they are run.
func TestWhatBuildsLeaveIsIgnored(t *testing.T) {
	t.Parallel()
	left := []string{"internal/pace/pace.test", "pace.test", "cpu.prof", "internal/pace/mem.pprof", "cover.out", "trace.out",
		"internal/pace/testdata/rapid/TestPace/TestPace-1.fail", "worker.exe", "dist/worker", "bin/worker"}
	for _, f := range files(t) {
		if f.main && !f.test {
			program := filepath.Base(f.dir)
			left = append(left, program, f.dir+"/"+program)
		}
	}
	ignored := make(map[string]bool)
	for _, name := range git(t, strings.Join(left, "\x00")+"\x00", "check-ignore", "--no-index", "-z", "--stdin") {
		ignored[name] = true
	}
	for _, name := range left {
		if !ignored[name] {
			t.Errorf(".gitignore does not cover %s, which a build or a test leaves", name)
		}
	}
}
