package worker

import (
	"context"
	"time"

	"relock/internal/job"
	"relock/internal/pace"
	"relock/internal/telemetry"
)

// sample notes every second how the run stands, until ctx ends.
func (w *Worker) sample(ctx context.Context) {
	if w.cfg.Samples == nil {
		return
	}
	tick := time.NewTicker(telemetry.HistoryEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			w.cfg.Samples.Add(w.sampleNow())
		}
	}
}

func (w *Worker) sampleNow() telemetry.Sample {
	s := telemetry.Sample{At: time.Now(), Resets: flow(w.cfg.Pace.Snapshot()), SignOuts: flow(w.cfg.SignOuts.Snapshot())}
	for _, st := range w.jobs.status() {
		t := st.Totals
		s.Done += t.Targets - t.Pending
		s.Failed += t.Failed()
		s.Pending += st.Pending()
		s.SignOutsPending += t.SignOuts[job.SignOutPending]
		s.SignOutsFailed += t.SignOuts[job.SignOutFailed]
	}
	return s
}

func flow(s pace.Snapshot) telemetry.Flow {
	return telemetry.Flow{Pace: s.Pace, Budget: s.Budget, Quota: s.Quota, Calls: s.Calls, Throttled: s.Throttles}
}
