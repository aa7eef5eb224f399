package worker

import (
	"context"
	"errors"
	"slices"
	"time"

	"relock/internal/job"
	"relock/internal/queue"
)

const (
	// pausedFor is how long a message of a paused job is put off while other jobs
	// go on; each time costs a receive, and a queue allows twenty or so.
	pausedFor = 30 * time.Minute
	// movedIn is when a message comes again that the dead-letter queue did not take.
	movedIn = time.Minute
	// rejectedFor is how long a message that cannot be moved to a dead-letter
	// queue is put out of the way.
	rejectedFor = queue.MaxVisibility - time.Minute
)

// accept checks a message, which is untrusted: it has to be well formed, of this
// ledger, of an allowed pool, and of a job that may be worked on. The ledger says
// later whether it lists the target.
func (w *Worker) accept(ctx context.Context, it *queue.Item) (queue.Message, bool) {
	if it.Corrupt() {
		// Damaged on its way to us: the queue's copy may be sound. Let it come
		// again; the queue's own limit of receives bounds that.
		w.count(queue.RejectCorrupt)
		it.GiveUp(w.cfg.Visibility / 4)
		return queue.Message{}, false
	}
	m, err := queue.Decode(it.Body())
	if err != nil {
		reason := queue.RejectNotJSON
		if mal, ok := errors.AsType[*queue.MalformedError](err); ok {
			reason = mal.Reason
		}
		w.reject(ctx, it, reason)
		return m, false
	}
	if m.Ledger != w.cfg.Ledger.ID() {
		w.reject(ctx, it, queue.RejectOtherLedger)
		return m, false
	}
	if !slices.Contains(w.cfg.Pools, m.Pool) {
		w.reject(ctx, it, queue.RejectPoolNotAllowed)
		return m, false
	}
	return m, w.acceptJob(ctx, it, m)
}

func (w *Worker) acceptJob(ctx context.Context, it *queue.Item, m queue.Message) bool {
	j, ok, err := w.jobs.get(ctx, m.Job)
	switch {
	case err != nil:
		w.halts.trip(job.HaltLedger, "", err)
		it.GiveUp(0)
		return false
	case !ok:
		w.reject(ctx, it, queue.RejectUnknownJob)
		return false
	case j.Pool != m.Pool:
		w.reject(ctx, it, queue.RejectNotListed)
		return false
	}
	switch j.State {
	case job.StatePaused:
		it.GiveUp(pausedFor)
		return false
	case job.StateCancelled:
		it.Delete()
		return false
	default:
		return true
	}
}

// reject moves a message out of the way on purpose: to the dead-letter queue,
// or, where there is none, out of sight for as long as the queue allows.
func (w *Worker) reject(ctx context.Context, it *queue.Item, reason queue.RejectReason) {
	w.count(reason)
	w.log.Warn("a message was rejected", "reason", string(reason), "message_id", it.ID(), "receives", it.Receives())
	move, cancel := durable(ctx)
	defer cancel()
	if err := it.DeadLetter(move); err != nil {
		if !errors.Is(err, queue.ErrNoDeadLetter) {
			w.log.Warn("moving a message to the dead-letter queue failed; it comes again", "error", err)
			it.GiveUp(movedIn)
			return
		}
		it.GiveUp(rejectedFor)
	}
}

func (w *Worker) count(reason queue.RejectReason) { w.cfg.Metrics.Rejected(string(reason)) }
