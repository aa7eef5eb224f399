package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/urfave/cli/v3"
)

const jobHelp = `Reads the ledger while the job runs, and tells the worker to pause, go on or stop.
A pause is obeyed within five seconds. JOB is an ID, or the beginning of one. It may
be left out of the commands that only read, where the ledger has exactly one;
status then takes the only open one, or else the newest.

EXAMPLES
   job status --watch job-4h1k…
   job failed job-4h1k… > failed.csv      a list that enqueue takes as it is
   job still-open job-4h1k…               who can still sign in, why, what to do
   job evidence job-4h1k…                 one HTML file, without usernames
   job verify --root HEX job-4h1k…        HEX is what the worker printed
   job pause job-4h1k…
   job resume --user-pool-id eu-west-1_AbCdEf123      after a halt

EXIT CODES
   0 done   1 error, or the records were changed   2 wrong usage`

// Job is the program job.
func Job(ctx, _ context.Context, s Streams, args []string) int {
	j := &jobCommand{s: s}
	cmd := &cli.Command{
		Name:        "job",
		Usage:       "see, steer, prove and mend jobs",
		UsageText:   "job COMMAND [flags] [JOB]",
		Description: jobHelp,
		Version:     ourVersion(),
		Commands: []*cli.Command{
			j.command("list", "all jobs, the newest first", "", "", j.list),
			j.command("status", "how a job stands", "[JOB]", statusHelp, j.status, watchFlags()...),
			j.command("pause", "put a job on hold", "JOB", pauseHelp, j.pause),
			j.command("resume", "go on with a paused job, or after a halt", "[JOB]", resumeHelp, j.resume, resumeFlags()...),
			j.command("cancel", "stop a job for good; what is pending is not reset", "JOB", cancelHelp, j.cancel, cancelFlags()...),
			j.command("results", "every target and what became of it", "[JOB]", resultsHelp, j.results, outcomeFlag()),
			j.command("failed", "the targets that failed, as a list that enqueue takes", "[JOB]", listHelp, j.failed, outcomeFlag()),
			j.command("pending", "the targets without an outcome, as a list that enqueue takes", "[JOB]", listHelp, j.pending),
			j.command("still-open", "who can still sign in, why, and what to do", "[JOB]", openHelp, j.stillOpen, openFlags()...),
			j.command("recovery", "how many have not chosen a new password yet", "[JOB]", recoveryHelp, j.recovery, recoveryFlags()...),
			j.command("evidence", "one HTML file: who, when, why, and what became of every row", "[JOB]", evidenceHelp, j.evidence, evidenceFlags()...),
			j.command("verify", "whether the records are those that were sealed", "[JOB]", verifyHelp, j.verify, verifyFlags()...),
			j.command("dead-letters", "messages that the queue gave up, and sending them again", "", deadHelp, j.deadLetters, deadFlags()...),
		},
	}
	return run(ctx, s, cmd, args)
}

type jobCommand struct{ s Streams }

type jobAction func(ctx context.Context, cmd *cli.Command, led Ledger) error

// command makes a subcommand that opens the ledger. Each has --json.
func (j *jobCommand) command(name, text, args, help string, do jobAction, flags ...cli.Flag) *cli.Command {
	if !slices.ContainsFunc(flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), flagQueue) }) {
		flags = append(flags, &cli.StringFlag{Name: flagQueue, Usage: "the job's queue, where it is `file:DIR` and holds the ledger too; defaults to file:relock", Sources: env(flagQueue), Category: "Where"})
	}
	flags = append(flags, jsonFlag(), ledgerFlag(),
		&cli.StringFlag{Name: flagRegion, Usage: "AWS `REGION`", Sources: env(flagRegion), Category: "Where"})
	use := fmt.Sprintf("job %s [flags]", name)
	if args != "" {
		use += " " + args
	}
	return &cli.Command{
		Name: name, Usage: text, UsageText: use, Description: help, Flags: flags,
		Action: func(ctx context.Context, cmd *cli.Command) error {
			p, err := jobLedger(cmd)
			if err != nil {
				return err
			}
			for _, text := range exposed(p) {
				say(j.s.Err, "warning: %s\n", text)
			}
			var cfg aws.Config
			if p.kind == "dynamodb" {
				if cfg, err = awsConfig(ctx, cmd, cmd.StringSlice(flagPool)); err != nil {
					return err
				}
			}
			led, err := openLedger(ctx, cfg, p, ledgerHow{locked: func(err error) { say(j.s.Err, "job: waiting: %v\n", err) }})
			if err != nil {
				return interrupted(ctx, err)
			}
			defer func() { _ = led.Close() }() // every write was durable when it returned
			return interrupted(ctx, do(ctx, cmd, led))
		},
	}
}

// jobLedger is where the ledger is: --ledger, or the folder of a queue in a file.
func jobLedger(cmd *cli.Command) (place, error) {
	p, err := ledgerPlace(cmd.String(flagLedger))
	if err == nil && p.kind == "" {
		p, err = queuePlace(cmd.String(flagQueue))
		if err == nil && p.kind != "file" {
			return p, usage("with an SQS queue --%s is required: dynamodb://TABLE, or file:DIR", flagLedger)
		}
	}
	return p, err
}
