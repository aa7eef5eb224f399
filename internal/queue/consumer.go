package queue

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// ConsumerConfig says how a Consumer works. Transport is required.
type ConsumerConfig struct {
	Transport Transport
	// Visibility is how long a message stays invisible unless it is extended;
	// the heartbeat extends it at half of that. Defaults to 2 minutes.
	Visibility time.Duration
	// Wait is the long poll. Defaults to MaxWait.
	Wait time.Duration
	// Prefetch says how many messages to hold that nobody works on yet; it is
	// asked before every receive, because it follows the pace. At least MaxBatch.
	// Defaults to MaxBatch.
	Prefetch func() int
	// PrefetchBytes bounds the bodies held. Defaults to 8 MiB.
	PrefetchBytes int
	// DeleteAfter says how long a finished message may wait for company before
	// its batch is deleted. Defaults to one second.
	DeleteAfter func() time.Duration
	// StopGrace is how long a receive under way may go on after Hurry, or if
	// nothing is held after the stop, so that what the server is just handing out
	// is not left invisible. Defaults to 1.5 seconds, which is longer than a poll
	// takes while messages are held.
	StopGrace time.Duration
	// Paused are reasons for which nothing is received from the start; see Pause.
	Paused []string
	// Received, if set, is told of each receive: how many messages, or the error.
	Received func(n int, err error)
	// Alive, if set, is called by each loop with its name each time round: at
	// least every two minutes while it lives.
	Alive func(loop string)
	// Logger defaults to one that discards.
	Logger *slog.Logger
}

func (c ConsumerConfig) withDefaults() ConsumerConfig {
	if c.Visibility == 0 {
		c.Visibility = 2 * time.Minute
	}
	if c.Wait == 0 {
		c.Wait = MaxWait
	}
	if c.Prefetch == nil {
		c.Prefetch = func() int { return MaxBatch }
	}
	if c.PrefetchBytes == 0 {
		c.PrefetchBytes = 8 << 20
	}
	if c.DeleteAfter == nil {
		c.DeleteAfter = func() time.Duration { return time.Second }
	}
	if c.StopGrace == 0 {
		c.StopGrace = holdingWait + 500*time.Millisecond
	}
	if c.Received == nil {
		c.Received = func(int, error) {}
	}
	if c.Alive == nil {
		c.Alive = func(string) {}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// Consumer receives messages ahead of their use, keeps them invisible while they
// are held, and deletes the finished ones in batches. Start it once; all methods
// may be called concurrently, except that Next has one caller.
type Consumer struct {
	cfg   ConsumerConfig
	stop  context.CancelFunc // ends the receive loop
	abort context.CancelFunc // ends every loop and call
	hurry context.CancelFunc // bounds the receive under way
	loops sync.WaitGroup

	wakeReceive, wakeVisibility, wakeDelete, wakeNext signal

	mu      sync.Mutex
	tracked map[string]*Item // by message ID: everything that is ours until it is deleted or given up
	ready   []*Item          // received and not handed out, in order
	bytes   int              // bodies of tracked items
	resting int              // items that wait for a local retry
	changes []*Item          // to be given up with Item.timeout
	deletes []*Item          // to be deleted
	oldest  time.Time        // when the oldest of deletes was finished
	paused  map[string]bool  // reasons for receiving nothing
	stopped bool
	urgent  bool      // flush without waiting for company
	putOff  time.Time // when the last of what was given up for a while is visible again

	receiving bool            // a receive is under way
	holding   bool            // and it is the short poll of one who holds messages
	ended     <-chan struct{} // closed when the loops have been told to end

	broken atomic.Bool // the queue's file is, and that was logged
}

// Start makes a consumer and starts its loops. They end with Close, or at once
// when ctx ends; Close has to be called in any case.
func Start(ctx context.Context, cfg ConsumerConfig) *Consumer {
	c := &Consumer{
		cfg:            cfg.withDefaults(),
		tracked:        make(map[string]*Item),
		paused:         make(map[string]bool),
		wakeReceive:    newSignal(),
		wakeVisibility: newSignal(),
		wakeDelete:     newSignal(),
		wakeNext:       newSignal(),
	}
	for _, reason := range cfg.Paused {
		c.paused[reason] = true
	}
	ctx, c.abort = context.WithCancel(ctx)
	c.ended = ctx.Done()
	receiveCtx, stop := context.WithCancel(ctx)
	c.stop = stop
	hurry, hurried := context.WithCancel(ctx)
	c.hurry = hurried
	c.loops.Go(func() { c.receiveLoop(ctx, receiveCtx, hurry) })
	c.loops.Go(func() { c.visibilityLoop(ctx) })
	c.loops.Go(func() { c.deleteLoop(ctx) })
	return c
}

// Next waits for a message that nobody works on and hands it out. It returns the
// context's error when ctx ends first. It has one caller.
func (c *Consumer) Next(ctx context.Context) (*Item, error) {
	for {
		if it := c.TryNext(); it != nil {
			return it, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-c.wakeNext:
		}
	}
}

// TryNext hands out a message if one is held, or nil.
func (c *Consumer) TryNext() *Item {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.ready) == 0 {
		return nil
	}
	it := c.ready[0]
	c.ready[0] = nil
	c.ready = c.ready[1:]
	it.state = started
	c.wakeReceive.set()
	return it
}

// Pause stops receiving for a reason, and hands back every message that nobody
// works on, as soon as a receive under way has ended: it would bring them again.
// Pausing twice for one reason is pausing once.
func (c *Consumer) Pause(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paused[reason] = true
	c.handBackLocked()
}

// Resume ends the pause for a reason; the consumer receives when none is left.
func (c *Consumer) Resume(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.paused, reason)
	c.wakeReceive.set()
}

// Held counts the messages that nobody works on, and all that are held.
func (c *Consumer) Held() (ready, all int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.ready), len(c.tracked)
}

// PutOff is when the last of the messages that were given up for a while is visible
// again; zero if none was.
func (c *Consumer) PutOff() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.putOff
}

// Stop ends receiving and hands back what nobody works on. Messages handed out
// already are finished by their holders, who may still delete them.
func (c *Consumer) Stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return
	}
	c.stopped = true
	c.stop()
	c.handBackLocked()
}

// Hurry bounds the end of a receive that is under way at the stop by StopGrace
// from now. Without it a server that is slow has the time that it needs.
func (c *Consumer) Hurry() { c.hurry() }

// Close stops, waits until what was finished is deleted and what was handed back
// is visible, or until ctx ends, and ends the loops. It returns how many
// messages it had to leave to their visibility timeout. Closing twice is fine,
// also while the first is under way.
func (c *Consumer) Close(ctx context.Context) (left int) {
	c.Stop()
	c.mu.Lock()
	c.urgent = true
	c.mu.Unlock()
	c.wakeDelete.set()
	c.wakeVisibility.set()
	c.awaitFlush(ctx)
	c.abort()
	c.loops.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, it := range c.tracked {
		it.stopTimer()
	}
	return len(c.tracked)
}

// flushPoll is how often Close looks whether everything has been flushed.
const flushPoll = 10 * time.Millisecond

func (c *Consumer) awaitFlush(ctx context.Context) {
	tick := time.NewTicker(flushPoll)
	defer tick.Stop()
	for {
		if c.flushed() {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-c.ended: // nobody is left to flush
			return
		case <-tick.C:
		}
	}
}

// flushed reports whether nothing is left to delete or to hand back, and the
// receive under way at the stop has ended.
func (c *Consumer) flushed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.receiving {
		return false
	}
	for _, it := range c.tracked {
		if it.state == deleting || it.state == givingUp {
			return false
		}
	}
	return true
}

// handBackLocked gives up everything that nobody works on, to be visible at once.
func (c *Consumer) handBackLocked() {
	for _, it := range c.tracked {
		if it.state == ready || it.state == resting {
			c.giveUpLocked(it, 0)
		}
	}
	c.ready = nil
	c.urgent = c.urgent || c.stopped
	c.wakeVisibility.set()
}

// Bounds of a batch call. One that hangs must not cost the other messages their
// visibility, so the visibility is the measure; ten seconds are long for SQS.
const (
	minCallTimeout = 500 * time.Millisecond
	maxCallTimeout = 10 * time.Second
)

// callContext bounds one batch call.
func (c *Consumer) callContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, min(max(c.cfg.Visibility/8, minCallTimeout), maxCallTimeout))
}

// signal wakes a loop; setting it twice before the loop looks wakes it once.
type signal chan struct{}

func newSignal() signal { return make(signal, 1) }

func (s signal) set() {
	select {
	case s <- struct{}{}:
	default:
	}
}

// sleep waits for d or until wake or ctx; it reports false when ctx has ended.
func sleep(ctx context.Context, d time.Duration, wake signal) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
	case <-wake:
	}
	return ctx.Err() == nil
}
