package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/report/progress"
)

// JobStatus is a job and how its targets stand.
type JobStatus struct {
	Job    job.Job
	Totals ledger.Totals
	// SentAll is whether enqueue has handed every target to the queue.
	SentAll bool
	// Verdict is that of the job's canary; nil before it, and where there is none.
	Verdict *progress.Verdict
}

// Pending counts the targets without an outcome, those still to be sent included.
func (s JobStatus) Pending() int64 {
	return max(s.Job.Counts.Targets, s.Totals.Targets) - (s.Totals.Targets - s.Totals.Pending)
}

// pending reports whether something is still to be done or closed out.
func (s JobStatus) pending() bool {
	return s.Totals.Pending > 0 || s.Totals.SignOuts[job.SignOutPending] > 0
}

// jobs is the worker's view of the ledger's jobs, at most watchEvery old. Its
// methods may be called concurrently.
type jobs struct {
	w *Worker

	mu    sync.Mutex
	byID  map[string]job.Job
	about map[string]JobStatus // the jobs that this run is about
	// excluded are the exclusions of the jobs that were asked for.
	excluded map[string]job.Exclusions
}

func newJobs(w *Worker) *jobs {
	return &jobs{w: w, byID: map[string]job.Job{}, about: map[string]JobStatus{}, excluded: map[string]job.Exclusions{}}
}

// get returns a job. One that the view lacks, or knows from before it was opened,
// is looked up, for it may be new.
func (s *jobs) get(ctx context.Context, id string) (job.Job, bool, error) {
	s.mu.Lock()
	j, ok := s.byID[id]
	s.mu.Unlock()
	if ok && j.State != job.StateStaging {
		return j, true, nil
	}
	err := ask(ctx, func(ctx context.Context) (err error) {
		j, err = s.w.cfg.Ledger.Job(ctx, id)
		return err
	})
	if errors.Is(err, ledger.ErrNoJob) {
		return job.Job{}, false, nil
	}
	if err != nil {
		return job.Job{}, false, fmt.Errorf("reading a job: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byID[id] = j
	return j, true, nil
}

// refresh reads the jobs anew, and the totals of those that the run is about.
func (s *jobs) refresh(ctx context.Context) error {
	all, err := s.w.cfg.Ledger.Jobs(ctx)
	if err != nil {
		return fmt.Errorf("reading the jobs: %w", err)
	}
	byID := make(map[string]job.Job, len(all))
	for _, j := range all {
		byID[j.ID] = j
		if err := s.follow(ctx, j); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byID = byID
	return nil
}

// follow updates a job that the run is about: named, or open at any moment of
// the run, in an allowed pool.
func (s *jobs) follow(ctx context.Context, j job.Job) error {
	s.mu.Lock()
	before, known := s.about[j.ID]
	s.mu.Unlock()
	named := slices.Contains(s.w.cfg.Jobs, j.ID)
	if !named && len(s.w.cfg.Jobs) > 0 || !slices.Contains(s.w.cfg.Pools, j.Pool) {
		return nil
	}
	if !known && !named && j.State.Over() {
		return nil
	}
	if known && before.Job.State.Over() && !before.pending() {
		before.Job = j // its seal may be new
		s.mu.Lock()
		defer s.mu.Unlock()
		s.about[j.ID] = before
		return nil
	}
	st := JobStatus{Job: j}
	var err error
	if st.Totals, err = s.w.cfg.Ledger.Totals(ctx, j.ID); err != nil {
		return fmt.Errorf("reading the totals of job %s: %w", j.ID, err)
	}
	sent, err := s.w.cfg.Ledger.Sent(ctx, j.ID)
	if err != nil {
		return fmt.Errorf("reading how far job %s is sent: %w", j.ID, err)
	}
	st.SentAll = sent == ledger.SentAll
	if st.Verdict = before.Verdict; st.Verdict == nil {
		if st.Verdict, err = CanaryVerdict(ctx, s.w.cfg.Ledger, j); err != nil {
			return err
		}
	}
	s.show(st)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.about[j.ID] = st
	return nil
}

// checkNamed says which of the jobs that the run is to end with it will never see.
func (s *jobs) checkNamed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range s.w.cfg.Jobs {
		j, ok := s.byID[id]
		switch {
		case !ok:
			return fmt.Errorf("job %s: %w; `job list` shows those there are", id, ledger.ErrNoJob)
		case !slices.Contains(s.w.cfg.Pools, j.Pool):
			return fmt.Errorf("job %s resets users of the pool %s, and the worker may touch only %s", id, j.Pool, strings.Join(s.w.cfg.Pools, ", "))
		}
	}
	return nil
}

// OtherPoolsError refuses a drain that has nothing to do, while there is something to
// do for pools that the worker may not touch.
type OtherPoolsError struct {
	Allowed []string
	// Pools are those of the open jobs.
	Pools []string
}

func (e *OtherPoolsError) Error() string {
	return fmt.Sprintf("there is no open job for the user pool %s, and there is one for %s: name that pool with --user-pool-id if it is meant",
		strings.Join(e.Allowed, ", "), strings.Join(e.Pools, ", "))
}

// checkPools looks for open jobs of pools that the worker may not touch. A drain with
// nothing else to do is refused: its pool is not the one that was meant. A service
// only says so.
func (s *jobs) checkPools() error {
	var others []string
	s.mu.Lock()
	for _, j := range s.byID {
		if !j.State.Over() && !slices.Contains(s.w.cfg.Pools, j.Pool) && !slices.Contains(others, j.Pool) {
			others = append(others, j.Pool)
		}
	}
	ours := len(s.about)
	s.mu.Unlock()
	if len(others) == 0 || ours > 0 || len(s.unsealed()) > 0 {
		return nil
	}
	slices.Sort(others)
	if s.w.cfg.Drain {
		return &OtherPoolsError{s.w.cfg.Pools, others}
	}
	s.w.log.Warn("the open jobs are of user pools that this worker may not touch", "pools", strings.Join(others, ","))
	return nil
}

// checkQueue refuses a drain that would wait for messages which are in another
// queue. A service goes on with what its own queue holds.
func (s *jobs) checkQueue() error {
	for _, st := range s.status() {
		q, yes := s.w.cfg.Elsewhere(st.Job)
		if !yes || st.Job.State.Over() {
			continue
		}
		if s.w.cfg.Drain {
			return fmt.Errorf("job %s was sent to the queue %s, and this worker reads another: give --queue %s, or name the jobs of this queue with --job", st.Job.ID, q, q)
		}
		s.w.log.Warn("a job was sent to another queue than this worker's, and needs a worker there", "job", st.Job.ID, "queue", q)
	}
	return nil
}

// allPaused reports whether there is a paused job, and none to go on with.
func (s *jobs) allPaused() bool {
	paused := false
	for _, st := range s.status() {
		switch st.Job.State {
		case job.StatePaused:
			paused = true
		case job.StateOpen, job.StateStaging:
			return false
		}
	}
	return paused
}

func (s *jobs) show(st JobStatus) {
	if st.Job.State.Over() {
		s.w.cfg.Metrics.DropJob(st.Job.ID)
		return
	}
	ok, failed, other := st.Totals.Split()
	s.w.cfg.Metrics.SetJob(st.Job.ID, st.Totals.Pending, ok, failed, other)
	s.w.cfg.Metrics.SetJobSignOuts(st.Job.ID, st.Totals.SignOuts[job.SignOutPending])
	s.w.cfg.Metrics.SetJobState(st.Job.ID, st.Job.Created, st.Job.State == job.StatePaused)
}

// status lists the jobs that the run is about, the oldest first.
func (s *jobs) status() []JobStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]JobStatus, 0, len(s.about))
	for _, st := range s.about {
		list = append(list, st)
	}
	slices.SortFunc(list, func(a, b JobStatus) int { return a.Job.Created.Compare(b.Job.Created) })
	return list
}

// sentAll reports whether enqueue has handed every target of a job to the queue, as
// far as this run has seen.
func (s *jobs) sentAll(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.about[id].SentAll
}

// settle finishes the jobs whose every target has an outcome, and gives those of
// cancelled jobs theirs. What is still pending of a job that is lost is missing.
func (s *jobs) settle(ctx context.Context, lost map[string]bool) error {
	for _, st := range s.status() {
		err := s.settleOne(ctx, st, lost[st.Job.ID])
		if _, ok := errors.AsType[*ledger.StateError](err); ok {
			continue // an operator was quicker; the next look shows what they did
		}
		if err != nil {
			return fmt.Errorf("closing job %s: %w", st.Job.ID, err)
		}
	}
	return nil
}

func (s *jobs) settleOne(ctx context.Context, st JobStatus, lost bool) error {
	l, now := s.w.cfg.Ledger, time.Now()
	switch {
	case st.Job.State == job.StateCancelled && st.pending():
		return s.closeOut(ctx, st, job.Cancelled)
	case st.Job.State != job.StateOpen:
		return nil
	case !st.pending() && st.SentAll:
		s.w.log.Info("job finished", "job", st.Job.ID, "targets", st.Totals.Targets, "failed", st.Totals.Failed(), "repeated", st.Totals.Repeated,
			"signed_out", st.Totals.SignOuts[job.SignOutDone], "not_signed_out", st.Totals.SignOuts[job.SignOutFailed])
		return l.SetState(ctx, st.Job.ID, job.StateFinished, now)
	case lost:
		return s.closeOut(ctx, st, job.Missing)
	}
	return nil
}

// closeOut ends what is pending of a job, without a call.
func (s *jobs) closeOut(ctx context.Context, st JobStatus, o job.Outcome) error {
	n, err := s.w.cfg.Ledger.CloseOut(ctx, st.Job.ID, o, time.Now())
	if n > 0 {
		s.w.cfg.Metrics.Outcomes(o, n)
		s.w.log.Warn("targets got an outcome without a call", "job", st.Job.ID, "outcome", string(o), "targets", n)
	}
	if err != nil || st.Totals.SignOuts[job.SignOutPending] == 0 {
		return err
	}
	n, err = s.w.cfg.Ledger.CloseSignOuts(ctx, st.Job.ID, time.Now())
	if n > 0 {
		s.w.cfg.Metrics.SignOut(job.SignOutFailed, n)
		s.w.log.Warn("sessions were not ended: the job was cancelled, or the messages never came", "job", st.Job.ID, "targets", n)
	}
	return err
}
