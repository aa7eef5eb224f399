package publish

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"relock/internal/pace"
	"relock/internal/queue"
)

// Bounds of the back-off between two attempts of a batch.
const (
	minBackoff = 250 * time.Millisecond
	maxBackoff = 20 * time.Second
	// sendTimeout bounds one attempt: what became of it is then unknown, and it
	// is made again.
	sendTimeout = 30 * time.Second
)

func (p *publisher) send(ctx context.Context) error {
	for b := range p.batches {
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
func (p *publisher) sendBatch(ctx context.Context, b batch) error {
	left := b.bodies
	for attempt := 1; ; attempt++ {
		call, cancel := context.WithTimeout(ctx, sendTimeout)
		errs, err := p.cfg.Transport.Send(call, left)
		cancel()
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
