package worker

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/ledger/ledgertest"
	"relock/internal/pace"
	"relock/internal/queue"
	"relock/internal/queue/queuefake"
	"relock/internal/reset"
	"relock/internal/telemetry"
)

const (
	pool  = "eu-west-1_AbCdEf123"
	jobID = "inc-1"
	scope = "123456789012/eu-west-1"
	rate  = 20 // calls a second
	// signOutRate is narrower.
	signOutRate = 16
)

// rig is a worker with all that it stands on, in one bubble.
type rig struct {
	t   *testing.T
	q   *queuefake.Queue
	led *flaky
	cog *cognito
	reg *prometheus.Registry
	log *syncBuffer
	cfg Config
	w   *Worker // the latest
	// shape, if set, alters the jobs that list writes.
	shape func(*job.Job)
}

// bubble runs f with a rig in a synctest bubble.
func bubble(t *testing.T, f func(t *testing.T, r *rig)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		f(t, r)
		// Usernames are personal data.
		if s := r.log.String(); strings.Contains(s, "person-") || strings.Contains(s, "@example.com") {
			t.Errorf("the log names a user:\n%s", s)
		}
	})
}

func newRig(t *testing.T) *rig {
	r := &rig{
		t: t, q: queuefake.New(), led: &flaky{Memory: ledgertest.NewMemory("ledger-1", nil)}, cog: newCognito(),
		reg: prometheus.NewPedanticRegistry(), log: &syncBuffer{},
	}
	r.q.MaxReceives = 20
	var rejects []string
	for _, reason := range queue.RejectReasons() {
		rejects = append(rejects, string(reason))
	}
	r.cfg = Config{
		Transport: r.q, Ledger: r.led, Pools: []string{pool}, Owner: "worker-1", Scope: scope,
		Metrics: telemetry.NewMetrics(r.reg, telemetry.Sets{
			Operations: reset.Operations(), Codes: append([]string{reset.CodeOK, reset.CodeNoAnswer}, reset.Codes()...), Rejects: rejects,
		}),
		Health: telemetry.NewHealth(),
		Logger: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	r.cfg.Resetter = reset.New(r.cog, 10*time.Second, r.cfg.Metrics.Request)
	return r
}

// job writes a job of n users to the ledger and opens it, and sends its messages.
// The users are called person-inc-1-0@example.com and so on.
func (r *rig) job(id string, n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("person-%s-%d@example.com", id, i)
	}
	r.cog.add(names...)
	r.list(id, names...)
	r.open(id)
	r.send(id, names...)
	return names
}

// list writes a job and its targets.
func (r *rig) list(id string, names ...string) {
	r.t.Helper()
	j := job.Job{ID: id, Pool: pool, Region: "eu-west-1", Created: time.Now(), Policy: job.Policy{Metadata: map[string]string{"case": "INC-1", "by": "job"}}}
	if r.shape != nil {
		r.shape(&j)
	}
	targets := make([]job.Target, len(names))
	for i, n := range names {
		targets[i] = job.Target{Username: job.Username(n), Line: int64(i + 2)}
	}
	r.ok(r.led.Memory.CreateJob(r.t.Context(), j))
	r.ok(r.led.Memory.AddTargets(r.t.Context(), id, targets))
}

// open opens a job and notes that all of it was sent.
func (r *rig) open(id string) {
	r.t.Helper()
	r.state(id, job.StateOpen)
	r.ok(r.led.Memory.SetSent(r.t.Context(), id, ledger.SentAll))
}

func (r *rig) state(id string, to job.State) {
	r.t.Helper()
	r.ok(r.led.Memory.SetState(r.t.Context(), id, to, time.Now()))
}

// send puts a message for each name in the queue.
func (r *rig) send(id string, names ...string) {
	r.t.Helper()
	for _, n := range names {
		r.q.Add(r.message(queue.Message{Job: id, Username: job.Username(n)}))
	}
}

// message encodes a message; empty fields are those of the rig.
func (r *rig) message(m queue.Message) []byte {
	r.t.Helper()
	for _, f := range []struct {
		field *string
		value string
	}{{&m.Ledger, "ledger-1"}, {&m.Job, jobID}, {&m.Pool, pool}} {
		if *f.field == "" {
			*f.field = f.value
		}
	}
	body, err := queue.Encode(m)
	r.ok(err)
	return body
}

func (r *rig) ok(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// start begins a run; change, if given, alters its configuration.
func (r *rig) start(change ...func(*Config)) *run {
	r.t.Helper()
	cfg := r.cfg
	var err error
	if cfg.Pace == nil {
		cfg.Pace, err = pace.New(pace.Config{Budget: rate, Quota: rate * 1.25})
		r.ok(err)
	}
	cfg.LookUps, err = pace.New(pace.Config{Budget: 96, Quota: 120})
	r.ok(err)
	cfg.SignOuts, err = pace.New(pace.Config{Budget: signOutRate, Quota: signOutRate * 1.25})
	r.ok(err)
	for _, f := range change {
		f(&cfg)
	}
	r.w = New(cfg)
	ctx, stop := context.WithCancel(r.t.Context())
	now, kill := context.WithCancel(context.Background())
	n := &run{r: r, stop: stop, kill: kill, done: make(chan struct{})}
	go func() {
		defer close(n.done)
		n.res, n.err = r.w.Run(ctx, now)
	}()
	r.t.Cleanup(func() { kill(); stop(); <-n.done })
	return n
}

// run is one run of a worker.
type run struct {
	r          *rig
	stop, kill context.CancelFunc
	done       chan struct{}
	res        Result
	err        error
}

// wait waits for the end of the run, at most d.
func (n *run) wait(d time.Duration) Result {
	n.r.t.Helper()
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-n.done:
	case <-t.C:
		n.r.t.Fatalf("the run did not end within %v; the log ends with:\n%s", d, tail(n.r.log.String()))
	}
	n.r.ok(n.err)
	return n.res
}

// end stops the run as SIGTERM does.
func (n *run) end() Result {
	n.r.t.Helper()
	n.stop()
	return n.wait(5 * time.Second)
}

func drain(c *Config) { c.Drain = true }

// drain runs until every target has an outcome.
func (r *rig) drain(d time.Duration, change ...func(*Config)) Result {
	r.t.Helper()
	return r.start(append(change, drain)...).wait(d)
}

// after lets time pass.
func (r *rig) after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// entries is what the ledger knows of a job's targets, by name.
func (r *rig) entries(id string) map[string]ledger.Entry {
	r.t.Helper()
	m := map[string]ledger.Entry{}
	for e, err := range r.led.Memory.Entries(r.t.Context(), id, ledger.Filter{}) {
		r.ok(err)
		m[string(e.Username)] = e
	}
	return m
}

// outcomes counts a job's outcomes; "" is pending.
func (r *rig) outcomes(id string) map[job.Outcome]int {
	r.t.Helper()
	m := map[job.Outcome]int{}
	for _, e := range r.entries(id) {
		m[e.Outcome]++
	}
	return m
}

func (r *rig) wantOutcomes(id string, want map[job.Outcome]int) {
	r.t.Helper()
	if d := cmp.Diff(want, r.outcomes(id)); d != "" {
		r.t.Errorf("outcomes of %s (-want +got):\n%s", id, d)
	}
}

// wantRepeated checks whose reset was made again, by the ledger and the metrics.
func (r *rig) wantRepeated(id string, want ...string) {
	r.t.Helper()
	var got []string
	for n, e := range r.entries(id) {
		if e.Repeated {
			got = append(got, n)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		r.t.Errorf("repeated: %v, want %v", got, want)
	}
	if m := r.metric("relock_repeated_total"); m != float64(len(want)) {
		r.t.Errorf("repeated_total is %v, want %d", m, len(want))
	}
}

// wantOnce checks that each of n users was reset exactly once.
func (r *rig) wantOnce(n int) {
	r.t.Helper()
	resets := r.cog.resets()
	if len(resets) != n {
		r.t.Errorf("%d users were reset, want %d", len(resets), n)
	}
	for name, k := range resets {
		if k != 1 {
			r.t.Errorf("%s was reset %d times", name, k)
		}
	}
}

// wantQueue checks how many messages are in the queue, that all are visible, and
// how often any was received at most.
func (r *rig) wantQueue(n, mostReceives int) {
	r.t.Helper()
	ms := r.q.Messages()
	if len(ms) != n {
		r.t.Errorf("%d messages are in the queue, want %d", len(ms), n)
	}
	for _, m := range ms {
		if m.Hidden > 0 {
			r.t.Errorf("%s is invisible for %v", m.ID, m.Hidden)
		}
		if m.Receives > mostReceives {
			r.t.Errorf("%s was received %d times, want %d at most", m.ID, m.Receives, mostReceives)
		}
	}
}

// metric is the value of a series; labels are name and value in turn.
func (r *rig) metric(name string, labels ...string) float64 {
	r.t.Helper()
	families, err := r.reg.Gather()
	r.ok(err)
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			left := len(labels) / 2
			for _, l := range m.GetLabel() {
				for i := 0; i < len(labels); i += 2 {
					if l.GetName() == labels[i] && l.GetValue() == labels[i+1] {
						left--
					}
				}
			}
			if left == 0 {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	r.t.Fatalf("there is no series %s %v", name, labels)
	return 0
}

// halt is the halt in the ledger, or "".
func (r *rig) halt() job.HaltReason {
	r.t.Helper()
	h, _, err := r.led.Memory.Halt(r.t.Context(), scope)
	r.ok(err)
	return h.Reason
}

// syncBuffer is a buffer for a log.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// tail is the last part of a log.
func tail(s string) string { return s[max(0, len(s)-2000):] }
