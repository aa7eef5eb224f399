package main

import (
	"fmt"
	"io"
	"time"

	"relock/internal/pace"
	"relock/internal/pace/sim"
)

// wave is 100,000 users who come back within the hour, a quarter of an hour after
// their reset on average; three in ten ask for another code first.
var wave = sim.Wave{Users: 100_000, Mean: 15 * time.Minute, Anew: 0.3}

const waveLength = 5 * time.Hour

// waves prints the recovery wave.
func waves(w io.Writer, seeds int) {
	fmt.Fprintf(w, "\n### recovery wave: %d users, each confirming within the hour, with retries\n\n", wave.Users)
	fmt.Fprintln(w, "| strategy | theirs throttled, % | users not recovered an hour after their reset | own throttled, % | last user reset after |")
	fmt.Fprintln(w, "|---|---|---|---|---|")
	for _, st := range []sim.Strategy{byDefault(), learner(), sim.Fixed("fixed at the quota", sim.Quota), sim.Fixed("fixed at 80 %", pace.Share*sim.Quota), sim.SDKAdaptive(64), sim.AIMD("AIMD +0.2/s × 0.7", sim.Quota, sim.Quota, 0.2, 0.7)} {
		runs := make([]sim.Waved, seeds)
		parallel(seeds, func(i int) { runs[i] = sim.SimulateWave(wave, st, seed(i), waveLength) })
		late := stat(runs, func(r sim.Waved) float64 { return float64(r.Late) })
		done := stat(runs, func(r sim.Waved) float64 { return r.Finished.Seconds() })
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s |\n", st.Name,
			cell(stat(runs, func(r sim.Waved) float64 { return r.TheirsThrottled() }), 2),
			cell(late, 0),
			cell(stat(runs, func(r sim.Waved) float64 { return r.OwnThrottled() }), 2),
			hoursOf(done.Median))
	}
}

func hoursOf(seconds float64) string {
	m := int(seconds/60 + 0.5)
	return fmt.Sprintf("%d h %02d min", m/60, m%60)
}
