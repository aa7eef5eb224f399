package cli

import (
	"context"
	"fmt"
	"time"

	"relock/internal/job"
	"relock/internal/number"
	"relock/internal/pace"
	"relock/internal/preflight"
)

const flagUnique = "unique-users"

// unique looks the user of every target up and drops those that are another name of
// an earlier one's. It may take hours, so it is not begun for a run that a finding
// stops anyway.
func (e *enqueue) unique(ctx context.Context, p *plan) error {
	f, list := p.facts, p.list
	switch {
	case p.stopsBefore():
		p.uniqueNote = "not done: the findings below stop the run first"
		return nil
	case f.Pool == nil:
		return fmt.Errorf("--%s has to know the pool's aliases, and it could not be described; allow %s, or leave the flag out", flagUnique, preflight.ActionDescribe)
	}
	d, fold, err := directory(ctx, f)
	if err != nil {
		return err
	}
	all := list.Counts.Targets
	if takes := pace.Estimate(all, pace.Share*pace.UserList.Default); takes > noteEvery {
		say(e.s.Err, "--%s looks up each of %s, at up to %.0f calls a second and one to three calls each: about %s or more. Nothing is sent meanwhile.\n",
			flagUnique, users(all), pace.Share*pace.UserList.Default, number.Duration(takes))
	}
	note := newNotes(e.s.Err, fmt.Sprintf("looking up the users: %%d of %d", all))
	began := time.Now()
	u, err := list.Unique(ctx, lookUpsAtOnce, func(ctx context.Context, name job.Username) (string, error) {
		found, ok, err := preflight.LookUp(ctx, d, f.Pool, name)
		note.add(1)
		if err != nil || !ok {
			return "", err
		}
		return string(found.Username.Key(fold)), nil
	})
	if err != nil {
		return fmt.Errorf("--%s: %w", flagUnique, err)
	}
	took := max(time.Since(began), time.Millisecond)
	p.job.Plan.Unique, p.job.Counts = &u, list.Counts
	p.uniqueNote = fmt.Sprintf("%s looked up, %.0f a second, in %s: %d dropped as another name of a user above them", users(u.LookedUp), float64(u.LookedUp)/took.Seconds(), number.Duration(max(took, time.Second)), u.Dropped)
	if u.Unknown > 0 {
		p.uniqueNote += fmt.Sprintf("; %d unknown to the pool, which stay", u.Unknown)
	}
	if u.Dropped == 0 {
		return nil
	}
	if p.budget, p.over, err = planBudget(e.cmd, f, list.Counts.Targets, p.job.Policy.SignOut); err != nil {
		return err
	}
	p.sample, err = e.lookUsersUp(ctx, f, list) // of what is left
	return err
}

// stopsBefore reports whether a finding stops the run however few targets are left.
func (p *plan) stopsBefore() bool {
	r := p.run()
	r.Targets, r.Took, r.Duplicates, r.CaseTwins, r.SubTwins = 1, 0, 0, 0, 0
	if r.Sample != nil {
		s := *r.Sample
		s.Again, r.Sample = 0, &s
	}
	stopping, _ := preflight.Force(preflight.Findings(p.facts.Facts, r), p.set.force)
	return len(stopping) > 0
}

// checkUnique says why a job that was interrupted may not go on with the rows that
// are targets now: how far it was sent is a line, and which rows above it were
// targets must not change.
func (k known) checkUnique(now *job.Unique) error {
	old := k.job.Plan.Unique
	switch {
	case !k.there || k.sentAll:
		return nil
	case old == nil && now != nil:
		return fmt.Errorf("job %s was begun without --%s, and would reset other rows with it: leave it out, or stop the job with `job cancel %s`", k.job.ID, flagUnique, k.job.ID)
	case old != nil && now == nil:
		return fmt.Errorf("job %s was begun with --%s: add it, or stop the job with `job cancel %s`", k.job.ID, flagUnique, k.job.ID)
	case old != nil && old.Digest != now.Digest:
		return fmt.Errorf("job %s was interrupted, and the users of the pool have changed since, so that --%s drops other rows (%d then, %d now): going on could leave a user out; stop it with `job cancel %s`, which keeps what it has done, and run the list again with --job NAME",
			k.job.ID, flagUnique, old.Dropped, now.Dropped, k.job.ID)
	default:
		return nil
	}
}

// checkUniqueFlag checks the same before any user is looked up.
func (k known) checkUniqueFlag(given bool) error {
	switch old := k.job.Plan.Unique; {
	case !given:
		return k.checkUnique(nil)
	case old != nil:
		return k.checkUnique(old) // which rows are dropped is not known yet
	default:
		return k.checkUnique(&job.Unique{})
	}
}
