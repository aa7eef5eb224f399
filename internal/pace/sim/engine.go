// Package sim is a world in fake time for the pace: a quota, the callers that
// share it, and round trips between them. It drives the pace package's own code,
// so that what it measures is what the worker runs. Runs are seeded and replay
// exactly.
package sim

import "time"

// engine runs events in the order of their time, and of their making where the
// time is the same.
type engine struct {
	now  time.Duration // since the start of the run
	heap []event
	made uint64
}

type event struct {
	at  time.Duration
	nth uint64
	do  func()
}

func (a event) before(b event) bool {
	if a.at != b.at {
		return a.at < b.at
	}
	return a.nth < b.nth
}

// after runs do when d has passed.
func (e *engine) after(d time.Duration, do func()) {
	e.made++
	e.heap = append(e.heap, event{e.now + max(d, 0), e.made, do})
	h := e.heap
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if !h[i].before(h[up]) {
			break
		}
		h[i], h[up] = h[up], h[i]
		i = up
	}
}

// run executes events until the time given, or until there are none.
func (e *engine) run(until time.Duration) {
	for len(e.heap) > 0 && e.heap[0].at <= until {
		next := e.pop()
		e.now = next.at
		next.do()
	}
	e.now = until
}

func (e *engine) pop() event {
	h := e.heap
	top := h[0]
	last := len(h) - 1
	h[0] = h[last]
	h[last] = event{}
	h = h[:last]
	e.heap = h
	for i := 0; ; {
		down := 2*i + 1
		if down >= len(h) {
			return top
		}
		if down+1 < len(h) && h[down+1].before(h[down]) {
			down++
		}
		if !h[down].before(h[i]) {
			return top
		}
		h[i], h[down] = h[down], h[i]
		i = down
	}
}
