package queue

import (
	"context"
	"time"

	"relock/internal/pace"
)

// Bounds of the back-off after a failed receive. The first wait is long enough
// that a missing queue or bad credentials cost one request a second at most.
const (
	minReceiveBackoff = time.Second
	maxReceiveBackoff = 30 * time.Second
	// holdingWait is the long poll while messages are held. A pause or a stop
	// hands them back when the poll under way has ended: earlier, the poll would
	// take them again, and one that is cut off would leave them invisible, for a
	// server may go on serving a connection that has gone.
	holdingWait = time.Second
	// receiveSlack is how much longer than its long poll a receive may take.
	receiveSlack = 10 * time.Second
	// minEmptyPoll keeps a server that answers a long poll at once, with
	// nothing, from being asked all the time.
	minEmptyPoll = time.Second
)

// receiveLoop receives until stop ends. A receive that is under way then may go
// on, because a message that the server hands out to a connection that is closed
// stays invisible for its whole timeout: a long poll for StopGrace, a short one to
// its end, or for StopGrace from hurry.
func (c *Consumer) receiveLoop(ctx, stop, hurry context.Context) {
	call, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(stop, func() {
		c.mu.Lock()
		short := c.holding
		c.mu.Unlock()
		if short {
			select {
			case <-hurry.Done():
			case <-call.Done():
			}
		}
		t := time.NewTimer(c.cfg.StopGrace)
		defer t.Stop()
		select {
		case <-t.C:
			cancel()
		case <-call.Done():
		}
	})()
	failures := 0
	for stop.Err() == nil {
		c.cfg.Alive("receive")
		if !c.room() {
			if !sleep(stop, time.Minute, c.wakeReceive) {
				return
			}
			continue
		}
		begun := time.Now()
		ds, err := c.receiveOnce(call)
		if stop.Err() != nil && err != nil {
			return // the stop cut the call off
		}
		c.cfg.Received(len(ds), err)
		if err == nil {
			failures = 0
			if len(ds) == 0 && time.Since(begun) < minEmptyPoll && !sleep(stop, minEmptyPoll, nil) {
				return
			}
			continue
		}
		failures++
		d := pace.Backoff(failures, minReceiveBackoff, maxReceiveBackoff)
		if c.news(err) {
			c.cfg.Logger.Warn("receiving failed", "error", err, "failures", failures, "retry_in", d.Round(time.Millisecond))
		}
		if !sleep(stop, d, nil) {
			return
		}
	}
}

// receiveOnce makes one receive. While it is under way nothing is handed back by
// a pause or a stop: it would be received once more.
func (c *Consumer) receiveOnce(ctx context.Context) ([]Delivery, error) {
	c.mu.Lock()
	if c.stopped {
		c.mu.Unlock()
		return nil, context.Canceled
	}
	c.receiving = true
	wait := c.cfg.Wait
	c.holding = len(c.tracked) > 0
	if c.holding {
		wait = min(wait, holdingWait)
	}
	c.mu.Unlock()
	before := time.Now()
	call, cancel := context.WithTimeout(ctx, wait+receiveSlack)
	ds, err := c.cfg.Transport.Receive(call, MaxBatch, wait, c.cfg.Visibility)
	cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.receiving = false
	now := time.Now()
	for _, d := range ds {
		c.addLocked(d, before, now)
	}
	if len(c.paused) > 0 || c.stopped {
		c.handBackLocked()
	}
	return ds, err
}

func (c *Consumer) room() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	limit := max(c.cfg.Prefetch(), MaxBatch)
	return len(c.paused) == 0 && !c.stopped &&
		len(c.ready)+c.resting+MaxBatch <= limit && c.bytes < c.cfg.PrefetchBytes
}

// addLocked takes a delivery in. A message that is held already came twice:
// only its newest handle is of use, and it is not worked on twice. The deadline
// counts from before the call, the earliest moment at which the server can have
// set it; but a call that waited for its message would count too early, so a
// visibility that has half passed already counts from now.
func (c *Consumer) addLocked(d Delivery, before, now time.Time) {
	deadline := before.Add(c.cfg.Visibility)
	if half := now.Add(c.cfg.Visibility / 2); deadline.Before(half) {
		deadline = now.Add(c.cfg.Visibility)
	}
	if it, ok := c.tracked[d.ID]; ok {
		it.handle = d.Handle
		it.deadline = deadline
		return
	}
	it := &Item{c: c, d: d, handle: d.Handle, deadline: deadline}
	c.tracked[d.ID] = it
	c.bytes += it.size()
	c.ready = append(c.ready, it)
	c.wakeNext.set()
	// Deadlines come in the order of arrival, so only the first of all can be due
	// before the visibility loop looks again by itself.
	if len(c.tracked) == 1 {
		c.wakeVisibility.set()
	}
}
