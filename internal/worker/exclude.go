package worker

import (
	"context"
	"fmt"

	"relock/internal/job"
)

// exclusions returns the names that a job must not touch. They are written before
// the job opens and never change, so they are read once.
func (s *jobs) exclusions(ctx context.Context, j job.Job) (job.Exclusions, error) {
	s.mu.Lock()
	x, known := s.excluded[j.ID]
	s.mu.Unlock()
	if known {
		return x, nil
	}
	var list []job.Exclusion
	err := ask(ctx, func(ctx context.Context) (err error) {
		list, err = s.w.cfg.Ledger.Exclusions(ctx, j.ID)
		return err
	})
	if err != nil {
		return x, fmt.Errorf("reading the exclusions of job %s: %w", j.ID, err)
	}
	x = job.NewExclusions(list, j.Plan.FoldCase)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.excluded[j.ID] = x
	return x, nil
}

// excluded reports whether the job's exclusions name the user; enqueue has looked
// before, and a list may name a user in other ways than it did then. It reports !ok,
// and disposes of the message, if that cannot be told.
func (w *Worker) excluded(ctx context.Context, t *target) (excluded, ok bool) {
	x, err := w.jobs.exclusions(ctx, t.job)
	if err != nil {
		if ctx.Err() == nil {
			w.halts.trip(job.HaltLedger, "", err)
		}
		t.it.GiveUp(0)
		return false, false
	}
	return x.Has(t.key.Username), true
}
