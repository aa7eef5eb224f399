package cli

import (
	"context"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"

	"relock/internal/job"
	"relock/internal/ledger"
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
	say(tw, "JOB\tSTATE\tUSER POOL\tTARGETS\tDONE\tFAILED\tCREATED\n")
	for _, jb := range jobs {
		t, err := led.Totals(ctx, jb.ID)
		if err != nil {
			return err
		}
		say(tw, "%s\t%s\t%s\t%d\t%d\t%d\t%s\n", jb.ID, jb.State, jb.Pool, jb.Counts.Targets,
			t.Targets-t.Pending, t.Failed(), jb.Created.UTC().Format(timeFormat))
	}
	return tw.Flush()
}

func (j *jobCommand) listJSON(ctx context.Context, led Ledger, jobs []job.Job) error {
	for _, jb := range jobs {
		t, err := led.Totals(ctx, jb.ID)
		if err != nil {
			return err
		}
		sent, err := led.Sent(ctx, jb.ID)
		if err != nil {
			return err
		}
		if err := writeJob(j.s.Out, "job", jb, t, sent == ledger.SentAll); err != nil {
			return err
		}
	}
	return nil
}

func (j *jobCommand) status(ctx context.Context, cmd *cli.Command, led Ledger) error {
	jb, err := one(ctx, cmd, led)
	if err != nil {
		return err
	}
	t, err := led.Totals(ctx, jb.ID)
	if err != nil {
		return err
	}
	sent, err := led.Sent(ctx, jb.ID)
	if err != nil {
		return err
	}
	if cmd.Bool(flagJSON) {
		return writeJob(j.s.Out, "job", jb, t, sent == ledger.SentAll)
	}
	tw := tabwriter.NewWriter(j.s.Out, 0, 0, 2, ' ', 0)
	row := func(name, value string) { say(tw, "%s\t%s\n", name, value) }
	row("created", when(jb.Created))
	row("by", jb.StartedBy)
	if jb.Reason != "" {
		row("reason", jb.Reason)
	}
	for _, src := range jb.Sources {
		row("list", src.Name+", sha256 "+src.SHA256)
	}
	row("rows", strconv.FormatInt(jb.Counts.Rows, 10)+" = "+strconv.FormatInt(jb.Counts.Targets, 10)+" targets + "+
		strconv.FormatInt(jb.Counts.Duplicates, 10)+" duplicates + "+strconv.FormatInt(jb.Counts.Invalid, 10)+" not valid")
	if sent != ledger.SentAll {
		row("queue", "not every message is sent yet; if enqueue was interrupted, run it again")
	}
	if !t.Last.IsZero() {
		row("last outcome", when(t.Last))
	}
	if !jb.Finished.IsZero() {
		row("ended", when(jb.Finished))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	summarise(j.s.Out, []worker.JobStatus{{Job: jb, Totals: t}}, atLedger(cmd))
	return nil
}

func when(t time.Time) string { return t.UTC().Format(timeFormat) }
