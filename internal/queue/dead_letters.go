package queue

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// DeadLetters is the dead-letter queue of a Transport: messages that were received
// too often, and those that were put there on purpose. *SQS and *File implement it.
type DeadLetters interface {
	// PeekDead returns up to limit dead letters and leaves them where they are. In
	// SQS they are invisible to others while it runs, and which come first is
	// SQS's choice.
	PeekDead(ctx context.Context, limit int) ([]Delivery, error)
	// DeadLettersOf counts the dead letters that are messages of a ledger's job. It
	// reports false if it could not look at all of them, because there are too many or
	// somebody else holds some: then there may be more.
	DeadLettersOf(ctx context.Context, ledger, job string) (n int64, all bool, err error)
	// RedriveDead sends the dead letters once more that keep chooses, as new
	// messages of the queue, and returns how many; the others stay. A dead letter
	// goes when the queue has accepted its body, so a crash leaves both and loses
	// none. Interrupted, it is simply called again.
	RedriveDead(ctx context.Context, keep func(Delivery) bool) (int64, error)
}

var (
	_ DeadLetters = (*SQS)(nil)
	_ DeadLetters = (*File)(nil)
)

const (
	// deadWait is the long poll for dead letters: one that is empty has asked all
	// of SQS's servers.
	deadWait = 2 * time.Second
	// deadInvisible is how long a dead letter that is looked at stays away from
	// others.
	deadInvisible = 2 * time.Minute
	// maxHeld bounds how many dead letters a redrive holds to hand back at its
	// end; further ones come back by themselves after deadInvisible. That they were
	// seen is remembered, or a redrive of a long queue would meet them for ever; SQS
	// lets no more than 120,000 messages be in flight.
	maxHeld = 1000
)

// dead is the dead-letter queue as a queue.
func (q *SQS) dead() (*SQS, error) {
	if q.dlqURL == "" {
		return nil, ErrNoDeadLetter
	}
	return &SQS{client: q.client, url: q.dlqURL, observe: q.observe}, nil
}

// PeekDead implements DeadLetters.
func (q *SQS) PeekDead(ctx context.Context, limit int) (ds []Delivery, err error) {
	dead, err := q.dead()
	if err != nil {
		return nil, err
	}
	seen := make(map[string]bool)
	defer func() { err = errors.Join(err, dead.handBack(ctx, ds)) }()
	for len(ds) < limit {
		batch, err := dead.Receive(ctx, min(MaxBatch, limit-len(ds)), deadWait, deadInvisible)
		if err != nil {
			return ds, fmt.Errorf("the dead-letter queue: %w", err)
		}
		fresh := false
		for _, d := range batch {
			if !seen[d.ID] { // SQS may deliver one twice, though it is invisible
				seen[d.ID], fresh = true, true
				ds = append(ds, d)
			}
		}
		if !fresh {
			break
		}
	}
	return ds, nil
}

// deadLooked bounds how many dead letters DeadLettersOf looks at in SQS.
const deadLooked = 1000

// DeadLettersOf implements DeadLetters.
func (q *SQS) DeadLettersOf(ctx context.Context, ledger, job string) (n int64, all bool, err error) {
	dead, err := q.dead()
	if err != nil {
		return 0, false, err
	}
	d, err := dead.Depth(ctx)
	if err != nil || d.Empty() {
		return 0, err == nil, err
	}
	ds, err := q.PeekDead(ctx, deadLooked)
	return countOf(ds, ledger, job), int64(len(ds)) >= d.Visible+d.InFlight+d.Delayed, err
}

// countOf counts the messages of a ledger's job.
func countOf(ds []Delivery, ledger, job string) (n int64) {
	for _, d := range ds {
		if m, err := Decode(d.Body); err == nil && !d.Corrupt && m.Ledger == ledger && m.Job == job {
			n++
		}
	}
	return n
}

// handBack makes messages visible again, also when ctx has ended.
func (q *SQS) handBack(ctx context.Context, ds []Delivery) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	for len(ds) > 0 {
		n := min(len(ds), MaxBatch)
		changes := make([]Visibility, n)
		for i, d := range ds[:n] {
			changes[i] = Visibility{Handle: d.Handle}
		}
		// A message that does not come back at once does so when its time is over.
		if _, err := q.ChangeVisibility(ctx, changes); err != nil {
			return fmt.Errorf("handing dead letters back: %w", err)
		}
		ds = ds[n:]
	}
	return nil
}

// RedriveDead implements DeadLetters. It does what StartMessageMoveTask does, but
// for the messages that it is to move alone.
func (q *SQS) RedriveDead(ctx context.Context, keep func(Delivery) bool) (moved int64, err error) {
	dead, err := q.dead()
	if err != nil {
		return 0, err
	}
	var left []Delivery
	seen := make(map[string]bool)
	defer func() { err = errors.Join(err, dead.handBack(ctx, left)) }()
	for {
		batch, err := dead.Receive(ctx, MaxBatch, deadWait, deadInvisible)
		if err != nil {
			return moved, fmt.Errorf("the dead-letter queue: %w", err)
		}
		var ours []Delivery
		fresh := false
		for _, d := range batch {
			switch {
			case keep(d):
				ours = append(ours, d)
			case seen[d.ID]:
			default:
				seen[d.ID], fresh = true, true
				if len(left) < maxHeld {
					left = append(left, d)
				}
			}
		}
		n, err := q.resend(ctx, dead, ours)
		moved += n
		if err != nil {
			return moved, err
		}
		if n == 0 && !fresh {
			return moved, nil
		}
	}
}

// resend sends messages and deletes those that were accepted from the dead-letter
// queue.
func (q *SQS) resend(ctx context.Context, dead *SQS, ds []Delivery) (int64, error) {
	if len(ds) == 0 {
		return 0, nil
	}
	bodies := make([][]byte, len(ds))
	for i, d := range ds {
		bodies[i] = d.Body
	}
	errs, err := q.Send(ctx, bodies)
	if err != nil {
		return 0, err
	}
	var handles []string
	for i, err := range errs {
		if err == nil {
			handles = append(handles, ds[i].Handle)
		}
	}
	if len(handles) > 0 {
		gone, err := dead.Delete(ctx, handles)
		if err = errors.Join(append(gone, err)...); err != nil {
			return int64(len(handles)), fmt.Errorf("deleting dead letters that were sent again: %w", err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return int64(len(handles)), fmt.Errorf("sending dead letters again: %w", err)
	}
	return int64(len(handles)), nil
}
