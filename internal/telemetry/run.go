package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Run is what a scheduled run tells of itself through a Pushgateway, for nobody
// scrapes a process that has ended. Its methods may be called concurrently.
type Run struct {
	start, seen, end, success prometheus.Gauge
	exitCode, duration        prometheus.Gauge
	every                     prometheus.Gauge
	targets                   *prometheus.GaugeVec
}

// NewRun makes the series of a run that starts now, and whose schedule is to succeed
// again within every. Nothing is registered: what is pushed depends on how the run
// ends.
func NewRun(now time.Time, every time.Duration) *Run {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: "run_" + name, Help: help})
	}
	r := &Run{
		start:    gauge("last_start_timestamp_seconds", "When the last scheduled run started, in seconds since the epoch."),
		seen:     gauge("last_seen_timestamp_seconds", "When the last scheduled run last said that it was going on, in seconds since the epoch."),
		end:      gauge("last_end_timestamp_seconds", "When the last scheduled run ended, however it did, in seconds since the epoch."),
		success:  gauge("last_success_timestamp_seconds", "When a scheduled run last ended with an outcome for every target (exit code 0 or 3), in seconds since the epoch."),
		exitCode: gauge("last_exit_code", "Exit code of the last scheduled run that ended."),
		duration: gauge("last_duration_seconds", "How long the last scheduled run took that ended."),
		every:    gauge("every_seconds", "Within how long a run of the schedule is to succeed again."),
		targets: prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: "run_last_targets",
			Help: "Targets of the jobs of the last scheduled run that ended, by state."}, []string{"state"}),
	}
	r.start.Set(unix(now))
	r.every.Set(every.Seconds())
	r.SetTargets(0, 0, 0, 0)
	return r
}

// SetTargets counts the targets of the run's jobs.
func (r *Run) SetTargets(pending, succeeded, failed, other int64) {
	for i, n := range []int64{pending, succeeded, failed, other} {
		r.targets.WithLabelValues(TargetStates[i]).Set(float64(n))
	}
}

// Heartbeat is how often a run says that it is going on. One that has not done so
// for three times as long counts as killed.
const Heartbeat = 5 * time.Minute

// Going is what is known of a run that is going on, at its start and after it.
func (r *Run) Going(now time.Time) prometheus.Gatherer {
	r.seen.Set(unix(now))
	return gatherer(r.start, r.every, r.seen)
}

// End is what is known of a run at its end. A run that is not complete, for some
// target has no outcome, has no time of success, so that a gateway keeps that of an
// earlier run.
func (r *Run) End(now time.Time, took time.Duration, exitCode int, complete bool) prometheus.Gatherer {
	r.end.Set(unix(now))
	r.seen.Set(unix(now))
	r.exitCode.Set(float64(exitCode))
	r.duration.Set(took.Seconds())
	series := []prometheus.Collector{r.start, r.every, r.seen, r.end, r.exitCode, r.duration, r.targets}
	if complete {
		r.success.Set(unix(now))
		series = append(series, r.success)
	}
	return gatherer(series...)
}

func gatherer(series ...prometheus.Collector) prometheus.Gatherer {
	g := prometheus.NewRegistry()
	g.MustRegister(series...)
	return g
}
