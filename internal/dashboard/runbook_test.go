package dashboard

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"relock/internal/job"
)

// bodies are the sections of the runbook by heading.
func bodies(t *testing.T) map[string]string {
	t.Helper()
	m, heading := map[string]string{}, ""
	for line := range strings.Lines(read(t, root+"/docs/runbook.md")) {
		if strings.HasPrefix(line, "#") {
			heading = strings.TrimSpace(strings.TrimLeft(line, "#"))
			if _, twice := m[heading]; twice {
				t.Errorf("the heading %q is there twice", heading)
			}
			m[heading] = ""
			continue
		}
		m[heading] += line
	}
	return m
}

// Every alert and every halt has its section: what it means, where to look first,
// what to do.
func TestTheRunbookHasEveryAlertAndEveryHalt(t *testing.T) {
	t.Parallel()
	wanted := alertNames()
	for _, r := range job.HaltReasons() {
		wanted = append(wanted, string(r))
	}
	have := bodies(t)
	for _, heading := range wanted {
		body, ok := have[heading]
		if !ok {
			t.Errorf("docs/runbook.md has no section %s", heading)
			continue
		}
		for _, part := range []string{"- **Meaning**: ", "- **First look**: ", "- **Remedy**: "} {
			if _, text, ok := strings.Cut(body, part); !ok || len(text) < 40 {
				t.Errorf("docs/runbook.md, %s: no %s", heading, strings.Trim(part, "-*: "))
			}
		}
	}
	for _, r := range job.HaltReasons() {
		if byItself := strings.Contains(have[string(r)], "nds by itself"); byItself != r.SelfClearing() {
			t.Errorf("docs/runbook.md, %s: ends by itself: %t, and the halt: %t", r, byItself, r.SelfClearing())
		}
		goOn := "job resume --user-pool-id POOL"
		if r.Local() {
			goOn = "start it with the right flags"
		}
		if !r.SelfClearing() && !strings.Contains(have[string(r)], goOn) {
			t.Errorf("docs/runbook.md, %s: how to go on?", r)
		}
	}
}

// Links within the page lead somewhere.
func TestTheRunbooksOwnLinks(t *testing.T) {
	t.Parallel()
	text := read(t, root+"/docs/runbook.md")
	links := regexp.MustCompile(`\]\(#([^)]*)\)`).FindAllStringSubmatch(text, -1)
	if len(links) == 0 {
		t.Fatal("no links were found")
	}
	for _, l := range links {
		if !slices.Contains(Sections(text), l[1]) {
			t.Errorf("docs/runbook.md has no section %s", l[1])
		}
	}
}

// Every outcome stands in the table of who stays open.
func TestTheRunbookHasEveryOutcome(t *testing.T) {
	t.Parallel()
	body := bodies(t)["Day 1 and after: who stays open"]
	for _, o := range job.Outcomes() {
		if !strings.Contains(body, "`"+string(o)+"`") {
			t.Errorf("docs/runbook.md does not say what %s means for who stays open", o)
		}
	}
}
