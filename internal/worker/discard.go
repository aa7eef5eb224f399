package worker

import (
	"context"
	"slices"

	"relock/internal/job"
	"relock/internal/queue"
)

// stager is a transport that keeps a job's messages back until all are there.
type stager interface {
	Stage(job string) *queue.Staging
}

var _ stager = (*queue.File)(nil)

// discards throws away what was staged for jobs that are cancelled: nobody would
// ever receive it. Only the watcher uses it.
type discards struct{ done map[string]bool }

// look does so once a run for each job.
func (d *discards) look(ctx context.Context, w *Worker) {
	q, ok := w.cfg.Transport.(stager)
	if !ok {
		return
	}
	if d.done == nil {
		d.done = make(map[string]bool)
	}
	for _, id := range w.jobs.cancelled() {
		if d.done[id] {
			continue
		}
		n, err := q.Stage(id).Discard(ctx)
		switch {
		case err != nil && ctx.Err() != nil:
			return
		case err != nil:
			w.log.Warn("the messages of a cancelled job stay in the queue's file", "job", id, "error", err)
		case n > 0:
			w.log.Info("messages of a cancelled job were thrown away that had not been published", "job", id, "messages", n)
		}
		d.done[id] = true
	}
}

// cancelled lists the cancelled jobs of the allowed pools.
func (s *jobs) cancelled() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for _, j := range s.byID {
		if j.State == job.StateCancelled && slices.Contains(s.w.cfg.Pools, j.Pool) {
			ids = append(ids, j.ID)
		}
	}
	return ids
}
