package queue

import (
	"context"
	"time"
)

// Item is a message that the consumer holds. Whoever got it from Next finishes
// it with one of Delete, GiveUp, Retry or DeadLetter; a second ending is ignored.
type Item struct {
	c *Consumer
	d Delivery

	// The rest is guarded by c.mu.
	state    itemState
	handle   string        // the newest
	deadline time.Time     // when the message becomes visible unless extended
	timeout  time.Duration // for givingUp
	tries    int           // failed deletes, or failed attempts to give it up
	timer    *time.Timer   // for resting, and for a call that is tried again
}

type itemState uint8

const (
	ready    itemState = iota // received, nobody works on it
	started                   // handed out
	resting                   // waits for a local retry
	givingUp                  // its visibility is about to be set, then it is forgotten
	deleting                  // finished; to be deleted
	gone                      // forgotten: deleted, given up, or no longer ours
)

// ID is the queue's name for the message.
func (it *Item) ID() string { return it.d.ID }

// Body is the body as received; untrusted.
func (it *Item) Body() []byte { return it.d.Body }

// Corrupt says that the body does not match its checksum.
func (it *Item) Corrupt() bool { return it.d.Corrupt }

// Receives is how often the message has been received.
func (it *Item) Receives() int { return it.d.Receives }

// Delete says that the message is finished. It is deleted in a batch, soon, and
// again with back-off if that fails. One that is no longer ours comes again, and
// is deleted then.
func (it *Item) Delete() {
	c := it.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if it.state == started {
		it.state = deleting
		c.addDeleteLocked(it)
	}
}

// GiveUp hands the message back to be visible after d (0 to MaxVisibility) and
// forgets it.
func (it *Item) GiveUp(d time.Duration) {
	c := it.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if it.state == started {
		c.giveUpLocked(it, d)
		c.wakeVisibility.set()
	}
}

// Retry keeps the message and hands it out again after d; with zero it is the
// next. After a stop, or while paused, it is handed back instead.
func (it *Item) Retry(d time.Duration) {
	c := it.c
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case it.state != started:
	case c.stopped || len(c.paused) > 0:
		c.giveUpLocked(it, 0)
		c.wakeVisibility.set()
	case d <= 0:
		c.readyLocked(it)
	default:
		it.state = resting
		c.resting++
		it.timer = time.AfterFunc(d, it.rested)
	}
}

func (it *Item) rested() {
	c := it.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if it.state == resting {
		c.resting--
		c.readyLocked(it)
	}
}

// DeadLetter moves the message to the dead-letter queue on purpose. On an error
// the message is still held and needs one of the other endings.
func (it *Item) DeadLetter(ctx context.Context) error {
	c := it.c
	c.mu.Lock()
	d := it.d
	d.Handle = it.handle
	c.mu.Unlock()
	if err := c.cfg.Transport.DeadLetter(ctx, d); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgetLocked(it)
	return nil
}

func (it *Item) stopTimer() {
	if it.timer != nil {
		it.timer.Stop()
	}
}

// readyLocked puts an item that was worked on before in front of the others.
func (c *Consumer) readyLocked(it *Item) {
	it.state = ready
	c.ready = append([]*Item{it}, c.ready...)
	c.wakeNext.set()
}

func (c *Consumer) giveUpLocked(it *Item, d time.Duration) {
	if it.state == resting {
		c.resting--
		it.stopTimer()
	}
	it.state = givingUp
	it.timeout = d
	if back := time.Now().Add(d); d > 0 && back.After(c.putOff) {
		c.putOff = back
	}
	c.changes = append(c.changes, it)
}

func (c *Consumer) addDeleteLocked(it *Item) {
	if len(c.deletes) == 0 {
		c.oldest = time.Now()
	}
	c.deletes = append(c.deletes, it)
	if n := len(c.deletes); n == 1 || n >= MaxBatch {
		c.wakeDelete.set()
	}
}

// againLocked makes a failed delete or change again after d, with other messages
// or alone: it holds up none of them.
func (c *Consumer) againLocked(it *Item, d time.Duration) {
	it.timer = time.AfterFunc(d, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		switch it.state {
		case deleting:
			c.addDeleteLocked(it)
		case givingUp:
			c.changes = append(c.changes, it)
			c.wakeVisibility.set()
		}
	})
}

// forgetLocked lets go of an item for good.
func (c *Consumer) forgetLocked(it *Item) {
	if it.state == gone {
		return
	}
	if it.state == resting {
		c.resting--
	}
	it.state = gone
	it.stopTimer()
	delete(c.tracked, it.d.ID)
	c.bytes -= it.size()
	c.wakeReceive.set()
}

// itemOverhead is about what an item costs beside its body.
const itemOverhead = 1 << 10

func (it *Item) size() int { return len(it.d.Body) + itemOverhead }
