// Package queuefake is a queue in memory that behaves as SQS does and fails as
// it is told: for the tests of what stands on a queue.Transport. Nothing in it
// opens a socket, so it works in a testing/synctest bubble.
package queuefake

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"relock/internal/queue"
)

// The operations, as faults and Calls name them.
const (
	Receive    = "Receive"
	Delete     = "Delete"
	Change     = "ChangeVisibility"
	Send       = "Send"
	DeadLetter = "DeadLetter"
	Depth      = "Depth"

	DeadLettersOf = "DeadLettersOf"
)

// Faults say what goes wrong; nil fields are what goes well. They are asked
// without a lock held, from many goroutines, and in every call.
type Faults struct {
	// Delay is how long a call takes before it has its effect.
	Delay func(op string) time.Duration
	// Call fails a call before it has any effect.
	Call func(op string) error
	// Reply loses the answer to a call that has had its effect.
	Reply func(op string) error
	// Entry fails one entry of a batch. queue.ErrNoAnswer is an entry that is done
	// and not named in the reply.
	Entry func(op string, body []byte) error
	// Corrupt says that a body comes damaged.
	Corrupt func(body []byte) bool
	// Duplicate says that a message that is handed out is handed out once more
	// while it is in flight.
	Duplicate func(body []byte) bool
}

// Queue is a queue.Transport in memory. All methods may be called concurrently.
type Queue struct {
	// MaxReceives moves a message that was received so often to the dead-letter
	// queue; 0 is never. Set it before the first call.
	MaxReceives int
	// NoDeadLetter takes the dead-letter queue away.
	NoDeadLetter bool

	mu       sync.Mutex
	faults   Faults
	messages []*message
	dead     [][]byte
	next     int
	changed  chan struct{} // closed when a message may have become visible
	calls    []Call
}

var _ queue.Transport = (*Queue)(nil)

type message struct {
	id       string
	body     []byte
	sent     time.Time
	visible  time.Time
	receives int
	receipt  string // the newest
	again    bool   // to be handed out though in flight
}

// Call is one call that was made.
type Call struct {
	Op      string
	At      time.Time
	Entries int
	Err     error
}

// New makes an empty queue with a dead-letter queue.
func New() *Queue { return &Queue{changed: make(chan struct{})} }

// SetFaults replaces the faults.
func (q *Queue) SetFaults(f Faults) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.faults = f
}

// Add appends messages without a call.
func (q *Queue) Add(bodies ...[]byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, b := range bodies {
		q.addLocked(b)
	}
	q.wakeLocked()
}

func (q *Queue) addLocked(body []byte) {
	q.next++
	now := time.Now()
	q.messages = append(q.messages, &message{id: fmt.Sprintf("m%d", q.next), body: bytes.Clone(body), sent: now, visible: now})
}

func (q *Queue) wakeLocked() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// Message is a message as it stands.
type Message struct {
	ID       string
	Body     string
	Receives int
	// Hidden is for how long the message stays invisible; 0 if it is visible.
	Hidden time.Duration
}

// Messages lists what is in the queue, in the order sent.
func (q *Queue) Messages() []Message {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := make([]Message, 0, len(q.messages))
	for _, m := range q.messages {
		list = append(list, Message{m.id, string(m.body), m.receives, max(0, time.Until(m.visible))})
	}
	return list
}

// Dead lists the bodies in the dead-letter queue.
func (q *Queue) Dead() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := make([]string, 0, len(q.dead))
	for _, b := range q.dead {
		list = append(list, string(b))
	}
	return list
}

// Calls lists the calls of an operation, or all for "".
func (q *Queue) Calls(op string) []Call {
	q.mu.Lock()
	defer q.mu.Unlock()
	var list []Call
	for _, c := range q.calls {
		if op == "" || c.Op == op {
			list = append(list, c)
		}
	}
	return list
}

// begin makes what goes wrong before the effect of a call.
func (q *Queue) begin(ctx context.Context, op string) (Faults, error) {
	q.mu.Lock()
	f := q.faults
	q.mu.Unlock()
	if f.Delay != nil {
		t := time.NewTimer(f.Delay(op))
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return f, ctx.Err()
		}
	}
	if ctx.Err() != nil {
		return f, ctx.Err()
	}
	if f.Call != nil {
		return f, f.Call(op)
	}
	return f, nil
}

// log keeps a call that has ended.
func (q *Queue) log(op string, at time.Time, entries int, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.calls = append(q.calls, Call{op, at, entries, err})
}

// Receive implements queue.Transport.
func (q *Queue) Receive(ctx context.Context, max int, wait, visibility time.Duration) (ds []queue.Delivery, err error) {
	at := time.Now()
	defer func() { q.log(Receive, at, len(ds), err) }()
	f, err := q.begin(ctx, Receive)
	if err != nil {
		return nil, err
	}
	end := time.NewTimer(wait)
	defer end.Stop()
	for {
		ds, next, changed := q.take(f, max, visibility)
		if len(ds) > 0 {
			if f.Reply != nil {
				if err := f.Reply(Receive); err != nil {
					return nil, err
				}
			}
			return ds, nil
		}
		again := time.NewTimer(next)
		select {
		case <-ctx.Done():
			again.Stop()
			return nil, ctx.Err()
		case <-end.C:
			again.Stop()
			return nil, nil
		case <-changed:
		case <-again.C:
		}
		again.Stop()
	}
}

// take hands out what is visible, or says when something will be.
func (q *Queue) take(f Faults, most int, visibility time.Duration) (ds []queue.Delivery, next time.Duration, changed chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	next = time.Hour
	for _, m := range slices.Clone(q.messages) {
		if len(ds) == most {
			break
		}
		if m.visible.After(now) && !m.again {
			next = min(next, m.visible.Sub(now))
			continue
		}
		if q.MaxReceives > 0 && m.receives >= q.MaxReceives {
			q.dead = append(q.dead, m.body)
			q.removeLocked(m)
			continue
		}
		m.again = !m.again && f.Duplicate != nil && f.Duplicate(m.body)
		m.receives++
		m.visible = now.Add(visibility)
		m.receipt = m.id + "#" + strconv.Itoa(m.receives)
		d := queue.Delivery{ID: m.id, Handle: m.receipt, Body: bytes.Clone(m.body), Receives: m.receives, Sent: m.sent}
		if f.Corrupt != nil && f.Corrupt(m.body) {
			d.Corrupt, d.Body = true, append([]byte("#"), m.body...)
		}
		ds = append(ds, d)
	}
	return ds, next, q.changed
}

func (q *Queue) removeLocked(m *message) {
	q.messages = slices.DeleteFunc(q.messages, func(x *message) bool { return x == m })
}

// find returns the message in flight that the handle names.
func (q *Queue) findLocked(handle string) *message {
	for _, m := range q.messages {
		if m.receipt == handle {
			return m
		}
	}
	return nil
}

// batch makes a batch call of entries.
func (q *Queue) batch(ctx context.Context, op string, n int, body func(int) []byte, do func(int) error) (errs []error, err error) {
	if n < 1 || n > queue.MaxBatch {
		return nil, fmt.Errorf("a batch of %d entries", n)
	}
	at := time.Now()
	defer func() { q.log(op, at, n, err) }()
	f, err := q.begin(ctx, op)
	if err != nil {
		return nil, err
	}
	errs = make([]error, n)
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range errs {
		if f.Entry != nil {
			errs[i] = f.Entry(op, body(i))
		}
		if errs[i] == nil || errs[i] == queue.ErrNoAnswer { //nolint:errorlint // the fake's own
			if e := do(i); e != nil {
				errs[i] = e
			}
		}
	}
	q.wakeLocked()
	if f.Reply != nil {
		if err := f.Reply(op); err != nil {
			return nil, err
		}
	}
	return errs, nil
}

// Delete implements queue.Transport. As in SQS, deleting with an old handle is
// no error and deletes nothing.
func (q *Queue) Delete(ctx context.Context, handles []string) ([]error, error) {
	return q.batch(ctx, Delete, len(handles), func(i int) []byte { return []byte(handles[i]) }, func(i int) error {
		if m := q.findLocked(handles[i]); m != nil {
			q.removeLocked(m)
		}
		return nil
	})
}

// ChangeVisibility implements queue.Transport.
func (q *Queue) ChangeVisibility(ctx context.Context, changes []queue.Visibility) ([]error, error) {
	return q.batch(ctx, Change, len(changes), func(i int) []byte { return []byte(changes[i].Handle) }, func(i int) error {
		m := q.findLocked(changes[i].Handle)
		now := time.Now()
		if m == nil || !m.visible.After(now) {
			return queue.ErrStale
		}
		m.visible = now.Add(changes[i].Timeout)
		return nil
	})
}

// Send implements queue.Transport.
func (q *Queue) Send(ctx context.Context, bodies [][]byte) ([]error, error) {
	return q.batch(ctx, Send, len(bodies), func(i int) []byte { return bodies[i] }, func(i int) error {
		q.addLocked(bodies[i])
		return nil
	})
}

// DeadLetter implements queue.Transport.
func (q *Queue) DeadLetter(ctx context.Context, d queue.Delivery) error {
	at := time.Now()
	_, err := q.begin(ctx, DeadLetter)
	if err == nil && q.NoDeadLetter {
		err = queue.ErrNoDeadLetter
	}
	if err == nil {
		q.mu.Lock()
		q.dead = append(q.dead, bytes.Clone(d.Body))
		if m := q.findLocked(d.Handle); m != nil {
			q.removeLocked(m)
		}
		q.mu.Unlock()
	}
	q.log(DeadLetter, at, 1, err)
	return err
}

// DeadLettersOf counts the dead letters of a ledger's job, as queue.DeadLetters says.
func (q *Queue) DeadLettersOf(ctx context.Context, ledger, job string) (n int64, all bool, err error) {
	at := time.Now()
	_, err = q.begin(ctx, DeadLettersOf)
	q.log(DeadLettersOf, at, 0, err)
	if err == nil && q.NoDeadLetter {
		err = queue.ErrNoDeadLetter
	}
	if err != nil {
		return 0, false, err
	}
	for _, body := range q.Dead() {
		if m, err := queue.Decode([]byte(body)); err == nil && m.Ledger == ledger && m.Job == job {
			n++
		}
	}
	return n, true, nil
}

// Redrive moves the dead letters back into the queue.
func (q *Queue) Redrive() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, body := range q.dead {
		q.addLocked(body)
	}
	q.dead = nil
	q.wakeLocked()
}

// Depth implements queue.Transport.
func (q *Queue) Depth(ctx context.Context) (queue.Depth, error) {
	at := time.Now()
	_, err := q.begin(ctx, Depth)
	q.log(Depth, at, 0, err)
	if err != nil {
		return queue.Depth{}, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	var d queue.Depth
	for _, m := range q.messages {
		if m.visible.After(time.Now()) {
			d.InFlight++
		} else {
			d.Visible++
		}
	}
	return d, nil
}

// Close implements queue.Transport.
func (q *Queue) Close() error { return nil }
