package sqs

import (
	"time"

	"relock/internal/sandbox/fault"
)

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
