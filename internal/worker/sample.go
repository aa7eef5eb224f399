package worker

import (
	"context"
	"time"

	"relock/internal/job"
	"relock/internal/pace"
	"relock/internal/telemetry"
)

// sample measures the speed every second, and notes how the run stands, until ctx
// ends.
func (w *Worker) sample(ctx context.Context) {
	tick := time.NewTicker(telemetry.HistoryEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			w.estimate.measure(now)
			if w.cfg.Samples != nil {
				w.cfg.Samples.Add(w.sampleNow())
			}
		}
	}
}

func (w *Worker) sampleNow() telemetry.Sample {
	state := w.ownRun(w.leader.Leadership() != 0).State()
	s := telemetry.Sample{
		At:     time.Now(),
		Resets: flow(w.paced(w.cfg.Pace.Snapshot(), state)), SignOuts: flow(w.paced(w.cfg.SignOuts.Snapshot(), state)),
	}
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
