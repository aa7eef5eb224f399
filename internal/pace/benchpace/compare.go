package main

import (
	"fmt"
	"io"
	"runtime"
	"sync"

	"relock/internal/pace"
	"relock/internal/pace/sim"
)

// learner is ours with the whole quota for a budget, so that what it leaves is
// due to the learning and not to the 80 %.
func learner() sim.Strategy {
	return sim.Ours("ours, budget = quota", pace.Config{Quota: sim.Quota, Budget: sim.Quota})
}

func byDefault() sim.Strategy {
	return sim.Ours("ours, budget 80 %", pace.Config{Quota: sim.Quota, Budget: pace.Share * sim.Quota})
}

func others() []sim.Strategy {
	return []sim.Strategy{
		sim.Unlimited(64),
		sim.Fixed("fixed at the quota", sim.Quota),
		sim.Fixed("fixed at 80 %", pace.Share*sim.Quota),
		sim.SDKStandard(64),
		sim.SDKAdaptive(64),
		sim.AIMD("AIMD +0.2/s × 0.7", sim.Quota, sim.Quota, 0.2, 0.7),
		sim.AIMD("AIMD +1/s × 0.5", sim.Quota, sim.Quota, 1, 0.5),
	}
}

// many runs a strategy with every seed, on all cores.
func many(s *sim.Scenario, st sim.Strategy, seeds int) []sim.Run {
	runs := make([]sim.Run, seeds)
	parallel(seeds, func(i int) { runs[i] = sim.Simulate(s, st, seed(i)) })
	return runs
}

func parallel(n int, f func(i int)) {
	slot := make(chan struct{}, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for i := range n {
		slot <- struct{}{}
		wg.Go(func() {
			defer func() { <-slot }()
			f(i)
		})
	}
	wg.Wait()
}

func stat[R any](runs []R, of func(R) float64) sim.Stat {
	v := make([]float64, len(runs))
	for i, r := range runs {
		v[i] = of(r)
	}
	return sim.StatOf(v)
}

type row struct {
	name                     string
	use, own, theirs, perSec sim.Stat
}

func measure(name string, runs []sim.Run) row {
	return row{name,
		stat(runs, sim.Run.Use), stat(runs, sim.Run.OwnThrottled),
		stat(runs, sim.Run.TheirsThrottled), stat(runs, sim.Run.Rate)}
}

// beats reports whether a has both higher use and fewer of theirs throttled than
// b, outside the intervals.
func (a row) beats(b row) bool {
	return a.use.Low > b.use.High && a.theirs.High < b.theirs.Low
}

// bestFixed is the fixed rate that makes the same use as ours: what one would have
// set had one known the whole run.
func bestFixed(s *sim.Scenario, our row, seeds int) row {
	lo, hi := 0.0, 2*float64(sim.Quota)
	rate := our.perSec.Median
	var r row
	for range 5 {
		r = measure(fmt.Sprintf("best fixed in hindsight: %.2f", rate), many(s, sim.Fixed("", rate), seeds))
		if d := r.use.Median - our.use.Median; d > 0.1 {
			hi = rate
		} else if d < -0.1 {
			lo = rate
		} else {
			break
		}
		next := rate * our.use.Median / r.use.Median
		if next <= lo || next >= hi {
			next = (lo + hi) / 2
		}
		rate = next
	}
	return r
}

// compare prints a table for each scenario, and counts the strategies that beat
// ours.
func compare(w io.Writer, seeds int) (beaten int) {
	for _, s := range sim.Scenarios() {
		our := measure(learner().Name, many(s, learner(), seeds))
		rows := []row{our, measure(byDefault().Name, many(s, byDefault(), seeds)), bestFixed(s, our, seeds)}
		for _, st := range others() {
			rows = append(rows, measure(st.Name, many(s, st, seeds)))
		}
		fmt.Fprintf(w, "\n### %s\n\n", s.Name)
		fmt.Fprintln(w, "| strategy | use of the free quota, % | own throttled, % | theirs throttled, % | resets a second | 100,000 users take |")
		fmt.Fprintln(w, "|---|---|---|---|---|---|")
		for i, r := range rows {
			mark := ""
			if i > 1 && r.beats(our) {
				mark = " **beats ours**"
				beaten++
			}
			fmt.Fprintf(w, "| %s%s | %s | %s | %s | %s | %s |\n", r.name, mark,
				cell(r.use, 1), cell(r.own, 2), cell(r.theirs, 2), cell(r.perSec, 2), hours(r.perSec.Median))
		}
	}
	return beaten
}

func cell(s sim.Stat, digits int) string {
	if s.Low == s.High {
		return fmt.Sprintf("%.*f", digits, s.Median)
	}
	return fmt.Sprintf("%.*f (%.*f–%.*f)", digits, s.Median, digits, s.Low, digits, s.High)
}

func hours(rate float64) string {
	m := int(pace.Estimate(100_000, rate).Minutes() + 0.5)
	return fmt.Sprintf("%d h %02d min", m/60, m%60)
}
