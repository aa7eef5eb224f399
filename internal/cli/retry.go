package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"relock/internal/intake"
	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/number"
	"relock/internal/report/progress"
)

// The flags of a retry, and of the exclusions.
const (
	flagExclude = "exclude"
	flagRetry   = "retry-failed"
)

// parent is the job whose failed targets are tried again.
type parent struct {
	job        job.Job
	exclusions []job.Exclusion
	keys       []string // of its targets' own metadata
	filter     ledger.Filter
	words      string
	open       func(context.Context) (Ledger, error)
}

// readParent reads the job of --retry-failed; nil if there is none. Its last
// target has to have its outcome: one that fails a moment later would be left out.
func (e *enqueue) readParent(ctx context.Context) (*parent, error) {
	id, outcomes := e.cmd.String(flagRetry), e.cmd.String(flagOutcome)
	if id == "" {
		if outcomes != "" {
			return nil, usage("--%s goes with --%s JOB", flagOutcome, flagRetry)
		}
		return nil, nil
	}
	p := &parent{filter: ledger.Filter{Failed: true}}
	if outcomes != "" {
		var err error
		if p.filter.Outcomes, err = parseOutcomes(outcomes); err != nil {
			return nil, err
		}
		p.filter.Failed = false
	}
	_, at, err := places(e.cmd)
	if err != nil {
		return nil, err
	}
	p.open = func(ctx context.Context) (Ledger, error) {
		var cfg aws.Config
		if at.kind == "dynamodb" {
			var pools []string
			if pool := e.cmd.String(flagPool); pool != "" {
				pools = append(pools, pool)
			}
			if cfg, err = awsConfig(ctx, e.cmd, pools); err != nil {
				return nil, err
			}
		}
		return openLedger(ctx, cfg, at, ledgerHow{})
	}
	led, err := p.open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = led.Close() }() // only read
	return p, p.read(ctx, led, id, e.cmd.String(flagPool))
}

// parseOutcomes reads OUTCOME[,…]. Nobody is reset again who was reset, nor
// anybody who was to be spared.
func parseOutcomes(text string) ([]job.Outcome, error) {
	var may []string
	for _, o := range job.Outcomes() {
		if !o.Succeeded() && o != job.Excluded {
			may = append(may, string(o))
		}
	}
	var list []job.Outcome
	for name := range strings.SplitSeq(text, ",") {
		name = strings.TrimSpace(name)
		if !slices.Contains(may, name) {
			return nil, usage("--%s %q cannot be tried again; use %s", flagOutcome, name, strings.Join(may, ", "))
		}
		list = append(list, job.Outcome(name))
	}
	return list, nil
}

func join(outcomes []job.Outcome) string {
	var list []string
	for _, o := range outcomes {
		list = append(list, string(o))
	}
	return strings.Join(list, ", ")
}

func (p *parent) read(ctx context.Context, led Ledger, id, pool string) error {
	jobs, err := led.Jobs(ctx)
	if err != nil {
		return fmt.Errorf("reading the jobs: %w", err)
	}
	if p.job, err = resolve(jobs, flagRetry, id); err != nil {
		return usage("%w", err)
	}
	id = p.job.ID
	p.words = "the failed targets of job " + id
	if outcomes := p.filter.Outcomes; len(outcomes) > 0 {
		p.words = fmt.Sprintf("the targets of job %s that ended with %s", id, join(outcomes))
	}
	if pool != "" && pool != p.job.Pool {
		return usage("--%s %s: job %s is of the pool %s; leave --%s out", flagPool, pool, id, p.job.Pool, flagPool)
	}
	totals, err := led.Totals(ctx, id)
	if err != nil {
		return fmt.Errorf("reading the totals of job %s: %w", id, err)
	}
	sent, err := led.Sent(ctx, id)
	if err != nil {
		return fmt.Errorf("reading how far job %s was sent: %w", id, err)
	}
	if st := (progress.Job{Job: p.job, Totals: totals}); !p.job.State.Over() && (sent != ledger.SentAll || totals.Pending > 0) {
		return fmt.Errorf("job %s still runs: %s no outcome yet; wait until it has finished, or stop it with `job cancel %s`", id, number.Of(st.Pending(), "of its targets has", "of its targets have"), id)
	}
	if p.exclusions, err = led.Exclusions(ctx, id); err != nil {
		return fmt.Errorf("reading the exclusions of job %s: %w", id, err)
	}
	keys := map[string]bool{}
	n := 0
	for entry, err := range led.Entries(ctx, id, p.filter) {
		if err != nil {
			return fmt.Errorf("reading the targets of job %s: %w", id, err)
		}
		n++
		for k := range entry.Metadata {
			keys[k] = true
		}
	}
	if n == 0 {
		return fmt.Errorf("there is nothing to try again: %s are none", p.words)
	}
	p.keys = slices.Sorted(maps.Keys(keys))
	return nil
}

// retryStream is the targets to try again, with their own metadata.
func (e *enqueue) retryStream(set *settings) intake.Stream {
	p := e.parent
	return intake.Stream{Name: "failed:" + p.job.ID, Keys: p.keys, Write: func(ctx context.Context, w *intake.StreamWriter) error {
		led, err := p.open(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = led.Close() }() // only read
		n := 0
		for entry, err := range led.Entries(ctx, p.job.ID, p.filter) {
			if err != nil {
				return fmt.Errorf("reading the targets of job %s: %w", p.job.ID, err)
			}
			if err := w.Add(entry.Username, entry.Metadata); err != nil {
				return err
			}
			n++
		}
		set.gathered.say(0, number.Text("%s: %d", p.words, n))
		return nil
	}}
}

// inherit gives a retry its parent's policy: what this run says comes on top.
func (p *parent) inherit(policy job.Policy) job.Policy {
	if p == nil {
		return policy
	}
	policy.SignOut = policy.SignOut || p.job.Policy.SignOut
	policy.Metadata = p.job.Policy.MetadataFor(policy.Metadata)
	return policy
}
