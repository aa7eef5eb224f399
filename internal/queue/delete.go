package queue

import (
	"context"
	"errors"
	"slices"
	"time"

	"relock/internal/pace"
	"relock/internal/sqlite"
)

// Bounds of the back-off after a failed delete, and how often one is tried
// before the message is left to come again: the ledger knows that it is done.
const (
	minDeleteBackoff = 200 * time.Millisecond
	maxDeleteBackoff = 20 * time.Second
	maxDeleteTries   = 10
)

// deleteLoop deletes in tens, or what there is once the oldest has waited long
// enough.
func (c *Consumer) deleteLoop(ctx context.Context) {
	for {
		c.cfg.Alive("delete")
		d := c.deleteIn(time.Now())
		if d <= 0 {
			c.deleteBatch(ctx)
			if ctx.Err() != nil {
				return
			}
			continue
		}
		if !sleep(ctx, d, c.wakeDelete) {
			return
		}
	}
}

func (c *Consumer) deleteIn(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case len(c.deletes) == 0:
		return idle
	case c.urgent || len(c.deletes) >= MaxBatch:
		return 0
	default:
		return c.oldest.Add(min(c.cfg.DeleteAfter(), c.cfg.Visibility/4)).Sub(now)
	}
}

func (c *Consumer) deleteBatch(ctx context.Context) {
	c.mu.Lock()
	n := min(len(c.deletes), MaxBatch)
	batch := slices.Clone(c.deletes[:n])
	c.deletes = c.deletes[n:]
	c.oldest = time.Now()
	handles := make([]string, n)
	for i, it := range batch {
		handles[i] = it.handle
	}
	c.mu.Unlock()

	call, cancel := c.callContext(ctx)
	errs, err := c.cfg.Transport.Delete(call, handles)
	cancel()

	c.mu.Lock()
	defer c.mu.Unlock()
	for i, it := range batch {
		fate := err
		if err == nil {
			fate = errs[i]
		}
		c.deletedLocked(it, fate, handles[i])
	}
	if c.news(err) {
		c.cfg.Logger.Warn("deleting finished messages failed", "error", err, "messages", n)
	}
}

// deletedLocked settles one entry. A failure is tried again on its own, so that
// it holds up no other batch; the item stays tracked and is kept invisible
// meanwhile. Deleting what is deleted already does no harm, so an entry that the
// reply does not name is simply tried again. A message that came again meanwhile
// has a newer handle, and an old one deletes nothing though the reply says so.
func (c *Consumer) deletedLocked(it *Item, err error, handle string) {
	switch {
	case it.state == gone:
	case it.handle != handle:
		c.addDeleteLocked(it)
	case err == nil, errors.Is(err, ErrStale):
		c.forgetLocked(it)
	case sqlite.Permanent(err): // it will come again, and will only be deleted then
		c.forgetLocked(it)
	case it.tries+1 >= maxDeleteTries:
		c.cfg.Logger.Warn("a finished message could not be deleted; it will come again, and will only be deleted then", "error", err)
		c.forgetLocked(it)
	default:
		it.tries++
		c.againLocked(it, pace.Backoff(it.tries, minDeleteBackoff, maxDeleteBackoff))
	}
}
