package worker

import (
	"context"
	"errors"

	"relock/internal/queue"
	"relock/internal/reset"
)

// deadLetterCounter is a transport that can count its dead letters.
type deadLetterCounter interface {
	DeadLetterCount(ctx context.Context) (int64, error)
}

var (
	_ deadLetterCounter = (*queue.SQS)(nil)
	_ deadLetterCounter = (*queue.File)(nil)
)

// deadLetters shows how many dead letters there are, for nobody else looks at them.
// Only the watcher uses it.
type deadLetters struct{ off bool }

// look counts. A queue that has none, or whose dead letters the worker may not
// count, is asked once: that right is a convenience, and each refusal would look
// like credentials that fail.
func (d *deadLetters) look(ctx context.Context, w *Worker) {
	c, ok := w.cfg.Transport.(deadLetterCounter)
	if !ok || d.off {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, depthTimeout)
	defer cancel()
	n, err := c.DeadLetterCount(ctx)
	switch {
	case err == nil:
		w.cfg.Metrics.SetDeadLetters(n)
	case errors.Is(err, queue.ErrNoDeadLetter):
		d.off = true
	case reset.Refused(err):
		d.off = true
		w.log.Warn("the dead letters are not counted: grant sqs:GetQueueAttributes on the dead-letter queue and start the worker again", "error", err)
	case ctx.Err() == nil:
		w.log.Warn("counting the dead letters failed", "error", err)
	}
}
