package cli

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"relock/internal/job"
	"relock/internal/worker"
)

// scrapeWithin is the longest interval between two scrapes that a drain waits for.
const scrapeWithin = time.Minute

// lastScrape waits for one more scrape, where a Prometheus scrapes this drain: it
// learns that nothing is pending any more, and a drain that was killed is the one
// that leaves pending targets behind.
func (p *parts) lastScrape(ctx context.Context, jobs []worker.JobStatus) {
	for _, j := range jobs {
		ok, failed, other := j.Totals.Split()
		p.metrics.SetJob(j.Job.ID, j.Pending(), ok, failed, other)
		p.metrics.SetJobSignOuts(j.Job.ID, j.Totals.SignOuts[job.SignOutPending])
	}
	if p.scrapes.regular() {
		p.log.Info("waiting for the last scrape of the metrics, a minute at most")
		p.scrapes.next(ctx)
	}
}

// scrapes knows when the metrics were scraped. The zero value is ready to use; its
// methods may be called concurrently.
type scrapes struct {
	mu           sync.Mutex
	last, before time.Time
	waiting      chan struct{} // closed by the next scrape
}

// of counts each gathering of g as a scrape.
func (s *scrapes) of(g prometheus.Gatherer) prometheus.Gatherer {
	return prometheus.GathererFunc(noting(g.Gather, s.note))
}

// noting calls note before gather. F is as in telemetry's only: a type that is not
// imported for its name alone.
func noting[F any](gather func() (F, error), note func()) func() (F, error) {
	return func() (F, error) {
		note()
		return gather()
	}
}

func (s *scrapes) note() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before, s.last = s.last, time.Now()
	if s.waiting != nil {
		close(s.waiting)
		s.waiting = nil
	}
}

// regular reports whether the metrics are scraped again and again, and not by a
// person who looks once.
func (s *scrapes) regular() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.before.IsZero() && time.Since(s.last) < scrapeWithin && s.last.Sub(s.before) <= scrapeWithin
}

// next waits for a scrape that begins now or later, for scrapeWithin at most.
func (s *scrapes) next(ctx context.Context) {
	s.mu.Lock()
	if s.waiting == nil {
		s.waiting = make(chan struct{})
	}
	waiting := s.waiting
	s.mu.Unlock()
	limit := time.NewTimer(scrapeWithin)
	defer limit.Stop()
	select {
	case <-waiting:
	case <-ctx.Done():
	case <-limit.C:
	}
}
