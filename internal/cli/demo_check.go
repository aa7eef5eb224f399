package cli

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"relock/internal/job"
	"relock/internal/sandbox"
	"relock/internal/sandbox/cognito"
)

// checkDemo compares the ledger with the table, the sandbox's own count of every
// user with the ledger, and the throttles with none.
func checkDemo(ctx context.Context, code int, table map[string]int, dir string, server *sandbox.Server, users iter.Seq[cognito.User]) error {
	led, err := openFileLedger(place{"file", dir}, ledgerHow{})
	if err != nil {
		return err
	}
	defer func() { _ = led.Close() }() // only read
	jobs, err := led.Jobs(ctx)
	if err != nil {
		return err
	}
	var d difference
	d.want("exit code of the worker", code, ExitSomeFailed)
	d.want("jobs", len(jobs), 1)
	if len(jobs) != 1 {
		return d.err()
	}
	counts := jobs[0].Counts
	totals, err := led.Totals(ctx, jobs[0].ID)
	if err != nil {
		return err
	}
	for _, name := range sortedKeys(table) {
		switch name {
		case "rows":
			d.want("rows", int(counts.Rows), table[name])
		case "duplicate":
			d.want("duplicates", int(counts.Duplicates), table[name])
		default:
			d.want(name, int(totals.Outcomes[job.Outcome(name)]), table[name])
			totals.Outcomes[job.Outcome(name)] = 0
		}
	}
	for o, n := range totals.Outcomes {
		d.want("targets with the outcome "+string(o)+", which the table does not name", int(n), 0)
	}
	d.want("pending", int(totals.Pending), 0)

	once, more := 0, 0
	for u := range users {
		switch len(u.Resets) {
		case 0:
		case 1:
			once++
		default:
			more++
		}
	}
	d.want("users that the sandbox has seen reset once", once, table[string(job.Reset)])
	d.want("users that the sandbox has seen reset more than once", more, 0)
	throttled := 0
	for _, t := range server.Log().Throttles() {
		throttled += int(t.Count)
	}
	d.want("throttled calls", throttled, 0)
	return d.err()
}

// demoJob is the ID of the demo's job, for the commands that it prints.
func demoJob(ctx context.Context, dir string) string {
	led, err := openFileLedger(place{"file", dir}, ledgerHow{})
	if err != nil {
		return "JOB"
	}
	defer func() { _ = led.Close() }() // only read
	jobs, err := led.Jobs(ctx)
	if err != nil || len(jobs) == 0 {
		return "JOB"
	}
	return jobs[0].ID
}

// difference collects what is not as it should be.
type difference []string

func (d *difference) want(what string, got, want int) {
	if got != want {
		*d = append(*d, fmt.Sprintf("%s: %d, want %d", what, got, want))
	}
}

func (d difference) err() error {
	if len(d) == 0 {
		return nil
	}
	return errors.New(strings.Join(d, "\n  "))
}

// sortedKeys makes a map's order the same in every run.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
