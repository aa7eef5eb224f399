package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"relock/internal/dashboard"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The crew ends what it started, and says what ended before its time.
func TestCrew(t *testing.T) {
	c := newCrew(t.Context(), t.TempDir())
	line, err := c.listen("talker", "sh", "-c", "echo listening; exec sleep 600")
	if err != nil || line != "listening\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if err := c.dead(); err != nil {
		t.Error(err)
	}
	if err := c.once(t.Context(), "good", "true"); err != nil {
		t.Error(err)
	}
	if err := c.once(t.Context(), "bad", "false"); err == nil || !strings.Contains(err.Error(), "bad.log") {
		t.Errorf("%v, want the log named", err)
	}
	c.stop() // goleak and this test's end say that sleep is gone
	if err := c.dead(); err != nil {
		t.Errorf("what was stopped counts as dead: %v", err)
	}

	c = newCrew(t.Context(), t.TempDir())
	if err := c.start("short", "true"); err != nil {
		t.Fatal(err)
	}
	c.wait.Wait()
	if err := c.dead(); err == nil || !strings.Contains(err.Error(), "short ended before its time") {
		t.Errorf("%v, want who ended", err)
	}
	c.stop()
}

// answering is a Prometheus that has one answer for each query.
func answering(t *testing.T, answers map[string]string) prometheus {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := answers[r.FormValue("query")]
		if !ok {
			fmt.Fprintf(w, `{"status":"error","error":"unknown query"}`)
			return
		}
		fmt.Fprintf(w, `{"status":"success","data":{"result":%s}}`, a)
	}))
	t.Cleanup(srv.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return prometheus{base: srv.URL}
}

func TestPrometheus(t *testing.T) {
	p := answering(t, map[string]string{
		"one":                         `[{"metric":{},"value":[1,"2.5"]}]`,
		"two":                         `[{"metric":{},"value":[1,"2.5"]},{"metric":{},"value":[1,"NaN"]}]`,
		"range":                       `[{"metric":{},"values":[[1,"NaN"],[2,"3"]]}]`,
		`ALERTS{alertstate="firing"}`: `[{"metric":{"alertname":"B"},"value":[1,"1"]},{"metric":{"alertname":"A"},"value":[1,"1"]},{"metric":{"alertname":"B"},"value":[1,"1"]}]`,
	})
	if n, err := p.number(t.Context(), "one"); err != nil || n != 2.5 {
		t.Errorf("%v, %v", n, err)
	}
	if _, err := p.number(t.Context(), "two"); err == nil {
		t.Error("two values are one number")
	}
	if _, err := p.number(t.Context(), "nonsense"); err == nil || !strings.Contains(err.Error(), "unknown query") {
		t.Errorf("%v, want Prometheus's own words", err)
	}
	if rs, err := p.instant(t.Context(), "two"); err != nil || samples(rs) != 1 {
		t.Errorf("%d samples, %v: NaN is no data", samples(rs), err)
	}
	if rs, err := p.over(t.Context(), "range", time.Now()); err != nil || samples(rs) != 1 {
		t.Errorf("%d samples, %v", samples(rs), err)
	}
	if names, err := p.firing(t.Context()); err != nil || !slices.Equal(names, []string{"A", "B"}) {
		t.Errorf("%v, %v", names, err)
	}
}

// A panel without data fails the run, and is named.
func TestWalkFindsAnEmptyPanel(t *testing.T) {
	dir := t.TempDir()
	d := dashboard.Dashboard{
		Annotations: dashboard.Annotations{List: []dashboard.Annotation{{Expr: "marks"}}},
		Panels: []dashboard.Panel{
			{Type: "row", Title: "a row"},
			{Type: "stat", Title: "full", Targets: []dashboard.Target{{RefID: "A", Expr: `full{job=~"$job"}`, Instant: true}}},
			{Type: "stat", Title: "empty", Targets: []dashboard.Target{{RefID: "A", Expr: "empty", Instant: true}}},
		},
	}
	text, err := d.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "relock.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	s := &scene{begun: time.Now(), files: dir, prom: answering(t, map[string]string{
		"marks": `[{"metric":{},"values":[[1,"1"]]}]`, `full{job=~".+"}`: `[{"metric":{},"value":[1,"1"]}]`, "empty": `[{"metric":{},"value":[1,"NaN"]}]`,
	})}
	if err := s.walk(context.Background()); err == nil || !strings.Contains(err.Error(), `"empty" (A)`) || strings.Contains(err.Error(), "full") {
		t.Errorf("%v, want the empty panel alone", err)
	}
}
