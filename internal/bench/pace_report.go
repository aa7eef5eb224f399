package main

import (
	"fmt"
	"math"
	"time"
)

// count counts the calls that the filter keeps.
func count(calls []call, keep func(call) bool) (n float64) {
	for _, c := range calls {
		if keep(c) {
			n++
		}
	}
	return n
}

func percent(part, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return 100 * part / whole
}

// last is when our last call was made.
func last(calls []call) (t time.Duration) {
	for _, c := range calls {
		if c.ours {
			t = max(t, c.since)
		}
	}
	return t
}

// reportAlone: the worst window of ten seconds after the first second.
func reportAlone(calls []call) {
	const budget, window = 24, 10 * time.Second
	worst := math.Inf(1)
	for from := time.Second; from+window < last(calls); from += 100 * time.Millisecond {
		worst = min(worst, count(calls, func(c call) bool { return c.ours && c.since >= from && c.since < from+window }))
	}
	throttled := count(calls, func(c call) bool { return c.throttled })
	fmt.Printf("    worst window of 10 s: %.2f %% of the budget (bar: 99), %.0f throttled (bar: 0)\n", percent(worst, budget*window.Seconds()), throttled)
}

// reportUsers: what users were refused and how much of the free quota was used,
// without the first minute.
func reportUsers(calls []call) {
	end := last(calls)
	late := func(c call) bool { return c.since >= time.Minute && c.since <= end }
	theirs := count(calls, func(c call) bool { return !c.ours && late(c) })
	refused := count(calls, func(c call) bool { return !c.ours && late(c) && c.throttled })
	ours := count(calls, func(c call) bool { return c.ours && late(c) })
	granted := count(calls, func(c call) bool { return c.ours && late(c) && !c.throttled })
	seconds := (end - time.Minute).Seconds()
	free := 30*seconds - theirs
	fmt.Printf("    %.0f s: theirs throttled %.2f %% of %.0f (bar: 0.35), use of the free quota %.1f %% (bar: 97), own throttled %.2f %%\n",
		seconds, percent(refused, theirs), theirs, percent(granted, free), percent(ours-granted, ours))
}

// reportHalves: own throttles from 10 s after the halving on, and how soon 90 %
// of what is there is used again after the doubling.
func reportHalves(calls []call) {
	const halved, doubled, window = 60 * time.Second, 180 * time.Second, 5 * time.Second
	late := func(c call) bool { return c.ours && c.since >= halved+10*time.Second }
	refused := count(calls, func(c call) bool { return late(c) && c.throttled })
	fmt.Printf("    own throttled from 10 s after the halving on: %.2f %% (bar: 0.5)\n", percent(refused, count(calls, late)))
	for at := doubled; at+window < last(calls); at += time.Second {
		n := count(calls, func(c call) bool { return c.ours && !c.throttled && c.since >= at && c.since < at+window })
		if n >= 0.9*24*window.Seconds() {
			fmt.Printf("    90 %% of the budget %.0f s after the doubling (bar: 60)\n", (at - doubled).Seconds())
			return
		}
	}
	fmt.Println("    90 % of the budget was not reached again")
}
