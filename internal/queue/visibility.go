package queue

import (
	"context"
	"errors"
	"slices"
	"time"
)

const (
	// idle is how long a loop sleeps when nothing is due; a signal wakes it.
	idle = time.Minute
	// company is how long a message that is given up waits for others.
	company = 100 * time.Millisecond
	// extendRetry is the wait after a failed extension.
	extendRetry = time.Second
)

// visibilityLoop keeps what is held invisible, and hands back what is given up.
func (c *Consumer) visibilityLoop(ctx context.Context) {
	var retryAt time.Time
	for {
		c.cfg.Alive("visibility")
		c.flushChanges(ctx)
		d := c.nextExtension(time.Now())
		if r := time.Until(retryAt); d < r {
			d = r
		}
		if d <= 0 {
			if !c.extendDue(ctx) {
				retryAt = time.Now().Add(extendRetry)
			}
			d = 0
		}
		if !sleep(ctx, d, c.wakeVisibility) {
			return
		}
		if c.gather() && !sleep(ctx, company, nil) {
			return
		}
	}
}

// gather reports whether it is worth waiting for more messages to give up.
func (c *Consumer) gather() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.urgent && len(c.changes) > 0 && len(c.changes) < MaxBatch
}

// flushChanges hands back what was given up. An entry that fails is left to its
// timeout: it comes back later than wished, and nothing is lost.
func (c *Consumer) flushChanges(ctx context.Context) {
	for {
		c.mu.Lock()
		n := min(len(c.changes), MaxBatch)
		batch := slices.Clone(c.changes[:n])
		c.changes = c.changes[n:]
		var vs []Visibility
		for _, it := range batch {
			vs = append(vs, Visibility{it.handle, it.timeout})
		}
		if n > 0 {
			c.calls++
		}
		c.mu.Unlock()
		if n == 0 {
			return
		}
		errs, err := c.cfg.Transport.ChangeVisibility(ctx, vs)
		if err = errors.Join(append(errs, err)...); err != nil {
			c.cfg.Logger.Warn("handing messages back failed; they come back when their visibility runs out", "error", err)
		}
		c.mu.Lock()
		c.calls--
		for _, it := range batch {
			c.forgetLocked(it)
		}
		c.mu.Unlock()
	}
}

// nextExtension is how long until the first of the held messages is due, which
// is when half of its visibility has passed.
func (c *Consumer) nextExtension(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := idle
	for _, it := range c.tracked {
		if it.state != givingUp {
			d = min(d, it.deadline.Add(-c.cfg.Visibility/2).Sub(now))
		}
	}
	return d
}

// extendDue extends what is due or soon will be, nearest deadline first, in full
// batches. It reports false if a call failed.
func (c *Consumer) extendDue(ctx context.Context) bool {
	now := time.Now()
	c.mu.Lock()
	var due []*Item
	for _, it := range c.tracked {
		if it.state != givingUp && it.deadline.Sub(now) <= c.cfg.Visibility*5/8 {
			due = append(due, it)
		}
	}
	slices.SortFunc(due, func(a, b *Item) int { return a.deadline.Compare(b.deadline) })
	c.mu.Unlock()
	ok := true
	for batch := range slices.Chunk(due, MaxBatch) {
		ok = c.extend(ctx, batch) && ok
	}
	return ok
}

func (c *Consumer) extend(ctx context.Context, batch []*Item) bool {
	vs := make([]Visibility, 0, len(batch))
	c.mu.Lock()
	for _, it := range batch {
		vs = append(vs, Visibility{it.handle, c.cfg.Visibility})
	}
	c.mu.Unlock()
	before := time.Now()
	errs, err := c.cfg.Transport.ChangeVisibility(ctx, vs)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.cfg.Logger.Warn("extending the visibility failed", "error", err, "messages", len(batch))
		return false
	}
	ok := true
	for i, it := range batch {
		switch {
		case errs[i] == nil:
			it.deadline = before.Add(c.cfg.Visibility)
		case errors.Is(errs[i], ErrStale) && it.handle == vs[i].Handle:
			c.loseLocked(it)
		default:
			ok = false
		}
	}
	return ok
}

// loseLocked drops an item whose handle has become invalid: it is no longer
// ours, and asking again would never end. Whoever works on it goes on; the
// ledger keeps the second delivery from being a second reset.
func (c *Consumer) loseLocked(it *Item) {
	if it.state == ready {
		if i := slices.Index(c.ready, it); i >= 0 {
			c.ready = slices.Delete(c.ready, i, i+1)
		}
	}
	if it.state == deleting {
		if i := slices.Index(c.deletes, it); i >= 0 {
			c.deletes = slices.Delete(c.deletes, i, i+1)
		}
	}
	c.forgetLocked(it)
}
