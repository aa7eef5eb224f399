package job

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestAUsernameInALogIsRedacted(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "username", Username("ana@example.com"))
	if strings.Contains(b.String(), "ana") || !strings.Contains(b.String(), "[redacted]") {
		t.Errorf("the log says %s", b.String())
	}
}

func TestEveryOutcomeIsSuccessFailureOrAskedFor(t *testing.T) {
	t.Parallel()
	seen := map[Outcome]bool{}
	for _, o := range Outcomes() {
		if seen[o] || o == "" || !o.Valid() {
			t.Errorf("%q is empty, twice in the list, or not valid", o)
		}
		seen[o] = true
		if o.Succeeded() && o.Failed() {
			t.Errorf("%s is a success and a failure", o)
		}
		if asked := o == Excluded || o == Cancelled; !o.Succeeded() && !o.Failed() && !asked {
			t.Errorf("%s is nothing at all", o)
		}
	}
	if Outcome("").Valid() || Outcome("").Failed() || Outcome("other").Valid() {
		t.Error("a pending target or a stranger counts as an outcome")
	}
}

func TestEveryHaltHasARemedy(t *testing.T) {
	t.Parallel()
	seen := map[string]HaltReason{}
	for _, r := range HaltReasons() {
		remedy := r.Remedy()
		if remedy == HaltReason("unknown").Remedy() {
			t.Errorf("%s has no remedy of its own", r)
		}
		if other, twice := seen[remedy]; twice {
			t.Errorf("%s and %s have the same remedy", r, other)
		}
		seen[remedy] = r
		if by := strings.Contains(remedy, "by itself"); by != r.SelfClearing() {
			t.Errorf("%s: its remedy says it clears by itself: %v, and it does: %v", r, by, r.SelfClearing())
		}
		if !r.SelfClearing() && !strings.Contains(remedy, "job resume") {
			t.Errorf("%s: the remedy does not say how to go on", r)
		}
	}
}

func ExampleUsername() {
	fmt.Println(Username("ana").LogValue())
	// Output: [redacted]
}
