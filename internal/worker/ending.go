package worker

import (
	"context"
	"slices"
	"sync"
	"time"

	"relock/internal/job"
)

// endings tells Config.Finished of the jobs that are over.
type endings struct {
	w      *Worker
	ctx    context.Context // of what is told
	cancel context.CancelFunc
	calls  sync.WaitGroup

	mu      sync.Mutex
	told    map[string]bool
	running int
}

// begin is called once, before the others. What is told ends with flush, and soon
// after fetch.
func (e *endings) begin(fetch, flush context.Context) {
	e.told = make(map[string]bool)
	e.ctx, e.cancel = context.WithCancel(flush)
	context.AfterFunc(fetch, func() { time.AfterFunc(e.w.cfg.StopWithin, e.cancel) })
}

// wait returns when nobody is being told any more; look is not called again.
func (e *endings) wait() {
	e.calls.Wait()
	e.cancel()
}

// busy reports whether somebody is being told.
func (e *endings) busy() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.running > 0
}

// look tells of each job that is over and has no seal, or none as it should be,
// once a run: of those that ended just now, and of those that ended while nobody
// could seal them.
func (e *endings) look(ctx context.Context) error {
	if e.w.cfg.Finished == nil {
		return nil
	}
	for _, j := range e.w.jobs.unsealed() {
		e.mu.Lock()
		told := e.told[j.ID]
		e.mu.Unlock()
		if told {
			continue
		}
		t, err := e.w.cfg.Ledger.Totals(ctx, j.ID)
		if err != nil {
			return err
		}
		if t.Pending > 0 || t.SignOuts[job.SignOutPending] > 0 {
			continue // of a cancelled job; it will be closed out
		}
		e.mu.Lock()
		e.told[j.ID] = true
		e.running++
		e.mu.Unlock()
		e.calls.Go(func() {
			e.w.cfg.Finished(e.ctx, j)
			e.mu.Lock()
			defer e.mu.Unlock()
			e.running--
		})
	}
	return nil
}

// unsealed lists the jobs of the allowed pools, or those of them that the run is
// for, that are over and have no seal, or one that is to be signed.
func (s *jobs) unsealed() []job.Job {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []job.Job
	for _, j := range s.byID {
		named := slices.Contains(s.w.cfg.Jobs, j.ID)
		ours := slices.Contains(s.w.cfg.Pools, j.Pool) && (len(s.w.cfg.Jobs) == 0 || named)
		unsigned := named && s.w.cfg.Signs && j.Seal != nil && j.Seal.Signature == ""
		if ours && j.State.Over() && (j.Seal == nil || unsigned) {
			list = append(list, j)
		}
	}
	slices.SortFunc(list, func(a, b job.Job) int { return a.Created.Compare(b.Created) })
	return list
}
