package dashboard

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	root    = "../.."
	written = root + "/dashboards"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func sections(t *testing.T) []string {
	t.Helper()
	return Sections(read(t, root+"/docs/runbook.md"))
}

func known(t *testing.T) map[string]Kind {
	t.Helper()
	k, err := Known(Rules(DefaultRunbook))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func files(t *testing.T) map[string][]byte {
	t.Helper()
	fs, err := Files(DefaultRunbook)
	if err != nil {
		t.Fatal(err)
	}
	return fs
}

func TestTheFilesAreThoseThatAreGenerated(t *testing.T) {
	t.Parallel()
	for name, want := range files(t) {
		if d := cmp.Diff(string(want), read(t, filepath.Join(written, name))); d != "" {
			t.Errorf("%s is not what `make dashboards` writes (-want +got):\n%s", name, d)
		}
	}
}

func TestNothingIsWrongWithThem(t *testing.T) {
	t.Parallel()
	problems := Lint(Relock(DefaultRunbook), known(t), sections(t))
	problems = append(problems, LintRules(Rules(DefaultRunbook), known(t), sections(t), string(files(t)["rules/relock_test.yml"]))...)
	for _, p := range problems {
		t.Error(p)
	}
}

// Alerts lead to the runbook at the Prometheus that fires them. Grafana cannot read
// that template, and takes the address from a variable.
func TestTheRunbookIsWherePrometheusServesIt(t *testing.T) {
	t.Parallel()
	fs := files(t)
	grafana := string(fs["relock.json"])
	if strings.Contains(grafana, "externalURL") || !strings.Contains(grafana, `"url": "${runbook:raw}#relockhalted"`) || !strings.Contains(grafana, `"query": "`+localRunbook+`"`) {
		t.Error("the dashboard does not lead to the runbook")
	}
	if rules := string(fs["rules/relock.rules.yml"]); strings.Contains(rules, "example.com") || !strings.Contains(rules, `runbook_url: "{{ $externalURL }}/user/runbook.md#relockhalted"`) {
		t.Error("the alerts do not lead to the runbook that Prometheus serves")
	}
	elsewhere := Relock("https://wiki.test/relock")
	for _, p := range Lint(elsewhere, known(t), sections(t)) {
		t.Error(p)
	}
}

func TestTheRunbookCanBeElsewhere(t *testing.T) {
	t.Parallel()
	fs, err := Files("https://wiki.test/relock")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range fs {
		want := "https://wiki.test/relock#relockhalted"
		if name == "relock.json" {
			want = `"query": "https://wiki.test/relock"`
		}
		if strings.Contains(string(text), DefaultRunbook) || strings.Contains(string(text), localRunbook) || !strings.Contains(string(text), want) {
			t.Errorf("%s does not lead to the runbook that was named", name)
		}
	}
}

// Every metric of ours that docs/metrics.md names and that is worth a look is shown.
func TestEveryMetricIsShown(t *testing.T) {
	t.Parallel()
	shown := map[string]bool{}
	for _, p := range Relock(DefaultRunbook).Panels {
		for _, q := range p.Targets {
			for _, s := range selectors(q.Expr) {
				shown[s.metric] = true
			}
		}
	}
	for _, g := range Rules(DefaultRunbook) {
		for _, r := range g.Rules {
			for _, s := range selectors(r.Expr) {
				shown[s.metric] = true
			}
		}
	}
	// What the duration's buckets say already, and what nobody asks for later.
	spare := map[string]bool{
		"relock_cognito_request_duration_seconds": true, "relock_cognito_request_duration_seconds_sum": true,
		"relock_cognito_request_duration_seconds_count": true,
	}
	for name := range known(t) {
		if strings.HasPrefix(name, "relock_") && !shown[name] && !spare[name] {
			t.Errorf("neither the dashboard nor the rules use %s", name)
		}
	}
}
