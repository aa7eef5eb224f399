package sqs

import (
	"slices"
	"time"
)

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
