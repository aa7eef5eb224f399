package cli

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"relock/internal/job"
	"relock/internal/number"
	"relock/internal/report/progress"
	"relock/internal/worker"
)

const (
	// liveEvery is how often the block on a terminal is drawn anew.
	liveEvery = 500 * time.Millisecond
	// lineEvery is how often a line is logged where there is no terminal.
	lineEvery = 30 * time.Second
)

// show reports the run until the function that it returns is called: a live block on
// a screen, a line in the log elsewhere.
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
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			logStatus(log, w.Status(), time.Now())
		}
	}
}

// logStatus logs how a run stands.
func logStatus(log *slog.Logger, st worker.Status, now time.Time) {
	for _, j := range st.Jobs {
		args := []any{
			"job", j.Job.ID, "state", string(j.Job.State), "targets", j.Totals.Targets,
			"pending", j.Totals.Pending, "failed", j.Totals.Failed(), "repeated", j.Totals.Repeated,
		}
		if j.Job.Policy.SignOut {
			args = append(args, "signed_out", j.Totals.SignOuts[job.SignOutDone],
				"sign_outs_pending", j.Totals.SignOuts[job.SignOutPending], "sign_outs_failed", j.Totals.SignOuts[job.SignOutFailed])
		}
		if text := progress.Job(j).Canary(st.Halt); text != "" {
			args = append(args, "canary", text)
		}
		log.Info("progress", args...)
	}
	eta := st.Run().Time(now)
	if st.Active != "" {
		args := []any{"active", st.Active}
		if st.Silent > 0 {
			args = append(args, "silent_for", st.Silent.Round(time.Second))
		} else if t := st.Theirs; t != nil {
			args = append(args, "pace", round(t.Pace), "budget", round(t.Budget), "throttles", t.Throttles, "in_flight", t.InFlight, "eta", eta, "at", t.At)
		}
		log.Info("pace of the active worker", args...)
		return
	}
	log.Info("pace", "pace", round(st.Pace.Pace), "budget", round(st.Pace.Budget),
		"throttles", st.Pace.Throttles, "in_flight", st.Pace.InFlight, "eta", eta)
	if signsOut(st) {
		log.Info("pace of sign-outs", "pace", round(st.SignOuts.Pace), "budget", round(st.SignOuts.Budget),
			"throttles", st.SignOuts.Throttles, "in_flight", st.SignOuts.InFlight)
	}
}

// live draws a block of a few lines and draws over it, for the last time when the
// run has ended.
func live(ctx context.Context, sc *screen, wk *worker.Worker) {
	tick := time.NewTicker(liveEvery)
	defer tick.Stop()
	for {
		sc.draw(blockOf(wk.Status(), time.Now(), width(sc.w), os.Getenv("NO_COLOR") == ""))
		if ctx.Err() != nil {
			return
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// block is a few lines of text, none wider than the terminal.
type block struct {
	strings.Builder
	width  int
	colour bool
}

// line adds a line, and cuts what sticks out.
func (b *block) line(format string, args ...any) {
	text := []rune(fmt.Sprintf(format, args...))
	b.WriteString(string(text[:min(len(text), b.width)]) + "\n")
}

// joined adds two parts of a line, the second below the first where both do not fit.
func (b *block) joined(first, between, second string) {
	whole := first + between + second
	switch {
	case second == "":
		b.line("%s", first)
	case len([]rune(whole)) <= b.width:
		b.line("%s", whole)
	default:
		b.line("%s", first)
		b.wrapped("  ", "%s", second)
	}
}

// wrapped adds a text of as many lines as it takes.
func (b *block) wrapped(indent, format string, args ...any) {
	for _, text := range wrap(fmt.Sprintf(format, args...), max(b.width-len(indent), 10)) {
		b.line("%s%s", indent, text)
	}
}

// Escape sequences of ECMA-48 for bold red text, and for its end.
const (
	alarm  = "\x1b[1;31m"
	normal = "\x1b[0m"
)

// halted adds a halt, since when, and its remedy.
// stays says that a worker goes on after it.
func (b *block) halted(h job.Halt, since string, stays bool) {
	text := []rune(fmt.Sprintf("HALTED: %s since %s", progress.HaltText(h), since))
	text = text[:min(len(text), b.width)]
	if b.colour {
		b.WriteString(alarm + string(text) + normal + "\n")
	} else {
		b.WriteString(string(text) + "\n")
	}
	b.wrapped("  ", "%s", h.Remedy(stays))
}

// blockOf is the live block, no line of it wider than the terminal.
func blockOf(st worker.Status, now time.Time, width int, colour bool) string {
	b := &block{width: width, colour: colour}
	for _, j := range st.Jobs {
		p := progress.Job(j)
		b.joined(meter(p)+" "+j.Job.ID, "  ", p.String())
		if text := p.Canary(st.Halt); text != "" {
			b.wrapped("  ", "canary: %s", text)
		}
	}
	if len(st.Jobs) == 0 {
		b.line("no open job for these user pools; waiting")
	}
	if st.Active != "" {
		standingBy(b, st, now)
		return b.String()
	}
	r := st.Run()
	b.joined("pace "+pacing(st.Pace.Pace, st.Pace.Budget, st.Pace.Throttles, st.Pace.InFlight), ", ", timeText(r, now))
	if signsOut(st) {
		s := st.SignOuts
		b.line("sign-outs %s", pacing(s.Pace, s.Budget, s.Throttles, s.InFlight))
	}
	if st.Halt != nil {
		b.halted(*st.Halt, st.Halt.Since.Local().Format("15:04"), !st.HaltEnds)
	}
	return b.String()
}

func pacing(pace, budget float64, throttles uint64, inFlight int) string {
	return fmt.Sprintf("%.1f of %.1f a second, %s throttled, %s in flight", pace, budget, number.Group(int64(throttles)), number.Group(int64(inFlight)))
}

// timeText is the time left, or why there is none. A halt has lines of its own.
func timeText(r progress.Run, now time.Time) string {
	switch r.State() {
	case progress.Halted:
		return ""
	case progress.NoWorker:
		return "no worker is active: this one waits for the lease in the ledger"
	default:
		return r.Time(now)
	}
}

// standingBy adds how the active worker stands.
func standingBy(b *block, st worker.Status, now time.Time) {
	if st.Silent > 0 {
		b.wrapped("", "standing by: %s has been silent for %s; this worker takes over in %s at the latest", st.Active, number.Duration(st.Silent), number.Duration(st.TakeOver()))
		return
	}
	b.line("standing by: %s is the active worker", st.Active)
	t, r := st.Theirs, st.Run()
	if t == nil {
		return
	}
	b.joined("its pace "+pacing(t.Pace, t.Budget, t.Throttles, t.InFlight), ", ", timeText(r, now))
}

const meterWidth = 20

// meter is full only when nothing is left to do.
func meter(j progress.Job) string {
	full := int(meterWidth * j.Finished() / max(j.All(), 1))
	return "[" + strings.Repeat("=", full) + strings.Repeat(" ", meterWidth-full) + "]"
}

// signsOut reports whether a job of the run ends sessions.
func signsOut(st worker.Status) bool {
	return slices.ContainsFunc(st.Jobs, func(j worker.JobStatus) bool { return j.Job.Policy.SignOut })
}

func round(f float64) float64 { return float64(int(f*100+0.5)) / 100 }
