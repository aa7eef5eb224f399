package sqs

import (
	"fmt"
	"sync"
	"time"
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
