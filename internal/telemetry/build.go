package telemetry

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
)

// BuildInfo is the series relock_build_info, which is always 1: a version, the commit
// and the time of the commit.
func BuildInfo(version, revision, date string) prometheus.Collector {
	g := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: namespace, Name: "build_info", Help: "1, with what --version says, and the system.",
		ConstLabels: prometheus.Labels{
			"version": version, "revision": revision, "date": date, "goversion": runtime.Version(),
			"goos": runtime.GOOS, "goarch": runtime.GOARCH,
		},
	})
	g.Set(1)
	return g
}
