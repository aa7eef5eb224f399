package dashboard

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"relock/internal/telemetry"
)

// Kind is the type of a metric.
type Kind string

// The kinds that matter to a query.
const (
	Counter  Kind = "COUNTER"
	Gauge    Kind = "GAUGE"
	Recorded Kind = "recorded" // by a rule
)

// Known are the series that a query may name: those that a worker shows and a
// scheduled run pushes, as the very code of both makes them, and those that the
// rules record.
func Known(rules []Group) (map[string]Kind, error) {
	r := prometheus.NewRegistry()
	r.MustRegister(telemetry.BuildInfo("", "", ""), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m := telemetry.NewMetrics(r, telemetry.Sets{
		Operations: []string{"op"}, Codes: []string{"OK"}, Rejects: []string{"reason"}, QueueOperations: []string{"op"}, Bounds: []string{"quota"},
	})
	m.SetJob("j", 1, 1, 1, 1)
	m.SetJobSignOuts("j", 1)
	m.SetJobState("j", time.Now(), false)
	m.SetPace("op", telemetry.Pace{})
	m.SetBound("quota")
	m.SetDeadLetters(0)
	m.SetRetention(time.Hour)
	m.Request("op", "OK", time.Second)

	known := map[string]Kind{"ALERTS": Gauge, "up": Gauge}
	for _, g := range []prometheus.Gatherer{r, telemetry.NewRun(time.Now(), time.Hour).End(time.Now(), time.Second, 0, true)} {
		families, err := g.Gather()
		if err != nil {
			return nil, fmt.Errorf("gathering the metrics of a worker: %w", err)
		}
		for _, f := range families {
			name, kind := f.GetName(), Kind(f.GetType().String())
			known[name] = kind
			if kind == "HISTOGRAM" || kind == "SUMMARY" {
				for _, part := range []string{"_bucket", "_sum", "_count"} {
					known[name+part] = Counter
				}
			}
		}
	}
	for _, g := range rules {
		for _, rule := range g.Rules {
			if rule.Record != "" {
				known[rule.Record] = Recorded
			}
		}
	}
	return known, nil
}
