package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"relock/internal/worker"
)

const (
	// liveEvery is how often the block on a terminal is drawn anew.
	liveEvery = 500 * time.Millisecond
	// lineEvery is how often a line is logged where there is no terminal.
	lineEvery = 30 * time.Second
)

// screen is a terminal with a block of lines at its end that is drawn over; what
// is written to it, such as the log, goes above the block. Its methods may be
// called concurrently.
type screen struct {
	w io.Writer

	mu    sync.Mutex
	block string
}

// Write implements io.Writer.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := io.WriteString(s.w, s.erase()); err != nil {
		return 0, err
	}
	n, err := s.w.Write(p)
	say(s.w, "%s", s.block)
	return n, err
}

// draw replaces the block.
func (s *screen) draw(block string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	say(s.w, "%s%s", s.erase(), block)
	s.block = block
}

func (s *screen) erase() string {
	if n := strings.Count(s.block, "\n"); n > 0 {
		return fmt.Sprintf("\x1b[%dA\x1b[J", n)
	}
	return ""
}

// newScreen returns the streams to log to, and the screen if standard error is a
// terminal that can be drawn on.
func newScreen(s Streams) (Streams, *screen) {
	if !isTerminal(s.Err) || os.Getenv("TERM") == "dumb" {
		return s, nil
	}
	sc := &screen{w: s.Err}
	return Streams{In: s.In, Out: s.Out, Err: sc}, sc
}

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

// live draws a block of a few lines and draws over it.
func live(ctx context.Context, sc *screen, wk *worker.Worker) {
	tick := time.NewTicker(liveEvery)
	defer tick.Stop()
	var r recent
	for {
		st := wk.Status()
		r.add(time.Now(), done(st))
		sc.draw(blockOf(st, r.eta(pending(st)), width(sc.w)))
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func blockOf(st worker.Status, eta string, width int) string {
	var b strings.Builder
	line := func(format string, args ...any) {
		text := []rune(fmt.Sprintf(format, args...))
		b.WriteString(string(text[:min(len(text), width)]) + "\n")
	}
	for _, j := range st.Jobs {
		line("%s %s  %s", meter(j), j.Job.ID, outcomesLine(j))
	}
	line("pace %.1f of %.1f a second, %d throttled, %d in flight, %s", st.Pace.Pace, st.Pace.Budget, st.Pace.Throttles, st.Pace.InFlight, eta)
	if st.Halt != nil {
		line("HALTED: %s", haltWords(*st.Halt))
	}
	return b.String()
}

const meterWidth = 20

func meter(j worker.JobStatus) string {
	all := max(j.Job.Counts.Targets, j.Totals.Targets, 1)
	full := int(meterWidth * (j.Totals.Targets - j.Totals.Pending) / all)
	return "[" + strings.Repeat("=", full) + strings.Repeat(" ", meterWidth-full) + "]"
}

// width is how wide the terminal is, less one so that nothing wraps.
func width(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 1 {
			return n - 1
		}
	}
	return 79
}

func done(st worker.Status) (n int64) {
	for _, j := range st.Jobs {
		n += j.Totals.Targets - j.Totals.Pending
	}
	return n
}

func pending(st worker.Status) (n int64) {
	for _, j := range st.Jobs {
		n += max(j.Job.Counts.Targets, j.Totals.Targets) - (j.Totals.Targets - j.Totals.Pending)
	}
	return n
}

func round(f float64) float64 { return float64(int(f*100+0.5)) / 100 }

// recent is the speed over the last minute, so that the time left follows what
// is happening and not what happened at the start.
type recent struct {
	at []time.Time
	n  []int64
}

const recentFor = time.Minute

func (r *recent) add(now time.Time, n int64) {
	r.at, r.n = append(r.at, now), append(r.n, n)
	for len(r.at) > 2 && now.Sub(r.at[0]) > recentFor {
		r.at, r.n = r.at[1:], r.n[1:]
	}
}

// eta is the time left, or that it is not known. It is never negative.
func (r *recent) eta(pending int64) string {
	if pending <= 0 {
		return "done"
	}
	last := len(r.at) - 1
	if last < 1 || r.n[last] <= r.n[0] {
		return "time left not known"
	}
	rate := float64(r.n[last]-r.n[0]) / r.at[last].Sub(r.at[0]).Seconds()
	return "about " + human(time.Duration(float64(pending)/rate*float64(time.Second))) + " left"
}
