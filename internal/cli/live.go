package cli

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"relock/internal/job"
	"relock/internal/number"
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
			args := []any{
				"job", j.Job.ID, "state", string(j.Job.State), "targets", j.Totals.Targets,
				"pending", j.Totals.Pending, "failed", j.Totals.Failed(), "repeated", j.Totals.Repeated,
			}
			if j.Job.Policy.SignOut {
				args = append(args, "signed_out", j.Totals.SignOuts[job.SignOutDone],
					"sign_outs_pending", j.Totals.SignOuts[job.SignOutPending], "sign_outs_failed", j.Totals.SignOuts[job.SignOutFailed])
			}
			log.Info("progress", args...)
		}
		r.look(time.Now(), st)
		if st.Active != "" {
			logTheirs(log, st)
			continue
		}
		log.Info("pace", "pace", round(st.Pace.Pace), "budget", round(st.Pace.Budget),
			"throttles", st.Pace.Throttles, "in_flight", st.Pace.InFlight, "eta", timeLeft(&r, st))
		if signsOut(st) {
			log.Info("pace of sign-outs", "pace", round(st.SignOuts.Pace), "budget", round(st.SignOuts.Budget),
				"throttles", st.SignOuts.Throttles, "in_flight", st.SignOuts.InFlight)
		}
	}
}

// logTheirs is a standby's line about the worker that calls.
func logTheirs(log *slog.Logger, st worker.Status) {
	args := []any{"active", st.Active}
	if t := st.Theirs; t != nil {
		args = append(args, "pace", round(t.Pace), "budget", round(t.Budget), "throttles", t.Throttles, "in_flight", t.InFlight, "at", t.At)
	}
	log.Info("pace of the active worker", args...)
}

// live draws a block of a few lines and draws over it, for the last time when the
// run has ended.
func live(ctx context.Context, sc *screen, wk *worker.Worker) {
	tick := time.NewTicker(liveEvery)
	defer tick.Stop()
	var r recent
	for {
		st := wk.Status()
		r.look(time.Now(), st)
		sc.draw(blockOf(st, timeLeft(&r, st), width(sc.w), os.Getenv("NO_COLOR") == ""))
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
		text := []rune(number.Text(format, args...))
		b.WriteString(before + string(text[:min(len(text), width)]) + after + "\n")
	}
	for _, j := range st.Jobs {
		line("", "", "%s %s  %s", meter(j), j.Job.ID, outcomesLine(j))
	}
	if len(st.Jobs) == 0 {
		line("", "", "no open job for these user pools; waiting")
	}
	if st.Active != "" {
		line("", "", "standing by: %s is the active worker", st.Active)
		if t := st.Theirs; t != nil {
			line("", "", "its pace %.1f of %.1f a second, %d throttled, %d in flight", t.Pace, t.Budget, t.Throttles, t.InFlight)
		}
		return b.String()
	}
	line("", "", "pace %.1f of %.1f a second, %d throttled, %d in flight, %s", st.Pace.Pace, st.Pace.Budget, st.Pace.Throttles, st.Pace.InFlight, eta)
	if signsOut(st) {
		s := st.SignOuts
		line("", "", "sign-outs %.1f of %.1f a second, %d throttled, %d in flight", s.Pace, s.Budget, s.Throttles, s.InFlight)
	}
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

func pending(st worker.Status) (n int64) {
	for _, j := range st.Jobs {
		n += j.Pending()
	}
	return n
}

// signsOut reports whether a job of the run ends sessions.
func signsOut(st worker.Status) bool {
	return slices.ContainsFunc(st.Jobs, func(j worker.JobStatus) bool { return j.Job.Policy.SignOut })
}

// timeLeft says when the run is done, or why that is not known. Before there is a
// speed worth telling, the pace stands in for it.
func timeLeft(r *recent, st worker.Status) string {
	open := func(j worker.JobStatus) bool { return j.Job.State == job.StateOpen || j.Job.State == job.StateStaging }
	ending := func(j worker.JobStatus) bool { return j.Totals.SignOuts[job.SignOutPending] > 0 }
	n := pending(st)
	switch {
	case len(st.Jobs) == 0:
		return "nothing to do"
	case n <= 0 && slices.ContainsFunc(st.Jobs, ending):
		return "ending the last sessions"
	case n <= 0:
		return "done"
	case st.Halt != nil:
		return "halted"
	case st.Active != "":
		return "standing by"
	case !slices.ContainsFunc(st.Jobs, open):
		return "paused"
	}
	pace := st.Pace.Pace
	if signsOut(st) {
		pace = min(pace, st.SignOuts.Pace)
	}
	last := len(r.at) - 1
	switch rate := r.rate(); {
	case last >= 0 && r.at[last].Sub(r.at[0]) >= recentLeast && rate > 0:
		return left(n, rate)
	case last >= 0 && r.at[last].Sub(r.at[0]) >= recentFor || pace <= 0:
		return "time left not known: nothing has moved for a minute"
	default:
		return left(n, pace)
	}
}

func round(f float64) float64 { return float64(int(f*100+0.5)) / 100 }
