package cli

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/urfave/cli/v3"

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

// A scheduled run that is going on says so every five minutes, unless it hangs, and no
// longer once it has ended.
func TestAScheduledRunSaysThatItIsGoingOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 22*time.Minute)
		defer cancel()
		begun := time.Now()
		var at []time.Duration
		var what []string
		hangs := func() bool { return time.Since(begun) > 9*time.Minute && time.Since(begun) < 18*time.Minute }
		beat(ctx, func() bool { return !hangs() }, func(ctx context.Context, w string) {
			at, what = append(at, time.Since(begun)), append(what, w)
			if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > pushWithin {
				t.Error("a push may take for ever")
			}
		})
		if want := []time.Duration{0, 5 * time.Minute, 20 * time.Minute}; !slices.Equal(at, want) || !slices.Equal(what, []string{"start", "progress", "progress"}) {
			t.Errorf("%v at %v, want the start, and progress at %v", what, at, want)
		}
	})
}

// What is scraped says which account and Region it is about, the process's own series
// as well, and a scrape counts as one.
func TestWhatIsScrapedNamesAccountAndRegion(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	p := &parts{registry: prometheus.NewRegistry(), who: awsconf.Identity{Account: "123456789012"}, health: telemetry.NewHealth(), log: slog.New(slog.NewTextHandler(&log, nil))}
	p.cfg.Region = "eu-west-1"
	p.metrics = telemetry.NewMetrics(p.registry, telemetry.Sets{})
	p.registry.MustRegister(collectors.NewGoCollector())
	p.metrics.SetActive(true)
	cmd := &cli.Command{Flags: []cli.Flag{&cli.StringFlag{Name: "metrics-listen", Value: "127.0.0.1:0"}}, Action: func(ctx context.Context, cmd *cli.Command) error {
		stop, err := p.serve(ctx, cmd)
		if err != nil {
			return err
		}
		defer stop()
		address := regexp.MustCompile(`127\.0\.0\.1:[0-9]+`).FindString(log.String())
		for range 2 {
			page := fetch(t, "http://"+address+"/metrics")
			for _, want := range []string{"relock_active", "go_goroutines"} {
				if want += `{account="123456789012",region="eu-west-1"} `; !strings.Contains(page, "\n"+want) {
					t.Errorf("the page has no %s", want)
				}
			}
		}
		return nil
	}}
	if err := cmd.Run(t.Context(), []string{"worker"}); err != nil {
		t.Fatal(err)
	}
	if !p.scrapes.regular() {
		t.Error("two scrapes are not noticed")
	}
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // only read
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}
