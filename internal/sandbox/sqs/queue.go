package sqs

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"time"

	"relock/internal/sandbox/fault"
)

const (
	// maxInFlight: Amazon SQS Developer Guide, "Amazon SQS standard queue quotas".
	maxInFlight = 120_000
	// maxTotalVisibility: the same, "Amazon SQS visibility timeout".
	maxTotalVisibility = 12 * time.Hour
	// dedupWindow: the same, "Exactly-once processing in Amazon SQS".
	dedupWindow = 5 * time.Minute
	// maxMovesPerReceive bounds the time that one receive spends on moving
	// messages to a dead-letter queue.
	maxMovesPerReceive = 1000
)

// queue is one queue. Everything in it but name, arn and fifo is guarded by mu,
// which is never held while anybody waits.
type queue struct {
	name, arn string
	fifo      bool
	uid       uint64
	limit     int // in flight

	mu       sync.Mutex
	attr     attributes
	deleted  bool
	created  int64 // seconds
	modified int64
	purged   int64 // nanoseconds; 0 is never

	slab  slab
	ready list // never received, or FIFO
	// again holds those that became visible again; they go first, as they are older.
	again             list
	wake              slotHeap
	age               slotHeap
	inFlight, delayed int
	receipt           uint32

	// twice holds messages that the fault "duplicate" hands out once more.
	twice []seqSlot

	waiters []chan struct{}
	timer   *time.Timer // wakes waiters when a message becomes visible; nil until needed
	clock   func() time.Time

	groups map[string]int // FIFO: messages in flight by group
	dedup  map[string]dedupEntry
	serial uint64 // FIFO: last sequence number
}

type seqSlot struct {
	seq  uint64
	slot uint32
}

type dedupEntry struct {
	at       int64
	seq      uint64
	sequence string
}

func newQueue(name, arn string, uid uint64, attr attributes, limit int, clock func() time.Time) *queue {
	q := &queue{name: name, arn: arn, fifo: attr.fifo, uid: uid, attr: attr, limit: limit, clock: clock}
	q.wake = slotHeap{kind: byWake, slab: &q.slab}
	q.age = slotHeap{kind: byAge, slab: &q.slab}
	now := clock().Unix()
	q.created, q.modified = now, now
	if q.fifo {
		q.groups, q.dedup = map[string]int{}, map[string]dedupEntry{}
	}
	return q
}

// outgoing is a message on its way into a queue.
type outgoing struct {
	body, sender string
	extra        *extra
	seq          uint64
	delay        *int64 // seconds; nil is the queue's
}

// send adds messages; for each it returns the sequence number of a FIFO queue
// and the number from which the message ID is made, which is an older one if
// the message was a duplicate within the deduplication window.
func (q *queue) send(now int64, batch []outgoing) (seqs []uint64, sequences []string, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.deleted {
		return nil, nil, false
	}
	q.settle(now)
	seqs, sequences = make([]uint64, len(batch)), make([]string, len(batch))
	visible := 0
	for i, o := range batch {
		if q.fifo {
			if old, found := q.dedup[o.extra.dedup]; found && now-old.at < int64(dedupWindow) {
				seqs[i], sequences[i] = old.seq, old.sequence
				continue
			}
			q.serial++
			o.extra.sequence = fmt.Sprintf("18%018d", q.serial*256)
			sequences[i] = o.extra.sequence
			q.remember(now, o)
		}
		seqs[i] = o.seq
		delay := q.attr.delay
		if o.delay != nil {
			delay = *o.delay
		}
		slot := q.add(message{body: o.body, sender: o.sender, extra: o.extra, seq: o.seq, sent: now})
		if delay > 0 {
			q.slab.at(slot).state = delayed
			q.delayed++
			q.pushWake(now+delay*int64(time.Second), slot)
			continue
		}
		q.slab.at(slot).state = ready
		q.ready.append(&q.slab, slot)
		visible++
	}
	q.signal(visible)
	return seqs, sequences, true
}

// remember notes a deduplication ID, and forgets old ones now and then.
func (q *queue) remember(now int64, o outgoing) {
	if len(q.dedup) > 4096 && len(q.dedup)&(len(q.dedup)-1) == 0 {
		for id, e := range q.dedup {
			if now-e.at >= int64(dedupWindow) {
				delete(q.dedup, id)
			}
		}
	}
	q.dedup[o.extra.dedup] = dedupEntry{now, o.seq, o.extra.sequence}
}

// accept takes messages that another queue's redrive policy moved here. They
// keep the time at which they were sent.
// Source: SQS Developer Guide, "Using dead-letter queues in Amazon SQS".
func (q *queue) accept(now int64, moved []message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.deleted {
		return
	}
	q.settle(now)
	for _, m := range moved {
		slot := q.add(message{body: m.body, sender: m.sender, extra: m.extra, seq: m.seq, sent: m.sent, first: m.first, receives: m.receives})
		q.slab.at(slot).state = ready
		q.ready.append(&q.slab, slot)
	}
	q.signal(len(moved))
}

func (q *queue) add(m message) uint32 {
	slot := q.slab.alloc()
	*q.slab.at(slot) = m
	q.age.push(m.sent, slot)
	return slot
}

// settle makes visible what has become so, and drops what is too old.
func (q *queue) settle(now int64) {
	for {
		top, ok := q.wake.top()
		if !ok || top.key > now {
			break
		}
		q.show(top.slot)
	}
	retention := q.attr.retention * int64(time.Second)
	for {
		top, ok := q.age.top()
		if !ok || top.key+retention > now {
			break
		}
		q.drop(top.slot)
	}
}

// show makes a delayed or invisible message visible.
func (q *queue) show(slot uint32) {
	m := q.slab.at(slot)
	q.wake.remove(slot)
	was := m.state
	m.state = ready
	switch {
	case was == delayed:
		q.delayed--
		q.ready.append(&q.slab, slot)
	case q.fifo:
		q.landed(m)
		q.ready.insert(&q.slab, slot)
	default:
		q.landed(m)
		m.returned = true
		q.again.append(&q.slab, slot)
	}
}

// landed counts a message that is no longer in flight.
func (q *queue) landed(m *message) {
	q.inFlight--
	if q.fifo {
		if q.groups[m.extra.group]--; q.groups[m.extra.group] == 0 {
			delete(q.groups, m.extra.group)
		}
	}
}

// unlist takes a visible message out of its list.
func (q *queue) unlist(slot uint32) {
	m := q.slab.at(slot)
	if m.returned {
		q.again.remove(&q.slab, slot)
		m.returned = false
		return
	}
	q.ready.remove(&q.slab, slot)
}

// drop removes a message for good.
func (q *queue) drop(slot uint32) {
	m := q.slab.at(slot)
	switch m.state {
	case ready:
		q.unlist(slot)
	case delayed:
		q.delayed--
		q.wake.remove(slot)
	case inFlight:
		q.landed(m)
		q.wake.remove(slot)
	}
	q.age.remove(slot)
	q.slab.free(slot)
}

// delivery is one message as one receive got it.
type delivery struct {
	message
	handle handle
}

// received is what one attempt to receive brought.
type received struct {
	deliveries []delivery
	moved      []message // for the dead-letter queue
	over       bool      // the limit of messages in flight is reached
	deleted    bool
}

// redrive is the rule that moves messages; max 0 is none.
type redrive struct{ max int64 }

// roll draws a fault for one message.
type roll func(name string) bool

func (q *queue) receive(now int64, limit int, visibility int64, max int64, roll roll) received {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.receiveLocked(now, limit, visibility, max, roll)
}

func (q *queue) receiveLocked(now int64, limit int, visibility int64, max int64, roll roll) received {
	var r received
	if q.deleted {
		r.deleted = true
		return r
	}
	q.settle(now)
	until := now + visibility*int64(time.Second)
	var taken map[string]bool // FIFO: groups that this receive has locked itself
	twice := q.twice
	q.twice = nil
	for len(r.deliveries) < limit && len(r.moved) < maxMovesPerReceive {
		if len(twice) > 0 {
			d := twice[0]
			twice = twice[1:]
			if m := q.slab.at(d.slot); m.seq == d.seq && m.state == inFlight {
				q.wake.remove(d.slot)
				q.landed(m)
				r.deliveries = append(r.deliveries, q.deliver(now, until, d.slot))
			}
			continue
		}
		if q.inFlight >= q.limit {
			r.over = true
			break
		}
		slot, ok := q.next(taken)
		if !ok {
			break
		}
		m := q.slab.at(slot)
		if max > 0 && int64(m.receives) >= max {
			r.moved = append(r.moved, *m)
			q.drop(slot)
			continue
		}
		q.unlist(slot)
		if q.fifo {
			if taken == nil {
				taken = map[string]bool{}
			}
			taken[m.extra.group] = true
		}
		r.deliveries = append(r.deliveries, q.deliver(now, until, slot))
		if roll != nil && roll(fault.Duplicate) {
			q.twice = append(q.twice, seqSlot{m.seq, slot})
		}
	}
	q.twice = append(q.twice, twice...)
	q.settle(now) // those received with a visibility of 0 are visible again
	return r
}

// next is the message to receive next.
func (q *queue) next(taken map[string]bool) (uint32, bool) {
	if !q.fifo {
		if q.again.head != 0 {
			return q.again.head - 1, true
		}
		return q.ready.head - 1, q.ready.head != 0
	}
	for at := q.ready.head; at != 0; at = q.slab.at(at - 1).next {
		if g := q.slab.at(at - 1).extra.group; q.groups[g] == 0 || taken[g] {
			return at - 1, true
		}
	}
	return 0, false
}

// deliver marks a message as received.
func (q *queue) deliver(now, until int64, slot uint32) delivery {
	m := q.slab.at(slot)
	q.receipt++
	m.receipt = q.receipt
	m.receives++
	m.received = now
	if m.first == 0 {
		m.first = now
	}
	m.state = inFlight
	q.inFlight++
	if q.fifo {
		q.groups[m.extra.group]++
	}
	q.pushWake(until, slot)
	return delivery{*m, handle{q.uid, m.seq, slot, m.receipt}}
}

// find is the message that a handle names, if it still exists.
func (q *queue) find(h handle) (*message, bool) {
	if !q.slab.has(h.slot) {
		return nil, false
	}
	m := q.slab.at(h.slot)
	return m, m.state != free && m.seq == h.seq
}

// verdict is what became of a handle.
type verdict int

const (
	done     verdict = iota
	gone             // the message was deleted, or the queue was
	stale            // received again since
	visible          // its visibility ran out
	tooLong          // beyond 12 hours since the receive
	noQueue          // the queue was deleted
	fifoLate         // FIFO: the handle has expired
)

// remove deletes the message that a handle names. On a standard queue an old
// handle is accepted and deletes nothing.
// Source: SQS API Reference, DeleteMessage.
func (q *queue) remove(now int64, h handle) verdict {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.deleted {
		return noQueue
	}
	q.settle(now)
	m, ok := q.find(h)
	switch {
	case !ok:
		return gone
	case q.fifo && (m.receipt != h.receipt || m.state != inFlight):
		return fifoLate
	case m.receipt != h.receipt:
		return stale
	}
	q.drop(h.slot)
	return done
}

// change sets the visibility of the message that a handle names to seconds from
// now. lenient accepts a handle whose visibility has run out.
func (q *queue) change(now int64, h handle, seconds int64, lenient bool) verdict {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.deleted {
		return noQueue
	}
	q.settle(now)
	m, ok := q.find(h)
	switch {
	case !ok:
		return gone
	case m.receipt != h.receipt:
		return stale
	case m.state != inFlight && lenient:
		return done
	case m.state != inFlight:
		return visible
	}
	until := now + seconds*int64(time.Second)
	if until-m.received > int64(maxTotalVisibility) {
		return tooLong
	}
	q.wake.remove(h.slot)
	q.pushWake(until, h.slot) // with 0 seconds, whoever waits is woken at once
	return done
}

// purge drops every message; it says false within 60 s of the last purge.
func (q *queue) purge(now int64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.purged != 0 && now-q.purged < int64(time.Minute) {
		return false
	}
	q.purged = now
	for {
		top, ok := q.age.top()
		if !ok {
			return true
		}
		q.drop(top.slot)
	}
}

// close ends the queue: whoever waits is told that it does not exist.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.deleted = true
	q.signal(len(q.waiters))
	if q.timer != nil {
		q.timer.Stop()
	}
	q.slab, q.twice, q.dedup, q.groups = slab{}, nil, nil, nil
	q.wake.items, q.age.items = nil, nil
	q.ready, q.again = list{}, list{}
	q.inFlight, q.delayed = 0, 0
}

// Depth is how many messages a queue holds.
type Depth struct {
	Visible  int `json:"visible"`
	InFlight int `json:"inFlight"`
	Delayed  int `json:"delayed"`
}

func (q *queue) depth(now int64) Depth {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.settle(now)
	return Depth{Visible: q.ready.n + q.again.n, InFlight: q.inFlight, Delayed: q.delayed}
}

func contentHash(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

// pushWake notes when a message becomes visible.
func (q *queue) pushWake(at int64, slot uint32) {
	q.wake.push(at, slot)
	if top, _ := q.wake.top(); top.slot == slot && len(q.waiters) > 0 {
		q.arm(q.clock().UnixNano())
	}
}

// wait adds a waiter; its channel gets a value when it should try again.
func (q *queue) wait(now int64) chan struct{} {
	ch := make(chan struct{}, 1)
	q.waiters = append(q.waiters, ch)
	if len(q.waiters) == 1 {
		q.arm(now)
	}
	return ch
}

// leave takes a waiter out. If it had been told to try, another one is.
func (q *queue) leave(ch chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.Index(q.waiters, ch); i >= 0 {
		q.waiters = slices.Delete(q.waiters, i, i+1)
	} else {
		q.signal(1)
	}
	if len(q.waiters) == 0 && q.timer != nil {
		q.timer.Stop()
	}
}

// signal tells up to n waiters, the longest waiting first, to try.
func (q *queue) signal(n int) {
	n = min(n, len(q.waiters))
	for _, ch := range q.waiters[:n] {
		ch <- struct{}{} // has room: each channel is signalled once
	}
	q.waiters = slices.Delete(q.waiters, 0, n)
}

// arm sets the timer for the next message that becomes visible by itself.
func (q *queue) arm(now int64) {
	top, ok := q.wake.top()
	if !ok {
		return
	}
	d := time.Duration(max(0, top.key-now))
	if q.timer != nil {
		q.timer.Reset(d)
		return
	}
	q.timer = time.AfterFunc(d, q.ring)
}

// ring is called by the timer.
func (q *queue) ring() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.deleted || len(q.waiters) == 0 {
		return
	}
	now := q.clock().UnixNano()
	q.settle(now)
	q.signal(q.ready.n + q.again.n)
	if len(q.waiters) > 0 {
		q.arm(now)
	}
}
