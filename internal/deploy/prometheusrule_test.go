package deploy

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write deploy/kubernetes/monitoring/prometheusrule.yaml anew")

const ruleHead = `# Made from dashboards/rules/relock.rules.yml by ` + "`go test ./internal/deploy -update`" + `.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: relock
spec:
`

// The rules in Kubernetes are those of dashboards/.
func TestPrometheusRule(t *testing.T) {
	t.Parallel()
	rules, err := os.ReadFile(filepath.Join(root, "dashboards", "rules", "relock.rules.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString(ruleHead)
	for line := range strings.Lines(string(rules)) {
		if strings.TrimSpace(line) != "" {
			b.WriteString("  ")
		}
		b.WriteString(line)
	}
	file := filepath.Join(root, "deploy", "kubernetes", "monitoring", "prometheusrule.yaml")
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != b.String() {
		t.Errorf("%s is not what dashboards/rules has: go test ./internal/deploy -run PrometheusRule -update", file)
	}
}
