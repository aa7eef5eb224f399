package dashboard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Group is a group of rules of Prometheus, evaluated in order.
type Group struct {
	Name  string
	Rules []Rule
}

// Rule records a series, or raises an alert.
type Rule struct {
	// Record or Alert is its name.
	Record, Alert string
	// Why stands above it as a comment.
	Why  string
	Expr string
	// For is how long Expr has to hold; alerts only.
	For string
	// Severity is critical (somebody gets up), warning (somebody looks today) or
	// info.
	Severity             string
	Summary, Description string
	// Runbook is the address of the section.
	Runbook string
}

// YAML is the file that Prometheus reads.
func YAML(groups []Group) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("# Recording and alert rules for Relock. Written by `make dashboards` from\n" +
		"# internal/dashboard; tested by relock_test.yml. dashboards/README.md says how to use\n" +
		"# them, and which labels keep one set-up apart from another.\ngroups:\n")
	for _, g := range groups {
		fmt.Fprintf(&b, "  - name: %s\n    rules:\n", g.Name)
		for _, r := range g.Rules {
			if err := r.write(&b); err != nil {
				return nil, fmt.Errorf("writing the rule %s: %w", r.Record+r.Alert, err)
			}
		}
	}
	return b.Bytes(), nil
}

func (r Rule) write(b *bytes.Buffer) error {
	for line := range strings.Lines(r.Why) {
		fmt.Fprintf(b, "      # %s\n", strings.TrimSpace(line))
	}
	if r.Record != "" {
		fmt.Fprintf(b, "      - record: %s\n", r.Record)
	} else {
		fmt.Fprintf(b, "      - alert: %s\n", r.Alert)
	}
	b.WriteString("        expr: |\n")
	for line := range strings.Lines(strings.TrimSpace(r.Expr)) {
		fmt.Fprintf(b, "          %s\n", strings.TrimRight(line, "\n"))
	}
	if r.Alert == "" {
		return nil
	}
	fmt.Fprintf(b, "        for: %s\n        labels:\n          severity: %s\n        annotations:\n", r.For, r.Severity)
	for _, a := range [][2]string{{"summary", r.Summary}, {"description", r.Description}, {"runbook_url", r.Runbook}} {
		text, err := quoted(a[1])
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "          %s: %s\n", a[0], text)
	}
	return nil
}

// quoted writes a text as JSON does, which YAML reads as the same.
func quoted(s string) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return "", err
	}
	return strings.TrimSpace(b.String()), nil
}
