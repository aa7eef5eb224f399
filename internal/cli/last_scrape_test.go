package cli

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"relock/internal/awsconf"
	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/telemetry"
	"relock/internal/worker"
)

// A drain that is scraped ends after one more scrape, which says that nothing is
// pending; one that nobody scrapes, or somebody once, ends at once.
func TestADrainThatIsScrapedWaitsForTheLastScrape(t *testing.T) {
	t.Parallel()
	const every = 15 * time.Second
	for name, c := range map[string]struct {
		before int           // scrapes before the end
		after  time.Duration // from the last of them to the end
		goesOn bool          // whether Prometheus is still there
		want   time.Duration
	}{
		"never scraped":          {0, 0, false, 0},
		"scraped once":           {1, 5 * time.Second, true, 0},
		"scraped":                {3, 5 * time.Second, true, 10 * time.Second},
		"Prometheus is gone":     {3, 5 * time.Second, false, time.Minute},
		"no longer scraped":      {3, 2 * time.Minute, false, 0},
		"scraped twice and gone": {2, time.Minute, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := prometheus.NewRegistry()
				p := &parts{metrics: telemetry.NewMetrics(r, telemetry.Sets{}), log: slog.New(slog.DiscardHandler)}
				p.metrics.SetJob("j", 100, 0, 0, 0)
				g := p.scrapes.of(r)
				for i := range c.before {
					if i > 0 {
						time.Sleep(every)
					}
					gather(t, g)
				}
				time.Sleep(c.after)
				if c.goesOn {
					var later sync.WaitGroup
					defer later.Wait()
					later.Go(func() {
						time.Sleep(every - c.after)
						gather(t, g)
					})
				}
				end := time.Now()
				p.lastScrape(t.Context(), []worker.JobStatus{{Job: job.Job{ID: "j"}, Totals: ledger.Totals{Targets: 100, Outcomes: map[job.Outcome]int64{job.Reset: 100}}}})
				if took := time.Since(end); took != c.want {
					t.Errorf("it ended after %v, want %v", took, c.want)
				}
				const want = `# HELP relock_job_targets Targets of the jobs that are open, by job and state.
# TYPE relock_job_targets gauge
relock_job_targets{reset_job="j",state="failed"} 0
relock_job_targets{reset_job="j",state="other"} 0
relock_job_targets{reset_job="j",state="pending"} 0
relock_job_targets{reset_job="j",state="succeeded"} 100
`
				if err := testutil.GatherAndCompare(r, strings.NewReader(want), "relock_job_targets"); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestALastScrapeIsNotWaitedForOnceTheRunIsToStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s scrapes
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		begun := time.Now()
		s.next(ctx)
		if took := time.Since(begun); took != 3*time.Second {
			t.Errorf("it waited %v after it was told to stop", took-3*time.Second)
		}
	})
}

func gather(t *testing.T, g prometheus.Gatherer) {
	t.Helper()
	if _, err := g.Gather(); err != nil {
		t.Error(err)
	}
}

// A scheduled run that is going on says so every five minutes, and no longer once it
// has ended.
func TestAScheduledRunSaysThatItIsGoingOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 12*time.Minute)
		defer cancel()
		begun := time.Now()
		var at []time.Duration
		var what []string
		beat(ctx, func(ctx context.Context, w string) {
			at, what = append(at, time.Since(begun)), append(what, w)
			if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > pushWithin {
				t.Error("a push may take for ever")
			}
		})
		if want := []time.Duration{0, 5 * time.Minute, 10 * time.Minute}; !slices.Equal(at, want) || !slices.Equal(what, []string{"start", "progress", "progress"}) {
			t.Errorf("%v at %v, want the start, and progress at %v", what, at, want)
		}
	})
}

// What is scraped says which account and Region it is about, the process's own series
// as well.
func TestWhatIsScrapedNamesAccountAndRegion(t *testing.T) {
	t.Parallel()
	p := &parts{registry: prometheus.NewRegistry(), who: awsconf.Identity{Account: "123456789012"}}
	p.cfg.Region = "eu-west-1"
	p.metrics = telemetry.NewMetrics(p.registry, telemetry.Sets{})
	p.registry.MustRegister(collectors.NewGoCollector())
	p.metrics.SetActive(true)
	families, err := p.scraped().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if labels["account"] != "123456789012" || labels["region"] != "eu-west-1" {
				t.Fatalf("%s has the labels %v", f.GetName(), labels)
			}
		}
	}
	if len(families) < 20 {
		t.Errorf("%d families of series are scraped", len(families))
	}
}
