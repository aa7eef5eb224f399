package worker

import (
	"context"
	"errors"
	"time"

	"relock/internal/queue"
	"relock/internal/report/progress"
	"relock/internal/reset"
)

// deadLetterCounter is a transport that can count its dead letters.
type deadLetterCounter interface {
	DeadLetterCount(ctx context.Context) (int64, error)
}

// deadLetterSearcher is one that can count those of a job; see queue.DeadLetters.
type deadLetterSearcher interface {
	DeadLettersOf(ctx context.Context, ledger, job string) (n int64, all bool, err error)
}

var (
	_ deadLetterCounter  = (*queue.SQS)(nil)
	_ deadLetterCounter  = (*queue.File)(nil)
	_ deadLetterSearcher = (*queue.SQS)(nil)
	_ deadLetterSearcher = (*queue.File)(nil)
)

const (
	// deadEvery is how often the dead-letter queue is searched for messages of jobs
	// that wait for them, and deadLogEvery how often the log says so again.
	deadEvery    = 30 * time.Second
	deadLogEvery = time.Hour
)

// deadLetters counts the dead letters, and knows which jobs wait for theirs. Only the
// watcher uses it.
type deadLetters struct {
	off     bool
	waiting map[string]*deadJob
}

// deadJob is a job that waits for its dead letters.
type deadJob struct {
	looked, logged time.Time
	text           string
}

// holds reports whether messages of the job may be in the dead-letter queue: then
// what is pending is not missing, because a redrive brings it back. A queue that cannot
// be searched may hold some.
func (d *deadLetters) holds(ctx context.Context, w *Worker, id string) bool {
	s, ok := w.cfg.Transport.(deadLetterSearcher)
	if !ok {
		return false
	}
	j := d.waiting[id]
	if j != nil && time.Since(j.looked) < deadEvery {
		return true
	}
	search, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	n, all, err := s.DeadLettersOf(search, w.cfg.Ledger.ID(), id)
	if errors.Is(err, queue.ErrNoDeadLetter) || err == nil && all && n == 0 {
		delete(d.waiting, id)
		w.estimate.deadLetters(id, nil)
		return false
	}
	if ctx.Err() != nil {
		return true
	}
	if j == nil {
		j = &deadJob{}
		if d.waiting == nil {
			d.waiting = make(map[string]*deadJob)
		}
		d.waiting[id] = j
	}
	j.looked = time.Now()
	text, remedy := deadText(n, err)
	w.estimate.deadLetters(id, &progress.Waiting{Messages: n, Reason: "job " + id + " waits: " + text + "; " + remedy})
	if text != j.text || time.Since(j.logged) >= deadLogEvery {
		j.text, j.logged = text, time.Now()
		args := []any{"job", id, "messages", n, "remedy", remedy}
		if err != nil {
			args = append(args, "error", err)
		}
		w.log.Warn("the job waits: "+text, args...)
	}
	return true
}

// deadText says why a job waits for its dead letters, and what to do.
func deadText(n int64, err error) (text, remedy string) {
	const end = "; `job cancel` ends the job without them"
	switch {
	case n > 0:
		return "messages of it are in the dead-letter queue", "`job dead-letters --redrive` sends them again" + end
	case err != nil:
		return "the dead-letter queue cannot be searched for messages of it",
			"grant sqs:GetQueueAttributes, sqs:ReceiveMessage and sqs:ChangeMessageVisibility on the dead-letter queue" + end
	default:
		return "the dead-letter queue holds messages that could not be looked at", "look with `job dead-letters`, and remove what is not Relock's" + end
	}
}

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
