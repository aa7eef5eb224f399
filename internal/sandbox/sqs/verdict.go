package sqs

import "time"

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
