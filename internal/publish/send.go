package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"relock/internal/pace"
	"relock/internal/queue"
	"relock/internal/sqlite"
)

// Bounds of the back-off between two attempts of a batch.
const (
	minBackoff = 250 * time.Millisecond
	maxBackoff = 20 * time.Second
	// sendTimeout bounds one attempt: what became of it is then unknown, and it
	// is made again.
	sendTimeout = 30 * time.Second
	// stopWithin is how long calls under way may go on after a stop, so that what
	// they sent is known.
	stopWithin = 3 * time.Second
)

func (p *publisher) send(ctx context.Context) error {
	for b := range p.batches {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := p.sendBatch(ctx, b); err != nil {
			return err
		}
		p.marks.done(b)
	}
	return nil
}

// sendBatch sends until every entry is accepted. Only what failed is sent again,
// with what the reply did not name: a message too many is dropped by the ledger,
// one too few would lose a user.
func (p *publisher) sendBatch(ctx context.Context, b batch) (err error) {
	left, unsure := b.bodies, false
	defer func() {
		if err != nil && unsure {
			p.marks.doubt(len(left))
		}
	}()
	for attempt := 1; ; attempt++ {
		errs, err := p.call(ctx, left)
		unsure = unsure || err != nil && !queue.Refused(err) || slices.ContainsFunc(errs, isNoAnswer)
		if err == nil {
			accepted := len(left)
			left, err = failed(left, errs)
			p.marks.accept(accepted - len(left))
			p.cfg.Progress(accepted - len(left))
			if len(left) == 0 {
				return nil
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if e, ok := errors.AsType[*queue.EntryError](err); ok && e.SenderFault {
			return fmt.Errorf("sending messages: %w; it would be refused again", err)
		}
		if sqlite.Permanent(err) {
			return fmt.Errorf("sending messages: %w", err)
		}
		if errors.Is(err, queue.ErrNoQueue) || attempt >= p.cfg.Attempts {
			return fmt.Errorf("sending messages, attempt %d: %w", attempt, err)
		}
		p.cfg.Logger.Warn("sending messages failed; trying again", "error", err, "attempt", attempt, "messages", len(left))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pace.Backoff(attempt, minBackoff, maxBackoff)):
		}
	}
}

// call makes one call, which goes on for a while after ctx has ended: what it sends
// would else be in the queue unknown.
func (p *publisher) call(ctx context.Context, bodies [][]byte) ([]error, error) {
	call, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTimeout)
	defer cancel()
	ended := make(chan struct{})
	defer close(ended)
	defer context.AfterFunc(ctx, func() {
		select {
		case <-ended:
		case <-time.After(stopWithin):
			cancel()
		}
	})()
	return p.cfg.Transport.Send(call, bodies)
}

func isNoAnswer(err error) bool { return errors.Is(err, queue.ErrNoAnswer) }

// failed is what has to be sent again, and why. An entry that is the sender's
// fault comes first: it decides.
func failed(bodies [][]byte, errs []error) (left [][]byte, err error) {
	for i, e := range errs {
		if e == nil {
			continue
		}
		left = append(left, bodies[i])
		if fault, ok := errors.AsType[*queue.EntryError](e); err == nil || ok && fault.SenderFault {
			err = e
		}
	}
	return left, err
}

// marks knows up to which place every target has been accepted, though batches
// end in any order. Its methods may be called concurrently.
type marks struct {
	mu    sync.Mutex
	sent  int64
	open  int64         // messages that may be in the queue besides
	place int64         // every target up to here is accepted
	next  int           // the first batch that is not done
	ahead map[int]int64 // batches done before their turn, with their last place
}

func newMarks(place int64) *marks { return &marks{place: place, ahead: make(map[int]int64)} }

func (m *marks) accept(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent += int64(n)
}

func (m *marks) doubt(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.open += int64(n)
}

func (m *marks) unanswered() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.open
}

func (m *marks) done(b batch) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ahead[b.number] = b.last
	for {
		place, ok := m.ahead[m.next]
		if !ok {
			return
		}
		delete(m.ahead, m.next)
		m.place = place
		m.next++
	}
}

func (m *marks) state() (sent, place int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sent, m.place
}
