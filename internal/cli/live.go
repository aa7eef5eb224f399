package cli

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"relock/internal/worker"
)

const (
	// liveEvery is how often the block on a terminal is drawn anew.
	liveEvery = 500 * time.Millisecond
	// lineEvery is how often a line is logged where there is no terminal.
	lineEvery = 30 * time.Second
)

// show tells of the run until the function that it returns is called: a live
// block on a screen, a line in the log elsewhere.
func show(ctx context.Context, sc *screen, w *worker.Worker, log *slog.Logger) func() {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	wg.Go(func() {
		if sc != nil {
			live(ctx, sc, w)
		} else {
			lines(ctx, w, log)
		}
	})
	return func() { cancel(); wg.Wait() }
}

func lines(ctx context.Context, w *worker.Worker, log *slog.Logger) {
	tick := time.NewTicker(lineEvery)
	defer tick.Stop()
	var r recent
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		st := w.Status()
		for _, j := range st.Jobs {
			log.Info("progress", "job", j.Job.ID, "state", string(j.Job.State), "targets", j.Totals.Targets,
				"pending", j.Totals.Pending, "failed", j.Totals.Failed(), "repeated", j.Totals.Repeated)
		}
		r.add(time.Now(), done(st))
		log.Info("pace", "pace", round(st.Pace.Pace), "budget", round(st.Pace.Budget),
			"throttles", st.Pace.Throttles, "in_flight", st.Pace.InFlight, "eta", r.eta(pending(st)))
	}
}

// live draws a block of a few lines and draws over it, for the last time when the
// run has ended.
func live(ctx context.Context, sc *screen, wk *worker.Worker) {
	tick := time.NewTicker(liveEvery)
	defer tick.Stop()
	var r recent
	for {
		st := wk.Status()
		r.add(time.Now(), done(st))
		sc.draw(blockOf(st, r.eta(pending(st)), width(sc.w), os.Getenv("NO_COLOR") == ""))
		if ctx.Err() != nil {
			return
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// Escape sequences of ECMA-48 for bold red text, and for its end.
const (
	alarm  = "\x1b[1;31m"
	normal = "\x1b[0m"
)

// blockOf is the live block, no line of it wider than the terminal.
func blockOf(st worker.Status, eta string, width int, colour bool) string {
	var b strings.Builder
	line := func(before, after, format string, args ...any) {
		text := []rune(fmt.Sprintf(format, args...))
		b.WriteString(before + string(text[:min(len(text), width)]) + after + "\n")
	}
	for _, j := range st.Jobs {
		line("", "", "%s %s  %s", meter(j), j.Job.ID, outcomesLine(j))
	}
	if len(st.Jobs) == 0 {
		line("", "", "no open job for these user pools; waiting")
	}
	line("", "", "pace %.1f of %.1f a second, %d throttled, %d in flight, %s", st.Pace.Pace, st.Pace.Budget, st.Pace.Throttles, st.Pace.InFlight, eta)
	if st.Halt != nil {
		before, after := alarm, normal
		if !colour {
			before, after = "", ""
		}
		line(before, after, "HALTED: %s since %s", haltWords(*st.Halt), st.Halt.Since.Local().Format("15:04"))
		for _, text := range wrap(st.Halt.Reason.Remedy(), max(width-2, 10)) {
			line("", "", "  %s", text)
		}
	}
	return b.String()
}

const meterWidth = 20

func meter(j worker.JobStatus) string {
	all := max(j.Job.Counts.Targets, j.Totals.Targets, 1)
	full := int(meterWidth * (j.Totals.Targets - j.Totals.Pending) / all)
	return "[" + strings.Repeat("=", full) + strings.Repeat(" ", meterWidth-full) + "]"
}

func done(st worker.Status) (n int64) {
	for _, j := range st.Jobs {
		n += j.Totals.Targets - j.Totals.Pending
	}
	return n
}

func pending(st worker.Status) (n int64) {
	for _, j := range st.Jobs {
		n += j.Pending()
	}
	return n
}

func round(f float64) float64 { return float64(int(f*100+0.5)) / 100 }
