package cli

import (
	"bytes"
	"encoding/json"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestBuildOf(t *testing.T) {
	t.Parallel()
	const commit = "0123456789abcdef0123456789abcdef01234567"
	vcs := []debug.BuildSetting{{Key: "vcs.revision", Value: commit}, {Key: "vcs.time", Value: "2026-11-29T09:33:00Z"}}
	for name, c := range map[string]struct {
		info                    *debug.BuildInfo
		version, revision, date string
	}{
		"a release":             {&debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}, Settings: vcs}, "v1.2.3", commit, "2026-11-29T09:33:00Z"},
		"a commit":              {&debug.BuildInfo{Main: debug.Module{Version: "(devel)"}, Settings: vcs}, "devel-0123456789ab", commit, "2026-11-29T09:33:00Z"},
		"no checkout":           {&debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, "devel", "unknown", "unknown"},
		"no build information":  {nil, "unknown", "unknown", "unknown"},
		"a module, no checkout": {&debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, "v1.2.3", "unknown", "unknown"},
	} {
		if b := buildOf(c.info); b.Version != c.version || b.Revision != c.revision || b.Date != c.date || !strings.HasPrefix(b.Go, "go") {
			t.Errorf("%s: %+v", name, b)
		}
	}
}

// Every program says the same as the metric, in words and as JSON.
func TestVersionAndMetricAgree(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(buildInfo())
	families, err := registry.Gather()
	if err != nil || len(families) != 1 || families[0].GetName() != "relock_build_info" {
		t.Fatalf("%v, %v", families, err)
	}
	metric := map[string]string{}
	for _, l := range families[0].GetMetric()[0].GetLabel() {
		metric[l.GetName()] = l.GetValue()
	}
	for name, program := range allPrograms {
		run := func(args ...string) string {
			var out bytes.Buffer
			if code := program(t.Context(), t.Context(), Streams{In: strings.NewReader(""), Out: &out, Err: &out}, append([]string{name}, args...)); code != ExitOK {
				t.Errorf("%s %v: exit %d: %s", name, args, code, &out)
			}
			return out.String()
		}
		text := run("--version")
		if !strings.HasPrefix(text, name+" version "+metric["version"]+" ") {
			t.Errorf("%s --version: %s", name, text)
		}
		var doc map[string]string
		if err := json.Unmarshal([]byte(run("--version", "--json")), &doc); err != nil {
			t.Fatal(err)
		}
		for _, member := range []string{"version", "revision", "date", "goversion"} {
			if doc[member] == "" || doc[member] != metric[member] || !strings.Contains(text, doc[member]) {
				t.Errorf("%s: %s is %q in JSON and %q in the metric; %s", name, member, doc[member], metric[member], text)
			}
		}
	}
}
