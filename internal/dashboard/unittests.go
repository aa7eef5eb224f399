package dashboard

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// unitTest is a test of promtool: series, a sample a minute from time zero, and
// what follows.
type unitTest struct {
	name   string
	series []string // series and its values, with a space between
	checks []check
}

// check is what an alert does at a moment; without fires it is silent.
type check struct {
	at, alert string
	fires     []firing
}

// firing is an alert with its labels, as "job=relock" and so on.
type firing struct {
	// severity is that of the rule, where an alert has two; else empty.
	severity string
	labels   []string
	summary  string
}

// testURL is the address of the Prometheus of the tests.
const testURL = "http://prometheus.test:9090"

// UnitTests is the file of unit tests for `promtool test rules`.
func UnitTests(groups []Group) ([]byte, error) { return unitFile(groups, unitTests()) }

func unitFile(groups []Group, tests []unitTest) ([]byte, error) {
	alerts := map[string][]Rule{}
	for _, g := range groups {
		for _, r := range g.Rules {
			if r.Alert != "" {
				alerts[r.Alert] = append(alerts[r.Alert], r)
			}
		}
	}
	var b bytes.Buffer
	b.WriteString("# Unit tests of the alerts: each one firing, and not firing. Written by\n" +
		"# `make dashboards` from internal/dashboard. Run: promtool test rules relock_test.yml\n" +
		"rule_files:\n  - relock.rules.yml\nevaluation_interval: 1m\ntests:\n")
	for _, t := range tests {
		fmt.Fprintf(&b, "  # %s\n  - interval: 1m\n    external_url: %s\n    input_series:\n", t.name, testURL)
		for _, s := range t.series {
			i := strings.LastIndex(s, "}") + 1
			if i == 0 {
				i = strings.Index(s, " ")
			}
			fmt.Fprintf(&b, "      - series: '%s'\n        values: '%s'\n", s[:i], strings.TrimSpace(s[i:]))
		}
		b.WriteString("    alert_rule_test:\n")
		for _, c := range t.checks {
			if err := c.write(&b, alerts[c.alert]); err != nil {
				return nil, fmt.Errorf("the test %q: %w", t.name, err)
			}
		}
	}
	return b.Bytes(), nil
}

func (c check) write(b *bytes.Buffer, rules []Rule) error {
	if len(rules) == 0 {
		return fmt.Errorf("%s is no alert", c.alert)
	}
	fmt.Fprintf(b, "      - eval_time: %s\n        alertname: %s\n", c.at, c.alert)
	if len(c.fires) == 0 {
		b.WriteString("        exp_alerts: []\n")
		return nil
	}
	b.WriteString("        exp_alerts:\n")
	for _, f := range c.fires {
		r := rules[0]
		for _, other := range rules {
			if other.Severity == f.severity {
				r = other
			}
		}
		labels := map[string]string{"severity": r.Severity}
		description := r.Description
		for _, l := range f.labels {
			name, value, _ := strings.Cut(l, "=")
			labels[name] = value
			description = strings.ReplaceAll(description, "{{ $labels."+name+" }}", value)
		}
		b.WriteString("          - exp_labels:\n")
		for _, name := range slices.Sorted(maps.Keys(labels)) {
			fmt.Fprintf(b, "              %s: %s\n", name, labels[name])
		}
		b.WriteString("            exp_annotations:\n")
		for _, a := range [][2]string{{"summary", f.summary}, {"description", description}, {"runbook_url", strings.ReplaceAll(r.Runbook, "{{ $externalURL }}", testURL)}} {
			text, err := quoted(a[1])
			if err != nil {
				return err
			}
			fmt.Fprintf(b, "              %s: %s\n", a[0], text)
		}
	}
	return nil
}
