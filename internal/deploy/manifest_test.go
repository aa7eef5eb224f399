package deploy

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"relock/internal/cli"
)

// manifests calls f for each line of what deploy/ holds for machines, without
// comments.
func manifests(t *testing.T, f func(file, line string)) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(filepath.Join(root, "deploy"), func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		switch filepath.Ext(file) {
		case ".yaml", ".yml", ".tf", ".service", ".timer", ".env":
		default:
			return nil
		}
		n++
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(b)) {
			if !strings.HasPrefix(strings.TrimSpace(line), "#") {
				f(strings.TrimPrefix(file, root+"/"), strings.TrimSuffix(line, "\n"))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n < 20 {
		t.Errorf("only %d manifests were looked at", n)
	}
}

var (
	flagPattern = regexp.MustCompile(`(?:^|[\s"'\[=])--([a-z][a-z-]*[a-z])(?:[\s"',\]=]|$)`)
	envPattern  = regexp.MustCompile(`\bRELOCK_[A-Z_]+\b`)
)

// Flags and variables that the manifests name exist.
func TestManifestsNameFlagsThatExist(t *testing.T) {
	t.Parallel()
	var help strings.Builder
	for _, p := range []struct {
		run  cli.Program
		args []string
	}{
		{cli.Enqueue, []string{"enqueue", "--help"}},
		{cli.Worker, []string{"worker", "--help"}},
		{cli.Sandbox, []string{"sandbox", "serve", "--help"}},
	} {
		var out bytes.Buffer
		if code := p.run(t.Context(), t.Context(), cli.Streams{In: strings.NewReader(""), Out: &out, Err: &out}, p.args); code != cli.ExitOK {
			t.Fatalf("%v: exit %d\n%s", p.args, code, &out)
		}
		help.Write(out.Bytes())
	}
	known := help.String()
	flags, variables := 0, 0
	manifests(t, func(file, line string) {
		for _, m := range flagPattern.FindAllStringSubmatch(strings.ReplaceAll(line, ", ", ",  "), -1) {
			flags++
			if !regexp.MustCompile(`--` + m[1] + `\b[^-]`).MatchString(known) {
				t.Errorf("%s: no program has the flag --%s: %s", file, m[1], line)
			}
		}
		for _, name := range envPattern.FindAllString(line, -1) {
			variables++
			flag := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, "RELOCK_"), "_", "-"))
			if !regexp.MustCompile(`--` + flag + `\b[^-]`).MatchString(known) {
				t.Errorf("%s: no program reads %s: %s", file, name, line)
			}
		}
	})
	if flags < 20 || variables < 8 {
		t.Errorf("only %d flags and %d variables were found", flags, variables)
	}
}

// timePatterns find how long a program may take to stop before it is killed.
var timePatterns = []*regexp.Regexp{
	regexp.MustCompile(`terminationGracePeriodSeconds:\s*(\d+)`),
	regexp.MustCompile(`stopTimeout\s*=\s*(\d+)`),
	regexp.MustCompile(`TimeoutStopSec=(\d+)`),
	regexp.MustCompile(`stop_grace_period:\s*(\d+)s`),
}

// A worker that is told to stop gives calls under way 3 s, its ledger 10 and its
// lease 1 before it ends by itself: everywhere it is given more than twice that.
func TestTimeToStop(t *testing.T) {
	t.Parallel()
	seen := make([]int, len(timePatterns))
	manifests(t, func(file, line string) {
		for i, p := range timePatterns {
			m := p.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			seen[i]++
			if n, err := strconv.Atoi(m[1]); err != nil || n < 30 {
				t.Errorf("%s: want 30 s or more: %s", file, line)
			}
		}
	})
	for i, n := range seen {
		if n == 0 {
			t.Errorf("nothing says %v", timePatterns[i])
		}
	}
}
