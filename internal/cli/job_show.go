package cli

import (
	"context"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/number"
	"relock/internal/worker"
)

const timeFormat = "2006-01-02 15:04:05 UTC"

func (j *jobCommand) list(ctx context.Context, cmd *cli.Command, led Ledger) error {
	if cmd.Args().Present() {
		return usage("list takes no arguments, only flags: %q; `job status JOB` shows one job", cmd.Args().First())
	}
	jobs, err := led.Jobs(ctx)
	if err != nil {
		return err
	}
	if cmd.Bool(flagJSON) {
		return j.listJSON(ctx, led, jobs)
	}
	if len(jobs) == 0 {
		say(j.s.Out, "The ledger has no jobs.\n")
		return nil
	}
	tw := tabwriter.NewWriter(j.s.Out, 0, 0, 2, ' ', 0)
	say(tw, "JOB\tSTATE\tDONE\tFAILED\tCREATED (UTC)\n")
	for _, jb := range jobs {
		t, err := led.Totals(ctx, jb.ID)
		if err != nil {
			return err
		}
		say(tw, "%s\t%s\t%d of %d\t%d\t%s\n", jb.ID, jb.State, t.Targets-t.Pending, jb.Counts.Targets,
			t.Failed(), jb.Created.UTC().Format("2006-01-02 15:04"))
	}
	return tw.Flush()
}

func (j *jobCommand) listJSON(ctx context.Context, led Ledger, jobs []job.Job) error {
	for _, jb := range jobs {
		st, err := jobStatus(ctx, led, jb)
		if err != nil {
			return err
		}
		if err := writeJob(j.s.Out, "job", st.Job, st.Totals, st.SentAll); err != nil {
			return err
		}
	}
	return nil
}

// jobStatus reads how a job stands.
func jobStatus(ctx context.Context, led Ledger, jb job.Job) (worker.JobStatus, error) {
	st := worker.JobStatus{Job: jb}
	var err error
	if st.Totals, err = led.Totals(ctx, jb.ID); err != nil {
		return st, err
	}
	sent, err := led.Sent(ctx, jb.ID)
	st.SentAll = sent == ledger.SentAll
	return st, err
}

func (j *jobCommand) status(ctx context.Context, cmd *cli.Command, led Ledger) error {
	jb, err := theOne(ctx, cmd, led)
	if err != nil {
		return err
	}
	if cmd.Bool("watch") {
		return j.watch(ctx, cmd, led, jb.ID)
	}
	if cmd.IsSet("every") {
		return usage("--every goes with --watch")
	}
	v, err := lookAt(ctx, led, jb.ID)
	if err != nil {
		return err
	}
	if cmd.Bool(flagJSON) {
		return writeJSON(j.s.Out, v.document())
	}
	if err := j.sayJob(v); err != nil {
		return err
	}
	summarise(j.s.Out, []worker.JobStatus{v.JobStatus}, atLedger(cmd))
	return nil
}

// sayJob shows the job's own record.
func (j *jobCommand) sayJob(v view) error {
	jb := v.Job
	tw := tabwriter.NewWriter(j.s.Out, 0, 0, 2, ' ', 0)
	right := textWidth(j.s.Out) - len("last outcome  ")
	row := func(name, value string) {
		for _, line := range wrap(value, right) {
			say(tw, "%s\t%s\n", name, line)
			name = ""
		}
	}
	row("created", when(jb.Created))
	row("by", jb.StartedBy)
	if jb.Reason != "" {
		row("reason", jb.Reason)
	}
	if jb.Parent != "" {
		row("retries", jb.Parent)
	}
	for _, src := range jb.Sources {
		row("list", src.Name)
		row("sha256", src.SHA256)
	}
	row("rows", rows(jb.Counts))
	switch {
	case v.SentAll:
	case jb.State.Over():
		row("queue", "not every message was sent before the job was cancelled")
	default:
		row("queue", "not every message is sent yet; if enqueue was interrupted, run it again")
	}
	if why := v.budgetReason(); why != "" {
		row("budget", why)
	}
	if codes := forcedCodes(jb.Plan.Findings); codes != "" {
		row("forced", codes)
	}
	if v.shown != nil && !jb.State.Over() {
		row("pace", v.paceWords())
	}
	if v.halt != nil {
		row("HALTED", haltWords(*v.halt)+" since "+when(v.halt.Since))
		row("", v.halt.Reason.Remedy())
	}
	if !v.Totals.Last.IsZero() {
		row("last outcome", when(v.Totals.Last))
	}
	if !jb.Finished.IsZero() {
		row("ended", when(jb.Finished))
	}
	return tw.Flush()
}

// forcedCodes names the findings that were overruled.
func forcedCodes(findings []job.Finding) string {
	var codes []string
	for _, f := range findings {
		if f.Forced && !slices.Contains(codes, f.Code) {
			codes = append(codes, f.Code)
		}
	}
	return strings.Join(codes, ", ")
}

// rows accounts for the rows of the lists.
func rows(c job.Counts) string {
	s := number.Text("%d = %s + %s + %d not valid", c.Rows, number.Of(c.Targets, "target", "targets"), number.Of(c.Duplicates, "duplicate", "duplicates"), c.Invalid)
	if c.Excluded > 0 {
		s += number.Text(" + %d excluded", c.Excluded)
	}
	return s
}

func when(t time.Time) string { return t.UTC().Format(timeFormat) }
