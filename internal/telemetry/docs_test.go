package telemetry

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// TestThePageOfMetricsIsComplete compares docs/metrics.md with what there is.
func TestThePageOfMetricsIsComplete(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(relock_[a-z_]+)").FindAllStringSubmatch(string(text), -1) {
		documented[m[1]] = true
	}
	r, m := newTest(t)
	m.SetJob("j", 1, 2, 3, 4)
	m.SetJobSignOuts("j", 1)
	m.SetPace("AdminResetUserPassword", Pace{})
	m.SetBound("quota")
	m.SetJobState("j", time.Now(), false)
	m.SetDeadLetters(1)
	m.SetRetention(time.Hour)
	real := map[string]bool{"relock_build_info": true}
	for _, g := range []prometheus.Gatherer{r, NewRun(time.Now(), time.Hour).End(time.Now(), 0, 0, true)} {
		families, err := g.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			real[f.GetName()] = true
		}
	}
	for name := range real {
		if !documented[name] {
			t.Errorf("docs/metrics.md lacks %s", name)
		}
	}
	for name := range documented {
		if !real[name] {
			t.Errorf("docs/metrics.md has %s, which is not there", name)
		}
	}
	for name := range momentary {
		if !real[namespace+"_"+name] || !strings.Contains(string(text), "`"+namespace+"_"+name+"`") {
			t.Errorf("%s: no such series, or not documented", name)
		}
	}
}
