package dashboard

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"relock/internal/job"
)

// promtool runs promtool in a folder with the written files. It is in Debian's
// package prometheus. RELOCK_PROMTOOL=required makes its absence a failure.
func promtool(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath("promtool"); err != nil {
		if os.Getenv("RELOCK_PROMTOOL") == "required" {
			t.Fatal("promtool is not there: apt-get install prometheus")
		}
		t.Skip("promtool is not there: apt-get install prometheus")
	}
	cmd := exec.CommandContext(t.Context(), "promtool", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestPromtoolChecksTheRules(t *testing.T) {
	t.Parallel()
	out, err := promtool(t, filepath.Join(written, "rules"), "check", "rules", "relock.rules.yml")
	if err != nil || !strings.Contains(out, "SUCCESS: "+strconv.Itoa(len(records())+len(Alerts()))+" rules found") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestPromtoolTestsTheRules(t *testing.T) {
	t.Parallel()
	if out, err := promtool(t, filepath.Join(written, "rules"), "test", "rules", "relock_test.yml"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// Every query of the dashboard is PromQL: promtool reads each as the expression of
// a rule.
func TestPromtoolReadsTheQueries(t *testing.T) {
	t.Parallel()
	var group Group
	group.Name = "queries"
	d := Relock(DefaultRunbook)
	for _, p := range d.Panels {
		for _, q := range p.Targets {
			name := "panel" + strconv.Itoa(p.ID) + ":relock_" + strings.ToLower(q.RefID) + ":query"
			group.Rules = append(group.Rules, Rule{Record: name, Expr: Substitute(q.Expr, "1m", "3h")})
		}
	}
	group.Rules = append(group.Rules, Rule{Record: "marks:relock:query", Expr: Substitute(d.Annotations.List[0].Expr, "1m", "3h")})
	text, err := YAML([]Group{group})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "queries.yml"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := promtool(t, dir, "check", "rules", "queries.yml"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// The tests of the rules find a rule that is wrong.
func TestPromtoolFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ alert, old, new string }{
		"a halt that is none":               {"RelockHalted", `"}) == 1`, `"}) == 2`},
		"every halt is critical":            {"RelockHalted", `reason=~"SELFCLEARING"`, `reason=~"none"`},
		"every halt is a warning":           {"RelockHalted", `reason=~"SELFCLEARING"`, `reason=~".*"`},
		"an unknown halt is a warning":      {"RelockHalted", `reason!~"SELFCLEARING"`, `reason=~"canary|pool_not_found"`},
		"no progress during a halt":         {"RelockNoProgress", "  unless max by (SETUP) (relock_halted) == 1\n", ""},
		"no progress on hold":               {"RelockNoProgress", " unless on (SETUP, instance, reset_job) relock_job_paused == 1", ""},
		"no progress while put off":         {"RelockNoProgress", `max by (SETUP) (relock_queue_messages{state="visible"}) > 0`, `max by (SETUP) (relock_queue_messages) >= 0`},
		"no progress of a standby":          {"RelockNoProgress", "  and sum by (SETUP) (relock_active) > 0\n", ""},
		"throttles of few calls":            {"RelockThrottleRatioHigh", `[5m])) >= 20`, `[5m])) > 0`},
		"another limit for throttles":       {"RelockThrottleRatioHigh", "ratio_rate5m > 0.05", "ratio_rate5m > 0.6"},
		"failures of few users":             {"RelockFailureRatioHigh", `[10m])) >= 20`, `[10m])) > 0`},
		"failures among the excluded":       {"RelockFailureRatioHigh", `outcome!~"UNTRIED"`, `outcome!~"none"`},
		"a cancelled job fails":             {"RelockFailureRatioHigh", "|missing", "|missing|cancelled"},
		"another limit for failures":        {"RelockFailureRatioHigh", "ratio_rate10m > 0.1", "ratio_rate10m > 0.01"},
		"dead letters at any time":          {"RelockDeadLetters", "(relock_dead_letter_messages) > 0", "(relock_dead_letter_messages) >= 0"},
		"the retention is forgotten":        {"RelockWillMissRetention", "+ on (SETUP, instance) group_left () relock_queue_retention_seconds", "+ 86400"},
		"the time left only while it moves": {"RelockWillMissRetention", "    or max by (SETUP) (relock_pace", "    and max by (SETUP) (relock_pace"},
		"one refusal is an alarm":           {"RelockCredentialsFailing", "[2m])) > 0", "[10m])) > 0"},
		"refusals of the queue":             {"RelockCredentialsFailing", `result="refused"`, `result="error"`},
		"no worker for six hours":           {"RelockNoActiveWorker", "[14d]", "[6h]"},
		"no work, and no worker":            {"RelockNoActiveWorker", "[14d]) > 0", "[14d]) >= 0"},
		"the last sample of a job":          {"RelockNoActiveWorker", "  or 0 * (sum by (SETUP) (relock_active) > 0)", ""},
		"sign-outs are no work":             {"RelockNoActiveWorker", ` or relock_job_sign_outs_pending`, ""},
		"the last sample before a hold":     {"RelockNoActiveWorker", `  or 0 * sum by (SETUP) (relock_job_targets{state="pending"})`, ""},
		"a worker in another namespace":     {"RelockNoActiveWorker", "namespace, ", ""},
		"a halt in another namespace":       {"RelockHalted", "namespace, ", ""},
		"another account":                   {"RelockDeadLetters", "account, ", ""},
		"another Region":                    {"RelockNoActiveWorker", "region, ", ""},
		"a failed run":                      {"RelockScheduledRunMissing", "    > max by", "    < max by"},
		"a run that was killed":             {"RelockScheduledRunMissing", ") > 900", ") > 90000"},
		"a run that is going on":            {"RelockScheduledRunMissing", "max by (SETUP) (relock_run_last_seen_timestamp_seconds)", "max by (SETUP) (relock_run_last_start_timestamp_seconds)"},
		"another schedule's time":           {"RelockScheduledRunMissing", "(relock_run_every_seconds)", "(relock_run_every_seconds * 0 + 93 * 86400)"},
		"a first run without an end":        {"RelockScheduledRunMissing", "> 7 * 86400", "> 70 * 86400"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rules := string(files(t)["rules/relock.rules.yml"])
			spoiled := respace(rules, fill(c.old), fill(c.new))
			if spoiled == rules {
				t.Fatalf("the rules lack %q", c.old)
			}
			dir := t.TempDir()
			tests, err := unitFile(Rules(DefaultRunbook), testsOf(c.alert))
			if err != nil {
				t.Fatal(err)
			}
			for name, text := range map[string][]byte{"relock.rules.yml": []byte(spoiled), "relock_test.yml": tests} {
				if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			out, err := promtool(t, dir, "test", "rules", "relock_test.yml")
			if err == nil || !bytes.Contains([]byte(out), []byte("FAILED")) {
				t.Errorf("the tests pass: %v\n%s", err, out)
			}
		})
	}
}

// testsOf are the tests of one alert alone.
func testsOf(alert string) []unitTest {
	var list []unitTest
	for _, u := range unitTests() {
		u.checks = slices.DeleteFunc(slices.Clone(u.checks), func(c check) bool { return c.alert != alert })
		if len(u.checks) > 0 {
			list = append(list, u)
		}
	}
	return list
}

// respace replaces a text that may be a whole line, whose indentation is the file's.
func respace(rules, old, with string) string {
	if !strings.HasSuffix(old, "\n") {
		return strings.ReplaceAll(rules, old, with)
	}
	var b strings.Builder
	for line := range strings.Lines(rules) {
		if strings.TrimSpace(line) != strings.TrimSpace(old) {
			b.WriteString(line)
		}
	}
	return b.String()
}

// A halt has the severity that job.HaltReason says: critical, unless it ends by itself.
func TestTheSeverityOfAHalt(t *testing.T) {
	t.Parallel()
	rules := read(t, filepath.Join(written, "rules", "relock.rules.yml"))
	matcher := regexp.MustCompile(`relock_halted\{reason(=~|!~)"([^"]*)"\}\) == 1\n +for: 1m\n +labels:\n +severity: (\w+)`)
	found := matcher.FindAllStringSubmatch(rules, -1)
	if len(found) != 2 {
		t.Fatalf("RelockHalted has %d rules, want one for each severity", len(found))
	}
	for _, r := range job.HaltReasons() {
		want, got := "critical", []string{}
		if r.SelfClearing() {
			want = "warning"
		}
		for _, f := range found {
			listed := slices.Contains(strings.Split(f[2], "|"), string(r))
			if listed == (f[1] == "=~") {
				got = append(got, f[3])
			}
		}
		if !slices.Equal(got, []string{want}) {
			t.Errorf("the halt %s is %q, want %s alone: make dashboards", r, got, want)
		}
	}
}
