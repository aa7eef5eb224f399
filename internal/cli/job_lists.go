package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/report"
)

const flagOutcome = "outcome"

const guardHelp = `The CSV is safe to open in a spreadsheet: an apostrophe goes before a cell, or a
part of it, that would be taken for a formula. The header says so by the name
guarded_username, and enqueue takes each such apostrophe away again, so that every
name and its metadata come back as they were. --json loses and changes nothing.`

const resultsHelp = `Writes every target with its outcome, error code, AWS request ID and times.
` + guardHelp

const listHelp = `Writes a list that enqueue takes as it is.
` + guardHelp + `

The metadata that enqueue was given for all targets (--metadata) is not in the
list: give it again, or use enqueue --retry-failed.`

func outcomeFlag() cli.Flag {
	return &cli.StringSliceFlag{
		Name: flagOutcome, Aliases: []string{"reason"}, Category: "Output",
		Usage: "only targets with this `OUTCOME`, as user_disabled; repeatable", Sources: env(flagOutcome),
	}
}

func (j *jobCommand) results(ctx context.Context, cmd *cli.Command, led Ledger) error {
	return j.entries(ctx, cmd, led, report.Selection{})
}

func (j *jobCommand) failed(ctx context.Context, cmd *cli.Command, led Ledger) error {
	return j.entries(ctx, cmd, led, report.Selection{Filter: ledger.Filter{Failed: true}})
}

func (j *jobCommand) pending(ctx context.Context, cmd *cli.Command, led Ledger) error {
	return j.entries(ctx, cmd, led, report.Selection{Filter: ledger.Filter{Pending: true}})
}

// entries streams targets, as CSV for a list or as JSON lines.
func (j *jobCommand) entries(ctx context.Context, cmd *cli.Command, led Ledger, sel report.Selection) error {
	var err error
	if sel.Filter.Outcomes, err = outcomes(cmd, sel.Filter.Failed); err != nil {
		return err
	}
	jb, err := theOne(ctx, cmd, led)
	if err != nil {
		return err
	}
	if cmd.Bool(flagJSON) {
		return report.JSONLines(ctx, j.s.Out, led, jb, sel)
	}
	return report.CSV(ctx, j.s.Out, led, jb, sel)
}

// outcomes are those that the command line names.
func outcomes(cmd *cli.Command, failures bool) ([]job.Outcome, error) {
	known := job.Outcomes()
	if failures {
		known = slices.DeleteFunc(known, func(o job.Outcome) bool { return !o.Failed() })
	}
	var list []job.Outcome
	for _, name := range cmd.StringSlice(flagOutcome) {
		o := job.Outcome(name)
		if !slices.Contains(known, o) {
			names := make([]string, len(known))
			for i, k := range known {
				names[i] = string(k)
			}
			return nil, usage("--%s %q: want one of %s", flagOutcome, name, strings.Join(names, ", "))
		}
		list = append(list, o)
	}
	return list, nil
}
