package worker

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/queue"
)

const (
	// pausedFirst is how long a message of a paused job is put off while other jobs
	// go on; each time doubles it, up to pausedMost. So a job that is resumed soon
	// goes on soon, and one that is not costs few receives: a queue allows twenty or
	// so, which makes three days.
	pausedFirst = 2 * time.Minute
	pausedMost  = 6 * time.Hour
	// foreignFirst is how long a message that is not for this worker is put back for
	// at its first receive; each time doubles it, up to pausedMost.
	foreignFirst = 10 * time.Second
	// foreignMost is how many of them in a row, with none of this worker's own in
	// between, halt it.
	foreignMost = 10
	// movedIn is when a message comes again that the dead-letter queue did not take.
	movedIn = time.Minute
	// rejectedFor is how long a message that cannot be moved to a dead-letter
	// queue is put out of the way.
	rejectedFor = queue.MaxVisibility - time.Minute
)

// accept checks a message, which is untrusted: it has to be well formed, of this
// ledger, of an allowed pool, and of a job that may be worked on. The ledger says
// later whether it lists the target.
func (w *Worker) accept(ctx context.Context, it *queue.Item) (*target, bool) {
	if it.Corrupt() {
		// Damaged on its way to us: the queue's copy may be sound. Let it come
		// again; the queue's own limit of receives bounds that.
		w.count(queue.RejectCorrupt)
		it.GiveUp(w.cfg.Visibility / 4)
		return nil, false
	}
	m, err := queue.Decode(it.Body())
	if err != nil {
		reason := queue.RejectNotJSON
		if mal, ok := errors.AsType[*queue.MalformedError](err); ok {
			reason = mal.Reason
		}
		w.reject(ctx, it, reason)
		return nil, false
	}
	if m.Ledger != w.cfg.Ledger.ID() {
		w.reject(ctx, it, queue.RejectOtherLedger)
		return nil, false
	}
	if !slices.Contains(w.cfg.Pools, m.Pool) {
		w.reject(ctx, it, queue.RejectPoolNotAllowed)
		return nil, false
	}
	j, ok := w.acceptJob(ctx, it, m)
	if !ok {
		return nil, false
	}
	return &target{it: it, job: j, key: ledger.Key{Job: j.ID, Username: m.Username}}, true
}

func (w *Worker) acceptJob(ctx context.Context, it *queue.Item, m queue.Message) (job.Job, bool) {
	j, ok, err := w.jobs.get(ctx, m.Job)
	switch {
	case err != nil:
		w.halts.trip(job.HaltLedger, "", err)
		it.GiveUp(0)
		return j, false
	case !ok:
		w.reject(ctx, it, queue.RejectUnknownJob)
		return j, false
	case j.Pool != m.Pool:
		w.reject(ctx, it, queue.RejectNotListed)
		return j, false
	}
	w.foreign.Store(0)
	switch j.State {
	case job.StatePaused, job.StateStaging:
		w.putOff(it)
		return j, false
	case job.StateCancelled:
		it.Delete()
		return j, false
	default:
		return j, true
	}
}

// putOff keeps a message whose job may not be worked on. While no job may,
// nothing is received, and it can wait in the queue.
func (w *Worker) putOff(it *queue.Item) {
	if w.jobs.allPaused() {
		it.GiveUp(0)
		return
	}
	it.GiveUp(putOffFor(pausedFirst, it.Receives()))
}

// putOffFor is how long a message is put off at its nth receive: first, and each
// time twice as long, up to pausedMost.
func putOffFor(first time.Duration, receives int) time.Duration {
	return min(first<<min(max(receives-1, 0), 12), pausedMost)
}

// putBack leaves a message that may be another worker's in the queue, and halts
// this worker if it gets nothing else.
func (w *Worker) putBack(it *queue.Item, reason queue.RejectReason) {
	it.GiveUp(putOffFor(foreignFirst, it.Receives()))
	if w.foreign.Add(1) >= foreignMost {
		w.halts.trip(job.HaltForeignMessages, string(reason), nil)
	}
}

// reject keeps a message from being worked on. One that may be another worker's
// goes back to the queue; any other is moved out of the way on purpose: to the
// dead-letter queue, or, where there is none, out of sight for as long as the queue
// allows.
func (w *Worker) reject(ctx context.Context, it *queue.Item, reason queue.RejectReason) {
	w.count(reason)
	w.log.Warn("a message was rejected", "reason", string(reason),
		"message_id", it.ID(), "receives", it.Receives(), "remedy", reason.Remedy())
	if reason.Foreign() {
		w.putBack(it, reason)
		return
	}
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

func (w *Worker) count(reason queue.RejectReason) {
	w.cfg.Metrics.Rejected(string(reason))
	w.rejected.mu.Lock()
	defer w.rejected.mu.Unlock()
	if w.rejected.by == nil {
		w.rejected.by = make(map[queue.RejectReason]int64)
	}
	w.rejected.by[reason]++
}

// rejections counts the messages that were rejected in this run.
type rejections struct {
	mu sync.Mutex
	by map[queue.RejectReason]int64
}

func (r *rejections) all() map[queue.RejectReason]int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.by)
}
