package cognito

import (
	"sync"
	"time"

	"relock/internal/sandbox/wire"
)

// Event is one call as the log keeps it.
type Event struct {
	At        time.Time `json:"at"`
	Operation string    `json:"operation"`
	Category  Category  `json:"category"`
	// Caller is the access key that signed, or CallerUsers.
	Caller string `json:"caller"`
	// User is the name that the request gave, "" if it named nobody.
	User string `json:"user,omitzero"`
	// Code is the error's code, "" for success.
	Code      string `json:"code,omitzero"`
	RequestID string `json:"request_id,omitzero"`
}

// ring keeps the newest events.
type ring struct {
	mu     sync.Mutex
	events []Event
	next   int // where the next event goes once the ring is full
	size   int
}

func newRing(size int) *ring { return &ring{size: size} }

func (r *ring) add(call *wire.Call, err error) {
	if r.size <= 0 {
		return
	}
	e := Event{
		At: call.At, Operation: call.Operation, Category: Category(call.Category), Caller: call.Caller.AccessKeyID,
		User: call.Note, RequestID: call.RequestID,
	}
	if e.Caller == "" {
		e.Caller = CallerUsers
	}
	if we, ok := err.(*wire.Error); ok {
		e.Code = we.Code
	} else if err != nil {
		e.Code = "InternalFailure"
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.events) < r.size {
		r.events = append(r.events, e)
		return
	}
	r.events[r.next] = e
	r.next = (r.next + 1) % r.size
}

func (r *ring) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events, r.next = nil, 0
}

func (r *ring) all() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]Event, 0, len(r.events))
	out = append(out, r.events[r.next:]...)
	return append(out, r.events[:r.next]...)
}

// Log is the newest calls, oldest first.
func (c *Cognito) Log() []Event { return c.log.all() }
