package dashboard

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	alertName  = regexp.MustCompile(`^Relock([A-Z][a-z]+)+$`)
	recordName = regexp.MustCompile(`^[a-z_]+:relock_[a-z_]+:[a-z0-9_]+$`)
)

// LintRules holds rules against the habits of monitoring-mixins: names in one form,
// a severity, a summary, a description and a section of the runbook for each alert.
// tests is the text of the file of unit tests, which has to see every alert fire
// and not fire.
func LintRules(groups []Group, known map[string]Kind, sections []string, tests string) []string {
	l := &linter{known: known, sections: sections}
	seen := map[string]bool{}
	for _, g := range groups {
		for _, r := range g.Rules {
			l.where = r.Record + r.Alert
			if seen[l.where+r.Severity] {
				l.say("it is there twice")
			}
			seen[l.where+r.Severity] = true
			l.query(r.Expr, false)
			switch {
			case r.Record != "" && r.Alert != "":
				l.say("it both records and alerts")
			case r.Record != "" && !recordName.MatchString(r.Record):
				l.say("the name of a recorded series is level:metric:operation")
			case r.Alert != "":
				l.alert(r)
				l.tested(r.Alert, tests)
			}
		}
	}
	return l.problems
}

func (l *linter) alert(r Rule) {
	if !alertName.MatchString(r.Alert) {
		l.say("the name is not Relock and words in capitals")
	}
	if !slices.Contains([]string{"critical", "warning", "info"}, r.Severity) {
		l.say("the severity %q is not critical, warning or info", r.Severity)
	}
	if r.For == "" {
		l.say("it does not say for how long")
	}
	if r.Summary == "" || !strings.Contains(r.Summary, "{{ $labels.job }}") {
		l.say("no summary that names the job")
	}
	if len(r.Description) < 40 {
		l.say("no description")
	}
	if _, fragment, ok := strings.Cut(r.Runbook, "#"); !ok || fragment != anchor(r.Alert) {
		l.say("the runbook_url %q does not lead to its section", r.Runbook)
	} else if !slices.Contains(l.sections, fragment) {
		l.say("the runbook has no section %s", fragment)
	}
}

// tested: a unit test expects the alert, and one expects that it is silent.
func (l *linter) tested(alert, tests string) {
	fires, silent := false, false
	for _, part := range strings.Split(tests, "alertname: ")[1:] {
		name, rest, _ := strings.Cut(part, "\n")
		if strings.TrimSpace(name) != alert {
			continue
		}
		line, _, _ := strings.Cut(strings.TrimSpace(rest), "\n")
		switch strings.TrimSpace(line) {
		case "exp_alerts: []":
			silent = true
		case "exp_alerts:":
			fires = true
		}
	}
	if !fires {
		l.say("no unit test sees it fire")
	}
	if !silent {
		l.say("no unit test sees it silent")
	}
}

// Sections are the fragments of a page of Markdown: one for each heading.
func Sections(markdown string) []string {
	var list []string
	code := false
	for line := range strings.Lines(markdown) {
		if strings.HasPrefix(line, "```") {
			code = !code
		}
		if code || !strings.HasPrefix(line, "#") {
			continue
		}
		list = append(list, slug(strings.TrimSpace(strings.TrimLeft(line, "#"))))
	}
	return list
}

// slug is how GitHub makes a fragment of a heading: lower case, spaces to dashes,
// and nothing but letters, digits, dashes and underscores.
func slug(heading string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(heading) {
		switch {
		case r == ' ':
			b.WriteByte('-')
		case r == '-' || r == '_' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			fmt.Fprintf(&b, "%c", r)
		}
	}
	return b.String()
}
