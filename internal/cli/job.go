package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/urfave/cli/v3"

	"relock/internal/job"
	"relock/internal/ledger"
)

const jobHelp = `Reads the ledger while the job runs, and tells the worker to pause, go on or stop.
A pause is obeyed within five seconds.

EXAMPLES
   job list
   job status job-4h1k…
   job failed job-4h1k… > failed.csv        a list that enqueue takes
   job pause job-4h1k…
   job resume --user-pool-id eu-west-1_AbCdEf123   after a halt
   job cancel job-4h1k…

EXIT CODES
   0 done   1 error   2 wrong usage`

// Job is the program job.
func Job(ctx, _ context.Context, s Streams, args []string) int {
	j := &jobCommand{s: s}
	cmd := &cli.Command{
		Name:        "job",
		Usage:       "see, pause, resume and cancel jobs",
		UsageText:   "job COMMAND [flags] [JOB]",
		Description: jobHelp,
		Version:     ourVersion(),
		Commands: []*cli.Command{
			j.command("list", "all jobs, the newest first", "", j.list, jsonFlag()),
			j.command("status", "how a job stands", "JOB", j.status, jsonFlag()),
			j.command("pause", "put a job on hold", "JOB", j.pause),
			j.command("resume", "go on with a paused job, or after a halt", "[JOB]", j.resume, resumeFlags()...),
			j.command("cancel", "stop a job for good; what is pending is not reset", "JOB", j.cancel),
			j.command("results", "every target and what became of it", "JOB", j.results, jsonFlag()),
			j.command("failed", "the targets that failed, as a list that enqueue takes", "JOB", j.failed, jsonFlag()),
			j.command("pending", "the targets without an outcome, as a list that enqueue takes", "JOB", j.pending, jsonFlag()),
		},
	}
	return run(ctx, s, cmd, args)
}

type jobCommand struct{ s Streams }

type jobAction func(ctx context.Context, cmd *cli.Command, led Ledger) error

// command makes a subcommand that opens the ledger.
func (j *jobCommand) command(name, text, args string, do jobAction, flags ...cli.Flag) *cli.Command {
	flags = append(flags, ledgerFlag(),
		&cli.StringFlag{Name: flagRegion, Usage: "AWS `REGION`", Sources: env(flagRegion), Category: "Where"})
	return &cli.Command{
		Name: name, Usage: text, UsageText: fmt.Sprintf("job %s [flags] %s", name, args), Flags: flags,
		Action: func(ctx context.Context, cmd *cli.Command) error {
			p, err := ledgerPlace(cmd.String(flagLedger))
			if err != nil {
				return err
			}
			if p.kind == "" {
				p = place{"file", defaultDir}
			}
			var cfg aws.Config
			if p.kind == "dynamodb" {
				if cfg, err = awsConfig(ctx, cmd, cmd.StringSlice(flagPool)); err != nil {
					return err
				}
			}
			led, err := openLedger(ctx, cfg, p, ledgerHow{})
			if err != nil {
				return interrupted(ctx, err)
			}
			defer func() { _ = led.Close() }() // every write was durable when it returned
			return interrupted(ctx, do(ctx, cmd, led))
		},
	}
}

func resumeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: flagPool, Usage: "end the halt of this `POOL`'s account and Region", Sources: env(flagPool), Category: "Where"},
	}
}

// one is the job that the command names.
func one(ctx context.Context, cmd *cli.Command, led Ledger) (job.Job, error) {
	if cmd.Args().Len() != 1 {
		return job.Job{}, usage("name one job; `job list` shows all")
	}
	j, err := led.Job(ctx, cmd.Args().First())
	if errors.Is(err, ledger.ErrNoJob) {
		return j, fmt.Errorf("the ledger has no job %q; `job list` shows all", cmd.Args().First())
	}
	return j, err
}

func (j *jobCommand) pause(ctx context.Context, cmd *cli.Command, led Ledger) error {
	return j.move(ctx, cmd, led, job.StatePaused, "paused; workers obey within five seconds")
}

func (j *jobCommand) move(ctx context.Context, cmd *cli.Command, led Ledger, to job.State, words string) error {
	jb, err := one(ctx, cmd, led)
	if err != nil {
		return err
	}
	if err := led.SetState(ctx, jb.ID, to, time.Now()); err != nil {
		return err
	}
	say(j.s.Out, "job %s is %s\n", jb.ID, words)
	return nil
}

// resume goes on with a paused job, or, without a job, ends the halt.
func (j *jobCommand) resume(ctx context.Context, cmd *cli.Command, led Ledger) error {
	pools := cmd.StringSlice(flagPool)
	switch {
	case cmd.Args().Len() == 1:
		jb, err := one(ctx, cmd, led)
		if err != nil {
			return err
		}
		if err := led.SetState(ctx, jb.ID, job.StateOpen, time.Now()); err != nil {
			return err
		}
		say(j.s.Out, "job %s is open\n", jb.ID)
		pools = append(pools, jb.Pool)
	case len(pools) == 0:
		return usage("name a job, or with --%s the pool whose halt is to end", flagPool)
	}
	return j.endHalt(ctx, cmd, led, pools)
}

// endHalt ends the halt of the account and Region, if there is one.
func (j *jobCommand) endHalt(ctx context.Context, cmd *cli.Command, led Ledger, pools []string) error {
	cfg, err := awsConfig(ctx, cmd, pools)
	if err != nil {
		return err
	}
	who, err := identity(ctx, cfg)
	if err != nil {
		return err
	}
	scope := who.Account + "/" + cfg.Region
	halt, there, err := led.Halt(ctx, scope)
	if err != nil || !there {
		return err
	}
	if err := led.ClearHalt(ctx, scope); err != nil {
		return err
	}
	say(j.s.Out, "the halt of %s is ended (%s since %s)\n", scope, haltWords(halt), halt.Since.UTC().Format(timeFormat))
	return nil
}

func (j *jobCommand) cancel(ctx context.Context, cmd *cli.Command, led Ledger) error {
	jb, err := one(ctx, cmd, led)
	if err != nil {
		return err
	}
	if err := led.SetState(ctx, jb.ID, job.StateCancelled, time.Now()); err != nil {
		return err
	}
	n, err := led.CloseOut(ctx, jb.ID, job.Cancelled, time.Now())
	if err != nil {
		return err
	}
	say(j.s.Out, "job %s is cancelled: %d targets were not reset; calls under way may still end\n", jb.ID, n)
	return nil
}
