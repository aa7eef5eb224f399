package queue

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"relock/internal/pace"
	"relock/internal/sqlite"
)

const (
	// idle is how long a loop sleeps when nothing is due; a signal wakes it.
	idle = time.Minute
	// company is how long a message that is given up waits for others.
	company = 100 * time.Millisecond
	// changesAtOnce is how many batches are handed back at once.
	changesAtOnce = 4
	// extendRetry is the wait after a failed extension.
	extendRetry = time.Second
	// maxChangeTries is how often handing a message back is tried.
	maxChangeTries = 5
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

// flushChanges hands back what was given up, a few batches at once: after a stop
// somebody waits for it.
func (c *Consumer) flushChanges(ctx context.Context) {
	for {
		var under sync.WaitGroup
		for range changesAtOnce {
			batch, vs := c.takeChanges()
			if len(batch) == 0 {
				break
			}
			under.Go(func() { c.change(ctx, batch, vs) })
		}
		under.Wait()
		if !c.changesWait() {
			return
		}
	}
}

// change hands one batch back.
func (c *Consumer) change(ctx context.Context, batch []*Item, vs []Visibility) {
	call, cancel := c.callContext(ctx)
	errs, err := c.cfg.Transport.ChangeVisibility(call, vs)
	cancel()
	if all := errors.Join(append(errs, err)...); c.news(all) {
		c.cfg.Logger.Warn("handing messages back failed", "error", all, "messages", len(batch))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, it := range batch {
		fate := err
		if err == nil {
			fate = errs[i]
		}
		c.changedLocked(it, fate, vs[i])
	}
}

// news reports whether the error of a call, or nil, is worth a line in the log. A file
// that is broken, or whose disk is full, fails every call: once is enough, until one
// succeeds.
func (c *Consumer) news(err error) bool {
	if err == nil {
		c.broken.Store(false)
		return false
	}
	return !sqlite.Permanent(err) || !c.broken.Swap(true)
}

// takeChanges takes up to a batch of what was given up, and nothing while a pause
// or a stop waits for the receive under way.
func (c *Consumer) takeChanges() (batch []*Item, vs []Visibility) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.mayChangeLocked() {
		return nil, nil
	}
	for len(c.changes) > 0 && len(batch) < MaxBatch {
		it := c.changes[0]
		c.changes = c.changes[1:]
		if it.state != gone {
			batch = append(batch, it)
			vs = append(vs, Visibility{it.handle, it.timeout})
		}
	}
	return batch, vs
}

// mayChangeLocked reports whether there is something to hand back now.
func (c *Consumer) mayChangeLocked() bool {
	return len(c.changes) > 0 && (!c.receiving || !c.stopped && len(c.paused) == 0)
}

func (c *Consumer) changesWait() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mayChangeLocked()
}

// changedLocked settles one entry. What fails is tried again a few times and then
// left to its timeout: it comes back later than wished, and nothing is lost. An
// entry that the reply does not name is left as well: if it was done, somebody
// else may hold the message by now.
func (c *Consumer) changedLocked(it *Item, err error, v Visibility) {
	switch {
	case it.state == gone:
	case it.handle != v.Handle: // it came again meanwhile
		c.changes = append(c.changes, it)
	case err == nil, errors.Is(err, ErrStale), errors.Is(err, ErrNoAnswer), sqlite.Permanent(err), it.tries+1 >= maxChangeTries:
		c.forgetLocked(it)
	default:
		it.tries++
		c.againLocked(it, pace.Backoff(it.tries, minDeleteBackoff, maxDeleteBackoff))
	}
}

// nextExtension is how long until the first of the held messages is due, which
// is when half of its visibility has passed.
func (c *Consumer) nextExtension(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := idle
	for _, it := range c.tracked {
		d = min(d, it.deadline.Add(-c.cfg.Visibility/2).Sub(now))
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
		if it.deadline.Sub(now) <= c.cfg.Visibility*5/8 {
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
	call, cancel := c.callContext(ctx)
	errs, err := c.cfg.Transport.ChangeVisibility(call, vs)
	cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.news(err) {
		c.cfg.Logger.Warn("extending the visibility failed", "error", err, "messages", len(batch))
	}
	if err != nil {
		return false
	}
	ok := true
	for i, it := range batch {
		switch {
		case it.state == gone:
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
