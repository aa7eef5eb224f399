package sandbox_test

import (
	"os"
	"strings"
	"testing"

	"relock/internal/sandbox"
	"relock/internal/sandbox/fault"
)

// The manual names every fault and every operation of SQS.
func TestManual(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../docs/sandbox.md")
	if err != nil {
		t.Fatal(err)
	}
	manual := string(b)
	for _, name := range fault.Names {
		if !strings.Contains(manual, "`"+name+"`") {
			t.Errorf("docs/sandbox.md does not mention the fault %s", name)
		}
	}
	s, err := sandbox.New(sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for op := range s.SQS().Wire().Operations {
		if op = strings.TrimSuffix(op, "Batch"); op != "GetQueueAttributes" && !strings.Contains(manual, op) { // Get- and SetQueueAttributes
			t.Errorf("docs/sandbox.md does not mention %s", op)
		}
	}
	for _, text := range []string{sandbox.DemoAccessKeyID, sandbox.DemoSecretAccessKey} {
		if !strings.Contains(manual, text) {
			t.Errorf("docs/sandbox.md does not have the key pair's %s", text)
		}
	}
}
