package preflight

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relock/internal/job"
)

func TestForce(t *testing.T) {
	t.Parallel()
	findings := []job.Finding{
		found(FewReceives, ""), found(MissingPermission, "one"), found(MissingPermission, "two"), found(NotAsked, ""), found(SESPaused, ""),
	}
	stopping, vain := Force(findings, []string{"missing_permission", "ses_sandbox"})
	if diff := cmp.Diff([]string{"few_receives", "ses_paused"}, stopping); diff != "" {
		t.Errorf("stopping (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"ses_sandbox"}, vain); diff != "" {
		t.Errorf("in vain (-want +got):\n%s", diff)
	}
	var forced []string
	for _, f := range findings {
		if f.Forced {
			forced = append(forced, f.Text)
		}
	}
	if diff := cmp.Diff([]string{"one", "two"}, forced); diff != "" {
		t.Errorf("forced (-want +got):\n%s", diff)
	}
}

func TestParseForce(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		values  []string
		codes   []string
		unknown string
	}{
		{nil, nil, ""},
		{[]string{"", " ,few_receives"}, []string{"few_receives"}, ""},
		{[]string{"few_receives, ses_paused", "few_receives"}, []string{"few_receives", "ses_paused"}, ""},
		{[]string{"few_receives", "everything"}, nil, "everything"},
		{[]string{"not_asked"}, nil, "not_asked"}, // it does not stop
	} {
		codes, unknown := ParseForce(tt.values)
		if unknown != tt.unknown {
			t.Errorf("%q: unknown is %q, want %q", tt.values, unknown, tt.unknown)
		}
		if diff := cmp.Diff(tt.codes, codes); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.values, diff)
		}
	}
}

// The document has every finding, in the order of the code.
func TestDocument(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/preflight.md")
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for _, k := range Kinds() {
		stops := "informs"
		if k.Stops {
			stops = "stops"
		}
		want.WriteString("| `" + string(k.Code) + "` | " + stops + " | " + k.Means + " |\n")
	}
	if !strings.Contains(string(text), want.String()) {
		t.Errorf("docs/preflight.md has not these lines:\n%s", want.String())
	}
}
