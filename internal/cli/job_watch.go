package cli

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/urfave/cli/v3"

	"relock/internal/job"
	"relock/internal/number"
	"relock/internal/worker"
)

const statusHelp = `With --watch: goes on until the job is over. On a terminal it draws over what it
showed before, elsewhere it writes a line each time (an object each with --json).
Pace and throttles are those that the active worker noted in the ledger, a few
seconds old.`

func watchFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "watch", Usage: "go on until the job is over", Sources: env("watch"), Category: "Output"},
		&cli.DurationFlag{Name: "every", Usage: "with --watch: look again after this `TIME`", Value: 2 * time.Second, Sources: env("every"), Category: "Output"},
	}
}

// view is how a job stands, with what its Region's worker shows of itself.
type view struct {
	worker.JobStatus
	halt  *job.Halt
	shown *worker.Shown // nil where no worker holds the lease, or none is known
	seen  time.Time
}

// lookAt reads how a job stands, with the halt and the worker of its account and
// Region.
func lookAt(ctx context.Context, led Ledger, id string) (view, error) {
	v := view{seen: time.Now()}
	jb, err := led.Job(ctx, id)
	if err != nil {
		return v, err
	}
	account := accountOf(jb)
	if v.JobStatus, err = jobStatus(ctx, led, jb); err != nil || account == "" {
		return v, err
	}
	scope := account + "/" + jb.Region
	halt, halted, err := led.Halt(ctx, scope)
	if err != nil {
		return v, fmt.Errorf("reading the halt of %s: %w", scope, err)
	}
	if halted {
		v.halt = &halt
	}
	lease, err := led.Lease(ctx, scope)
	if err != nil {
		return v, fmt.Errorf("reading the lease of %s: %w", scope, err)
	}
	if shown, ok := worker.ReadShown(lease); ok {
		v.shown = &shown
	}
	return v, nil
}

// accountOf is the account of the job's pool, as enqueue noted it, or that of
// whoever enqueued; empty where neither is known.
func accountOf(j job.Job) string {
	if j.Plan.Account != "" {
		return j.Plan.Account
	}
	a, err := arn.Parse(j.StartedBy)
	if err != nil {
		return ""
	}
	return a.AccountID
}

// silentAfter is the age of a worker's word from which it is worth saying: a lease
// is renewed every three seconds.
const silentAfter = 15 * time.Second

func (v view) paceWords() string {
	if v.shown == nil {
		return "pace not known: no worker holds the lease of the account and Region"
	}
	s := number.Text("%.1f of %.1f a second, %d throttled, %d in flight", v.shown.Pace, v.shown.Budget, v.shown.Throttles, v.shown.InFlight)
	if age := v.seen.Sub(v.shown.At); age > silentAfter {
		s += fmt.Sprintf(" (the worker was last heard of %s ago)", human(age))
	}
	return s
}

// budgetReason is what bounds the budget: of the worker at work, or else as the plan
// had it.
func (v view) budgetReason() string {
	if v.shown != nil && v.shown.BudgetReason != "" && !v.Job.State.Over() {
		return v.shown.BudgetReason
	}
	return v.Job.Plan.BudgetReason
}

// done reports whether there is nothing more to watch.
func (v view) done() bool { return v.Job.State.Over() && v.Totals.Pending == 0 }

// watch shows how a job stands until it is over.
func (j *jobCommand) watch(ctx context.Context, cmd *cli.Command, led Ledger, id string) error {
	every := cmd.Duration("every")
	if every < 100*time.Millisecond || every > time.Hour {
		return usage("--every %v: want 100ms to 1h", every)
	}
	var sc *screen
	if canDraw(j.s.Out) && !cmd.Bool(flagJSON) {
		sc = &screen{w: j.s.Out}
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	var r recent
	for {
		v, err := lookAt(ctx, led, id)
		if err != nil {
			return err
		}
		r.add(v.seen, v.Totals.Targets-v.Totals.Pending)
		eta := r.eta(v.Pending())
		switch {
		case cmd.Bool(flagJSON):
			if err := writeJSON(j.s.Out, v.document()); err != nil {
				return err
			}
		case sc != nil:
			sc.draw(v.block(eta, width(j.s.Out), os.Getenv("NO_COLOR") == ""))
		default:
			say(j.s.Out, "%s %s\n", when(v.seen), v.line(eta))
		}
		if v.done() {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// line is a view in one line.
func (v view) line(eta string) string {
	s := fmt.Sprintf("%s %s: %s", v.Job.ID, v.Job.State, outcomesLine(v.JobStatus))
	if v.halt != nil {
		s += ", HALTED: " + haltWords(*v.halt)
	}
	if !v.Job.State.Over() {
		s += ", " + v.paceWords() + ", " + eta
	}
	return s
}

// block is a view for a terminal, no line of it wider than that.
func (v view) block(eta string, width int, colour bool) string {
	var b strings.Builder
	line := func(before, after, format string, args ...any) {
		text := []rune(number.Text(format, args...))
		b.WriteString(before + string(text[:min(len(text), width)]) + after + "\n")
	}
	wrapped := func(format string, args ...any) {
		for _, text := range wrap(number.Text(format, args...), width) {
			line("", "", "%s", text)
		}
	}
	wrapped("Job %s (%s), user pool %s", v.Job.ID, v.Job.State, v.Job.Pool)
	// The meter's spaces are not to be wrapped.
	line("", "", "%s %s", meter(v.JobStatus), outcomesLine(v.JobStatus))
	if !v.Job.State.Over() {
		wrapped("%s, %s", v.paceWords(), eta)
		if why := v.budgetReason(); why != "" {
			wrapped("budget: %s", why)
		}
	}
	for _, o := range job.Outcomes() {
		if n := v.Totals.Outcomes[o]; n > 0 {
			line("", "", "  %8d  %s", n, o)
		}
	}
	if v.Totals.Pending > 0 {
		line("", "", "  %8d  pending", v.Totals.Pending)
	}
	if v.Totals.Repeated > 0 {
		line("", "", "  %8d  of these flagged repeated", v.Totals.Repeated)
	}
	for _, s := range job.SignOuts() {
		if n := v.Totals.SignOuts[s]; n > 0 {
			line("", "", "  %8d  sign-outs %s", n, s)
		}
	}
	if !v.SentAll {
		line("", "", "not every message is sent yet")
	}
	if v.halt != nil {
		before, after := alarm, normal
		if !colour {
			before, after = "", ""
		}
		line(before, after, "HALTED: %s since %s", haltWords(*v.halt), when(v.halt.Since))
		for _, text := range wrap(v.halt.Reason.Remedy(), max(width-2, 10)) {
			line("", "", "  %s", text)
		}
	}
	return b.String()
}

// document is a view in JSON.
func (v view) document() jobJSON {
	d := jobDocument("job", v.Job, v.Totals, v.SentAll)
	if v.halt != nil {
		d.Halt = &haltJSON{v.halt.Reason, v.halt.Code, v.halt.Since.UTC(), v.halt.Reason.Remedy()}
	}
	d.Worker = v.shown
	return d
}
