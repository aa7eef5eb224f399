package cli

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/urfave/cli/v3"

	"relock/internal/awsconf"
	"relock/internal/intake"
	"relock/internal/job"
	"relock/internal/pace"
	"relock/internal/preflight"
	"relock/internal/queue"
)

// plan is what will be done, for the operator to confirm.
type plan struct {
	job    job.Job
	set    settings
	list   *intake.List
	facts  *facts
	budget pace.Budget
	over   string // why --rate is over the quota
	sample *preflight.Sample
	cost   cost
	next   string
	known  known
	// keptExclusions says that the job goes on with the exclusions it began with.
	keptExclusions bool
	// uniqueNote says what --unique-users came to; empty without it.
	uniqueNote string
	queue      queue.Transport // nil for a file that is not there yet, and offline
	// stopping are the codes of findings that refuse the run, and vain those that
	// were forced though nothing of the kind was found.
	stopping, vain []string
}

func (p *plan) close() {
	p.facts.close()
	if p.queue != p.facts.queue && p.queue != nil {
		_ = p.queue.Close() // nothing is pending in it
	}
	_ = p.list.Close() // only read
}

// took is how long the list takes once a worker runs.
func (p *plan) took() time.Duration { return pace.Estimate(p.list.Counts.Targets, p.budget.Rate) }

// newPlan takes over list and facts; plan.close gives them up, also after an error.
func (e *enqueue) newPlan(ctx context.Context, set settings, list *intake.List, f *facts) (p *plan, err error) {
	p = &plan{set: set, list: list, facts: f, queue: f.queue, next: set.workerCommand(e.cmd)}
	if f.queueErr != nil && f.notAsked() == nil { // or it is why the queue does not open
		return p, f.queueErr
	}
	if err := p.describe(e.cmd); err != nil {
		return p, err
	}
	if p.budget, p.over, err = planBudget(e.cmd, f, list.Counts.Targets, p.job.Policy.SignOut); err != nil {
		return p, err
	}
	if p.known, err = lookUp(ctx, p); err != nil {
		return p, err
	}
	if p.known.check(p.job, set.job != "") == nil && !p.known.sentAll { // or nothing will be sent
		if err := p.known.checkUniqueFlag(set.unique); err != nil {
			return p, err
		}
		if p.sample, err = e.lookUsersUp(ctx, f, list); err != nil {
			return p, err
		}
		if set.unique {
			if err := e.unique(ctx, p); err != nil {
				return p, err
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return p, err
	}
	p.cost = costOf(set, list.Counts.Targets, p.job.Policy.SignOut)
	p.job.Plan = p.decided(e.cmd)
	p.stopping, p.vain = preflight.Force(p.job.Plan.Findings, set.force)
	return p, nil
}

// describe is the job itself.
func (p *plan) describe(cmd *cli.Command) (err error) {
	j := job.Job{
		Pool: p.set.pool, Region: p.set.region, Reason: cmd.String("reason"),
		StartedBy: startedBy(p.facts.who), Sources: p.list.Sources(), Counts: p.list.Counts,
		Policy: job.Policy{SignOut: cmd.Bool(flagSignOut), Metadata: p.set.list.Metadata}, Created: time.Now(),
	}
	p.set.shape(&j)
	if j.Content, err = content(j, p.list); err != nil {
		return err
	}
	if j.ID = p.set.job; j.ID == "" {
		j.ID = derivedID(j.Content)
	}
	p.job = j
	return nil
}

// decided is what is kept of the plan with the job.
func (p *plan) decided(cmd *cli.Command) job.Plan {
	d := p.job.Plan // with the exclusions
	d.Account, d.FoldCase = p.facts.who.Account, d.FoldCase || preflight.FoldsCase(p.facts.Pool)
	d.Budget, d.BudgetReason = p.budget.Rate, p.budget.Reason
	d.Canary = canary(cmd, p.list.Counts.Targets, p.sample)
	d.Findings = preflight.Findings(p.facts.Facts, p.run())
	d.Settings = shaping(cmd)
	if p.facts.Pool != nil {
		d.PoolName = aws.ToString(p.facts.Pool.Name)
	}
	if s := p.sample; s != nil && s.Asked > 0 {
		d.Sampled, d.Projected = int64(s.Asked), new(s.Share(preflight.Resettable))
	}
	return d
}

// refusal is why the plan may not be carried out; max is of the flag, or zero.
func (p *plan) refusal(max int64) error {
	if err := p.known.check(p.job, p.set.job != ""); err != nil {
		return err
	}
	if len(p.stopping) == 0 {
		if err := p.known.checkUnique(p.job.Plan.Unique); err != nil {
			return err
		}
	}
	if was, other := elsewhere(p.known.job, p.set.queue); other {
		return fmt.Errorf("job %s is sent to the queue %s, not to %s: give --%s %s, or stop the job with `job cancel %s`",
			p.known.job.ID, was, p.set.queue, flagQueue, was, p.known.job.ID)
	}
	if n := p.list.Counts.Targets; max > 0 && n > max && !p.known.sentAll {
		return fmt.Errorf("the list has %s, more than --max-users %d; raise it if they are all meant", users(n), max)
	}
	if p.known.sentAll { // nothing will be sent
		return nil
	}
	if err := p.facts.notAsked(); err != nil && (slices.Contains(p.stopping, string(preflight.AWSNotAsked)) || !p.set.inFiles()) {
		return fmt.Errorf("%s: %w", preflight.AWSNotAsked, err)
	}
	if len(p.stopping) == 0 {
		return nil
	}
	codes := strings.Join(p.stopping, ",")
	if len(p.stopping) == 1 {
		return fmt.Errorf("the plan has a finding that stops it: mend it, or go on in spite of it with --%s %s", flagForce, codes)
	}
	return fmt.Errorf("the plan has findings that stop it: mend them, or go on in spite of them with --%s %s", flagForce, codes)
}

// content is the same for the same targets, metadata and policy in one pool,
// whatever the order of the rows.
func content(j job.Job, list *intake.List) (string, error) {
	policy, err := json.Marshal(j.Policy) // a map's keys are sorted
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "relock job 1\n%s\n%s\n%x\n", j.Pool, policy, list.ContentID) // a hash takes all
	if j.Parent != "" {
		// To try the failed of a job again is not the job that they are in.
		_, _ = fmt.Fprintf(h, "parent %s\n", j.Parent)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// derivedID is short enough to be typed and long enough not to collide.
func derivedID(content string) string {
	raw, _ := hex.DecodeString(content) // from EncodeToString
	return "job-" + strings.ToLower(base32.HexEncoding.EncodeToString(raw[:10]))
}

func startedBy(who awsconf.Identity) string {
	if who.ARN != "" {
		return who.ARN
	}
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return name + "@" + host
}
