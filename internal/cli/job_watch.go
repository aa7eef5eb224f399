package cli

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/urfave/cli/v3"

	"relock/internal/job"
	"relock/internal/number"
	"relock/internal/report/progress"
)

const statusHelp = `Without a JOB: the only open one, or else the newest.

With --watch: goes on until the job is over. On a terminal it draws over what it
showed before, elsewhere it writes a line each time (an object each with --json).
Pace, throttles and time left are those that the active worker noted in the
ledger, a few seconds old.`

func watchFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "watch", Usage: "go on until the job is over", Sources: env("watch"), Category: "Output"},
		&cli.DurationFlag{Name: "every", Usage: "with --watch: look again after this `TIME`", Value: 2 * time.Second, Sources: env("every"), Category: "Output"},
	}
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
	look := looker{led: led, at: atLedger(cmd)}
	for {
		v, err := look.look(ctx, id)
		if err != nil {
			return err
		}
		switch {
		case cmd.Bool(flagJSON):
			if err := writeJSON(j.s.Out, v.document()); err != nil {
				return err
			}
		case sc != nil:
			sc.draw(v.block(width(j.s.Out), os.Getenv("NO_COLOR") == ""))
		default:
			say(j.s.Out, "%s %s\n", when(v.seen), v.line())
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
func (v view) line() string {
	p := progress.Job(v.JobStatus)
	s := fmt.Sprintf("%s %s: %s", v.Job.ID, v.Job.State, p)
	if text := p.Canary(v.halt); text != "" {
		s += ", canary: " + text
	}
	if v.halt != nil {
		s += ", HALTED: " + progress.HaltText(*v.halt)
	}
	if !v.Job.State.Over() {
		s += ", " + v.paceText()
		if text := v.timeText(); text != "" {
			s += ", " + text
		}
	}
	return s
}

// block is a view for a terminal, no line of it wider than that.
func (v view) block(width int, colour bool) string {
	b := &block{width: width, colour: colour}
	p := progress.Job(v.JobStatus)
	b.wrapped("", "Job %s (%s), user pool %s", v.Job.ID, v.Job.State, v.Job.Pool)
	b.joined(meter(p), " ", p.String())
	if text := p.Canary(v.halt); text != "" {
		b.wrapped("", "canary: %s", text)
	}
	if !v.Job.State.Over() {
		text := v.paceText()
		if time := v.timeText(); time != "" {
			text += ", " + time
		}
		b.wrapped("", "%s", text)
		if why := v.budgetReason(); why != "" {
			b.wrapped("", "budget: %s", why)
		}
	}
	count := func(n int64, what string) {
		if n > 0 {
			b.line("  %9s  %s", number.Group(n), what)
		}
	}
	for _, o := range job.Outcomes() {
		count(v.Totals.Outcomes[o], string(o))
	}
	count(v.Totals.Pending, "pending")
	count(v.Totals.Repeated, "of these flagged repeated")
	for _, s := range job.SignOuts() {
		count(v.Totals.SignOuts[s], "sign-outs "+string(s))
	}
	if !v.SentAll {
		b.line("not every message is sent yet")
	}
	if v.halt != nil {
		b.halted(*v.halt, when(v.halt.Since), v.attended())
	}
	return b.String()
}
