package worker

import (
	"context"
	"fmt"
	"sync"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/report/progress"
)

const (
	// canaryRest is when a message is looked at again that has to wait for the
	// verdict.
	canaryRest = time.Second
	// canaryPatience is how long a user is waited for who was let through and has
	// no outcome, as when the message is lost: then another one is let through.
	canaryPatience = 5 * time.Minute
)

// canaries let the first users of each job through, Plan.Canary of them, and hold
// the others back until those have an outcome. Then they compare: if the share of
// those reset is more than ten points below Plan.Projected, or below 90 % where
// nothing was projected, the work halts. A user who is put off for an hour counts as
// one who was not reset. The comparison is made once for a job, and never again after
// it has halted. Their methods may be called concurrently.
type canaries struct {
	w *Worker

	mu sync.Mutex
	m  map[string]*canary // by job
}

// canary is a job on trial.
type canary struct {
	mu   sync.Mutex
	term int  // the term in which the figures were read
	over bool // the verdict has been spoken

	need      int64
	projected float64
	ok, not   int64 // users who were reset, and who were not
	// open are the users who were let through, and since when.
	open map[job.Username]time.Time
}

func (c *canaries) of(j job.Job) *canary {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.m[j.ID]
	if k == nil {
		k = &canary{need: j.Plan.Canary, projected: 1}
		if j.Plan.Projected != nil {
			k.projected = *j.Plan.Projected
		}
		if c.m == nil {
			c.m = make(map[string]*canary)
		}
		c.m[j.ID] = k
	}
	return k
}

// admit reports whether the target may be called for now; otherwise the message
// waits.
func (c *canaries) admit(ctx context.Context, t *target) bool {
	if t.job.Plan.Canary <= 0 {
		return true
	}
	k := c.of(t.job)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.over {
		return true
	}
	if err := c.read(ctx, k, t.key.Job); err != nil {
		if ctx.Err() == nil {
			c.w.halts.trip(job.HaltLedger, "", err)
		}
		t.it.GiveUp(0)
		return false
	}
	c.judge(ctx, k, t.key.Job)
	switch {
	case k.over && c.w.halts.current() == nil:
		return true
	case k.over:
		t.it.GiveUp(0)
		return false
	}
	_, again := k.open[t.key.Username]
	if !k.admit(t.key.Username) {
		t.it.Retry(canaryRest)
		return false
	}
	t.onTrial = !again
	return true
}

// admit takes a user in while there is room.
func (k *canary) admit(name job.Username) bool {
	used := k.ok + k.not
	for n, since := range k.open {
		if n == name || time.Since(since) < canaryPatience {
			used++
		}
	}
	if _, in := k.open[name]; !in && used >= k.need {
		return false
	}
	k.open[name] = time.Now()
	return true
}

// read takes over, in each term, what the ledger has by then.
func (c *canaries) read(ctx context.Context, k *canary, id string) error {
	term := c.w.leader.Leadership()
	if k.open != nil && (k.term == term || term == 0) {
		return nil
	}
	var told bool
	var totals ledger.Totals
	err := ask(ctx, func(ctx context.Context) (err error) {
		if _, told, err = c.w.cfg.Ledger.Halt(ctx, progress.CanaryScope(id)); err != nil {
			return err
		}
		totals, err = c.w.cfg.Ledger.Totals(ctx, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("reading how far the canary of job %s is: %w", id, err)
	}
	k.term, k.open, k.ok, k.not = term, make(map[job.Username]time.Time), 0, 0
	for o, n := range totals.Outcomes {
		switch {
		case o.Succeeded():
			k.ok += n
		case progress.CalledFor(o):
			k.not += n
		}
	}
	// More than the canary's users have an outcome only after a verdict.
	k.over = told || k.ok+k.not > k.need
	return nil
}

// judge speaks the verdict when it is due.
func (c *canaries) judge(ctx context.Context, k *canary, id string) {
	if k.over || k.ok+k.not < k.need {
		return
	}
	share := float64(k.ok) / float64(k.ok+k.not)
	short := share < k.projected-progress.CanaryShort-1e-9
	if short && c.w.halts.current() != nil {
		return // that halt would hide this one: judged again after it
	}
	k.over = true
	c.w.log.Info("the canary is back", "job", id, "users", k.ok+k.not, "reset", k.ok,
		"share", share, "projected", k.projected, "halts", short)
	if short {
		c.w.halts.trip(job.HaltCanary, "", nil)
	}
	// After the halt, so that a process that ends in between leaves the halt rather
	// than the verdict: the verdict says that `job resume` goes on with this job.
	verdict := progress.Verdict{Reset: k.ok, Users: k.ok + k.not, Halted: short}.Halt()
	verdict.Since = time.Now()
	err := durably(ctx, func(ctx context.Context) error {
		return c.w.cfg.Ledger.SetHalt(ctx, progress.CanaryScope(id), verdict)
	})
	if err != nil {
		c.w.log.Warn("the ledger does not take the verdict on the job's canary", "job", id, "error", err)
	}
}

// CanaryVerdict reads the verdict on a job's canary; nil if there is none.
func CanaryVerdict(ctx context.Context, l interface {
	Halt(ctx context.Context, scope string) (job.Halt, bool, error)
}, j job.Job,
) (*progress.Verdict, error) {
	if j.Plan.Canary <= 0 {
		return nil, nil
	}
	h, there, err := l.Halt(ctx, progress.CanaryScope(j.ID))
	if err != nil {
		return nil, fmt.Errorf("reading the verdict on the canary of job %s: %w", j.ID, err)
	}
	if !there {
		return nil, nil
	}
	return new(progress.VerdictOf(h)), nil
}

// recorded notes an outcome.
func (c *canaries) recorded(t *target, o job.Outcome) {
	c.note(t, func(k *canary) {
		switch {
		case o.Succeeded():
			k.ok++
		case progress.CalledFor(o):
			k.not++
		}
	})
}

// deferred notes a user who is put off.
func (c *canaries) deferred(t *target) { c.note(t, func(k *canary) { k.not++ }) }

// drop forgets a user who turned out to need no call. A copy of a message that is
// being worked on changes nothing.
func (c *canaries) drop(t *target) {
	if t.onTrial {
		c.note(t, func(*canary) {})
	}
}

func (c *canaries) note(t *target, f func(*canary)) {
	if t.job.Plan.Canary <= 0 {
		return
	}
	k := c.of(t.job)
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, in := k.open[t.key.Username]; !in || k.over {
		return
	}
	delete(k.open, t.key.Username)
	f(k)
	c.judge(context.Background(), k, t.key.Job)
}
