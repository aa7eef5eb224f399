package sqs

import (
	"context"

	"relock/internal/sandbox/fault"
	"relock/internal/sandbox/wire"
)

type deleteInput struct {
	target
	ReceiptHandle *string
}

func (s *Service) deleteMessage(_ context.Context, _ *wire.Call, q *queue, in *deleteInput) (any, *wire.Error) {
	return nil, s.delete(q, in.ReceiptHandle)
}

func (s *Service) delete(q *queue, receipt *string) *wire.Error {
	h, e := s.handle(q, receipt)
	if e != nil {
		return e
	}
	switch q.remove(s.now(), h) {
	case noQueue:
		return queueDoesNotExist()
	case fifoLate:
		return invalidValue(*receipt, "ReceiptHandle", "The receipt handle has expired.")
	}
	return nil // an old handle is accepted, and deletes nothing
}

func (s *Service) handle(q *queue, receipt *string) (handle, *wire.Error) {
	if receipt == nil || *receipt == "" {
		return handle{}, missing("ReceiptHandle")
	}
	h, ok := decodeHandle(*receipt, s.salt)
	if !ok || h.queue != q.uid {
		return handle{}, badHandle(*receipt)
	}
	return h, nil
}

type deleteBatchInput struct {
	target
	Entries []struct{ Id, ReceiptHandle *string }
}

func (s *Service) deleteBatch(_ context.Context, c *wire.Call, q *queue, in *deleteBatchInput) (any, *wire.Error) {
	id := func(i int) *string { return in.Entries[i].Id }
	return s.batch(c, len(in.Entries), id, func(i int) *wire.Error { return s.delete(q, in.Entries[i].ReceiptHandle) })
}

type visibilityInput struct {
	target
	ReceiptHandle     *string
	VisibilityTimeout *int64
}

func (s *Service) changeVisibility(_ context.Context, _ *wire.Call, q *queue, in *visibilityInput) (any, *wire.Error) {
	return nil, s.change(q, in.ReceiptHandle, in.VisibilityTimeout)
}

func (s *Service) change(q *queue, receipt *string, timeout *int64) *wire.Error {
	h, e := s.handle(q, receipt)
	if e != nil {
		return e
	}
	if timeout == nil {
		return missing("VisibilityTimeout")
	}
	if e := checkRange(timeout, "VisibilityTimeout", 0, 43200, "VisibilityTimeout must be an integer between 0 and 43200."); e != nil {
		return e
	}
	switch q.change(s.now(), h, *timeout, s.cfg.LateVisibility) {
	case gone, stale, fifoLate:
		return notAvailable(*receipt)
	case visible:
		return notInFlight()
	case tooLong:
		return invalidValue(*timeout, "VisibilityTimeout", "Total VisibilityTimeout for the message is beyond the limit [43200 seconds].")
	case noQueue:
		return queueDoesNotExist()
	}
	return nil
}

type visibilityBatchInput struct {
	target
	Entries []struct {
		Id, ReceiptHandle *string
		VisibilityTimeout *int64
	}
}

func (s *Service) changeBatch(_ context.Context, c *wire.Call, q *queue, in *visibilityBatchInput) (any, *wire.Error) {
	id := func(i int) *string { return in.Entries[i].Id }
	return s.batch(c, len(in.Entries), id, func(i int) *wire.Error {
		return s.change(q, in.Entries[i].ReceiptHandle, in.Entries[i].VisibilityTimeout)
	})
}

// batch carries out the entries one by one, and applies the faults of batches.
func (s *Service) batch(c *wire.Call, n int, id func(int) *string, do func(int) *wire.Error) (any, *wire.Error) {
	if e := checkBatch(c, n, id); e != nil {
		return nil, e
	}
	out := batchOutput{Successful: []success{}, Failed: []failure{}}
	for i := range n {
		if s.faults.Roll(fault.BatchFail, SigningName, c.Operation) {
			out.Failed = append(out.Failed, injectedFailure(*id(i)))
			continue
		}
		e := do(i)
		switch {
		case e != nil:
			out.Failed = append(out.Failed, newFailure(*id(i), e))
		case s.faults.Roll(fault.BatchSilent, SigningName, c.Operation):
		default:
			out.Successful = append(out.Successful, success{*id(i)})
		}
	}
	return out, nil
}
