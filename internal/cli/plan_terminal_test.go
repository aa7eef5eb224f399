//go:build linux

package cli_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestPlanFits shows a plan with findings, a projection and a question on a
// terminal of 80 columns: no line is wider.
func TestPlanFits(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	if err := binaries(); err != nil {
		t.Fatal(err)
	}
	if err := s.server.SQS().Set("relock", map[string]string{"SqsManagedSseEnabled": "false", "RedrivePolicy": ""}); err != nil {
		t.Fatal(err)
	}
	list, err := filepath.Abs("../../examples/users.csv")
	if err != nil {
		t.Fatal(err)
	}
	m := newTerminal(t, 80)
	code, written := m.run(s, []string{"TERM=xterm", "NO_COLOR=1"}, filepath.Join(programs, "enqueue"), "--sample", "40", "--dry-run",
		"--reason", strings.Repeat("words ", 30), "--force", "queue_not_encrypted,ses_sandbox", list)
	if code != 1 {
		t.Fatalf("enqueue ends with %d, want 1:\n%s", code, written)
	}
	for _, part := range []string{"Looking up 40 of 588 users", "projection  by 40 users looked up at random", "  stops   no_dead_letter_queue\n", "  forced  queue_not_encrypted\n", "--force ses_sandbox was not needed"} {
		if !strings.Contains(written, part) {
			t.Errorf("%q is not there:\n%s", part, written)
		}
	}
	_, plan, _ := strings.Cut(written, "Plan\n")
	plan, _, _ = strings.Cut(plan, "enqueue: ") // errors are one line, for whoever greps
	for line := range strings.Lines(plan) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 80 {
			t.Errorf("%d columns: %q", n, line)
		}
	}
}
