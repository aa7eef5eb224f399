package main

import (
	"fmt"
	"io"
	"time"

	"relock/internal/pace/sim"
)

// bars prints each bar with what was measured, and counts those missed.
func bars(w io.Writer, seeds int) (missed int) {
	fmt.Fprintln(w, "\n## Bars\n\n| bar | measured | |\n|---|---|---|")
	bar := func(held bool, name, format string, a ...any) {
		mark := "held"
		if !held {
			mark = "**missed**"
			missed++
		}
		fmt.Fprintf(w, "| %s | %s | %s |\n", name, fmt.Sprintf(format, a...), mark)
	}

	for _, key := range []string{"alone", "slow"} {
		s := sim.ByKey(key)
		runs := many(s, byDefault(), seeds)
		least, own := stat(runs, sim.Run.Worst10s), stat(runs, sim.Run.OwnThrottled)
		bar(least.Low >= 0.99*24 && own.High == 0,
			s.Name+": ≥ 99 % of the budget of 24 in every 10 s, no throttle",
			"%.2f %% in the worst 10 s, %.2f %% throttled", least.Low/24*100, own.High)
	}

	s := sim.ByKey("users10")
	our := measure("", many(s, learner(), seeds))
	bar(our.theirs.Median <= 0.35 && our.use.Median >= 97,
		s.Name+": ≤ 0.35 % of theirs throttled, ≥ 97 % of the free quota used",
		"%s %%, %s %%", cell(our.theirs, 2), cell(our.use, 1))

	for _, key := range []string{"halves", "halves3"} {
		s := sim.ByKey(key)
		runs := many(s, learner(), seeds)
		own := stat(runs, func(r sim.Run) float64 {
			return r.OwnThrottledBetween(10*time.Minute+10*time.Second, s.Length)
		})
		half := stat(runs, func(r sim.Run) float64 {
			return r.OwnThrottledBetween(10*time.Minute+10*time.Second, 20*time.Minute)
		})
		minute := stat(runs, func(r sim.Run) float64 {
			return r.OwnThrottledBetween(10*time.Minute+10*time.Second, 11*time.Minute+10*time.Second)
		})
		back := stat(runs, func(r sim.Run) float64 {
			d, ok := r.Reached(20*time.Minute, 0.9*sim.Quota)
			if !ok {
				d = s.Length
			}
			return d.Seconds()
		})
		bar(own.High < 0.5 && half.High < 0.5, s.Name+": own throttles < 0.5 % from 10 s after the halving on",
			"%s %%; while halved %s %%, in its first minute %s %%", cell(own, 2), cell(half, 2), cell(minute, 2))
		bar(back.High <= 60, s.Name+": ≥ 90 % of min(budget, quota) within 60 s of the doubling", "after %s s", cell(back, 0))
	}

	for _, b := range []struct {
		key string
		use float64
	}{{"bucket3", 35}, {"window", 60}} {
		s := sim.ByKey(b.key)
		our := measure("", many(s, learner(), seeds))
		best := bestFixed(s, our, seeds)
		d := our.theirs.Median - best.theirs.Median
		bar(d <= 0.5 && our.use.Median >= b.use,
			fmt.Sprintf("%s: within 0.5 points of the best fixed rate at the same use, use ≥ %.0f %%", s.Name, b.use),
			"%.2f points (%s %% against %s %%), use %s %%", d, cell(our.theirs, 2), cell(best.theirs, 2), cell(our.use, 1))
	}
	return missed
}
