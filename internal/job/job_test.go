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
		goOn := "job resume"
		if r.Local() {
			goOn = "start this worker anew"
		}
		if !r.SelfClearing() && !strings.Contains(remedy, goOn) {
			t.Errorf("%s: the remedy does not say how to go on", r)
		}
	}
}

func ExampleUsername() {
	fmt.Println(Username("ana").LogValue())
	// Output: [redacted]
}

func TestMetadataForATarget(t *testing.T) {
	t.Parallel()
	p := Policy{Metadata: map[string]string{"case": "1", "by": "job"}}
	if got, want := fmt.Sprint(p.MetadataFor(map[string]string{"case": "2", "x": "y"})), "map[by:job case:2 x:y]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if p.Metadata["case"] != "1" || len(p.Metadata) != 2 {
		t.Errorf("the policy was changed: %v", p.Metadata)
	}
	if got := (Policy{}).MetadataFor(nil); got != nil {
		t.Errorf("out of nothing came %v", got)
	}
}

func TestAJobThatIsOver(t *testing.T) {
	t.Parallel()
	for s, want := range map[State]bool{StateStaging: false, StateOpen: false, StatePaused: false, StateCancelled: true, StateFinished: true} {
		if s.Over() != want {
			t.Errorf("%s: over is %t", s, s.Over())
		}
	}
}

func TestTheFormOfASub(t *testing.T) {
	t.Parallel()
	for name, want := range map[Username]bool{
		"0f8fad5b-d9cb-469f-a165-70867728950e":  true,
		"0F8FAD5B-D9CB-469F-A165-70867728950E":  true,
		"":                                      false,
		"0f8fad5b-d9cb-469f-a165-70867728950":   false,
		"0f8fad5b-d9cb-469f-a165-70867728950e0": false,
		"0f8fad5bxd9cb-469f-a165-70867728950e":  false,
		"0f8fad5b-d9cb-469f-a165-7086772895-e":  false,
		"0f8fad5b-d9cb-469f-a165-70867728950g":  false,
	} {
		if name.IsUUID() != want {
			t.Errorf("%s: %t, want %t", string(name), name.IsUUID(), want)
		}
	}
}

// TestMend says that whoever is not halted is not told what becomes of a halt.
func TestMend(t *testing.T) {
	t.Parallel()
	for _, r := range HaltReasons() {
		if m := r.Mend(); m == "" || strings.Contains(m, "by itself") || r != HaltCanary && strings.Contains(m, "`job resume`") && r != HaltSameFailure {
			t.Errorf("%s: %q", r, m)
		}
	}
}
