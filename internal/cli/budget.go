package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v3"

	"relock/internal/job"
	"relock/internal/pace"
	"relock/internal/worker"
)

func (p *parts) openPace(ctx context.Context, cmd *cli.Command) error {
	b, err := p.budget(ctx, cmd)
	if err != nil {
		return err
	}
	if p.pace, err = pace.New(pace.Config{Budget: b.Rate, Quota: b.Quota, MaxInFlight: cmd.Int("max-in-flight")}); err != nil {
		return fmt.Errorf("setting the pace: %w", err)
	}
	if b, err = p.signOutBudget(ctx, cmd); err != nil {
		return err
	}
	if p.signOuts, err = pace.New(pace.Config{Budget: b.Rate, Quota: b.Quota, MaxInFlight: cmd.Int("max-in-flight")}); err != nil {
		return fmt.Errorf("setting the pace of sign-outs: %w", err)
	}
	reads := pace.UserRead.Default
	if p.lookUps, err = pace.New(pace.Config{Budget: pace.Share * reads, Quota: reads}); err != nil {
		return fmt.Errorf("setting the pace of look-ups: %w", err)
	}
	return nil
}

// budget finds out how fast calls may be made for what is pending now.
func (p *parts) budget(ctx context.Context, cmd *cli.Command) (pace.Budget, error) {
	pools := cmd.StringSlice(flagPool)
	// One at least: without work, a daily allowance of mail does not bind.
	targets, err := pendingTargets(ctx, p.ledger, pools)
	if err != nil {
		return pace.Budget{}, err
	}
	b, err := budget(ctx, cmd, &p.cfg, pools, max(targets, 1), p.log)
	if err != nil {
		return b, err
	}
	if b.Reason != p.budgetReason() {
		p.log.Info("budget", "reason", b.Reason)
		p.metrics.SetBound(string(b.Bound))
		p.reason.Store(b.Reason)
	}
	return b, nil
}

// budgetReason is what bounds the budget of resets; empty before it is known.
func (p *parts) budgetReason() string {
	reason, _ := p.reason.Load().(string)
	return reason
}

// signOutBudget finds out how fast sessions may be ended. It is said only once a
// job asks for that.
func (p *parts) signOutBudget(ctx context.Context, cmd *cli.Command) (pace.Budget, error) {
	b, err := signOutBudget(ctx, cmd, &p.cfg, p.log)
	if err != nil {
		return b, err
	}
	signsOut, err := anySignsOut(ctx, p.ledger, cmd.StringSlice(flagPool))
	if err != nil {
		return b, err
	}
	if signsOut && b.Reason != p.signOutReason {
		p.log.Info("budget of sign-outs", "reason", b.Reason)
		p.signOutReason = b.Reason
	}
	return b, nil
}

// anySignsOut reports whether a job of the pools that is not over ends sessions.
func anySignsOut(ctx context.Context, led Ledger, pools []string) (bool, error) {
	jobs, err := led.Jobs(ctx)
	if err != nil {
		return false, fmt.Errorf("reading the jobs: %w", err)
	}
	return slices.ContainsFunc(jobs, func(j job.Job) bool {
		return j.Policy.SignOut && slices.Contains(pools, j.Pool) && !j.State.Over()
	}), nil
}

// pendingTargets counts the targets of the pools' jobs that have no outcome yet,
// those still to be sent included.
func pendingTargets(ctx context.Context, led Ledger, pools []string) (n int64, err error) {
	jobs, err := led.Jobs(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading the jobs: %w", err)
	}
	for _, j := range jobs {
		if !slices.Contains(pools, j.Pool) || j.State.Over() {
			continue
		}
		t, err := led.Totals(ctx, j.ID)
		if err != nil {
			return 0, fmt.Errorf("reading the totals of job %s: %w", j.ID, err)
		}
		n += worker.JobStatus{Job: j, Totals: t}.Pending()
	}
	return n, nil
}

// budgetEvery is how often quotas and what is pending are looked at again.
const budgetEvery = 5 * time.Minute

// followBudget keeps the pace's budget up to date until ctx ends: quotas are
// raised, mail is sent by others, jobs come.
func (p *parts) followBudget(ctx context.Context, cmd *cli.Command) {
	tick := time.NewTicker(budgetEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		b, err := p.budget(ctx, cmd)
		if err == nil {
			err = p.pace.SetBudget(b.Rate, b.Quota)
		}
		if err == nil {
			b, err = p.signOutBudget(ctx, cmd)
		}
		if err == nil {
			err = p.signOuts.SetBudget(b.Rate, b.Quota)
		}
		if err != nil && ctx.Err() == nil {
			p.log.Warn("the budget stays as it was", "error", err)
		}
	}
}
