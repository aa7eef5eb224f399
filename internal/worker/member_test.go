package worker

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/pace"
	"relock/internal/reset"
	"relock/internal/telemetry"
)

// member is one of several workers on one ledger and one queue.
type member struct {
	*run
	r     *rig
	w     *Worker
	reg   *prometheus.Registry
	wire  *wire
	pace  *pace.Pacer
	cog   *teller
	ready *telemetry.Health
}

// member starts a worker of its own name, metrics and way to the ledger.
func (r *rig) member(name string, change ...func(*Config)) *member {
	r.t.Helper()
	m := &member{r: r, reg: prometheus.NewPedanticRegistry(), wire: &wire{flaky: r.led}, cog: &teller{cognito: r.cog}, ready: telemetry.NewHealth()}
	var err error
	m.pace, err = pace.New(pace.Config{Budget: rate, Quota: rate * 1.25})
	r.ok(err)
	m.run = r.start(append([]func(*Config){func(c *Config) {
		c.Owner, c.Ledger, c.Pace, c.Health = name, m.wire, m.pace, m.ready
		c.Metrics = telemetry.NewMetrics(m.reg, telemetry.Sets{Operations: reset.Operations()})
		c.Resetter = reset.New(m.cog, 10*time.Second, nil)
	}}, change...)...)
	m.w = r.w
	r.after(time.Millisecond)
	return m
}

// wantActive checks the gauge.
func (m *member) wantActive(want string) {
	m.r.t.Helper()
	text := "# HELP relock_active 1 if this worker is the one that calls Cognito, 0 if it stands by.\n# TYPE relock_active gauge\nrelock_active " + want + "\n"
	if err := testutil.GatherAndCompare(m.reg, strings.NewReader(text), "relock_active"); err != nil {
		m.r.t.Error(err)
	}
}

// teller notes when its worker calls.
type teller struct {
	*cognito

	mu sync.Mutex
	at []time.Time
}

func (c *teller) note() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = append(c.at, time.Now())
}

// span is when the first and the last call were made, and how many.
func (c *teller) span() (first, last time.Time, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n = len(c.at); n > 0 {
		first, last = c.at[0], c.at[n-1]
	}
	return first, last, n
}

func (c *teller) AdminResetUserPassword(ctx context.Context, in *cip.AdminResetUserPasswordInput, o ...func(*cip.Options)) (*cip.AdminResetUserPasswordOutput, error) {
	c.note()
	return c.cognito.AdminResetUserPassword(ctx, in, o...)
}

func (c *teller) AdminUserGlobalSignOut(ctx context.Context, in *cip.AdminUserGlobalSignOutInput, o ...func(*cip.Options)) (*cip.AdminUserGlobalSignOutOutput, error) {
	c.note()
	return c.cognito.AdminUserGlobalSignOut(ctx, in, o...)
}

func (c *teller) AdminGetUser(ctx context.Context, in *cip.AdminGetUserInput, o ...func(*cip.Options)) (*cip.AdminGetUserOutput, error) {
	c.note()
	return c.cognito.AdminGetUser(ctx, in, o...)
}

// wire is one worker's way to the ledger, which can be cut.
type wire struct {
	*flaky

	mu  sync.Mutex
	off bool
}

func (l *wire) cut(off bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.off = off
}

var errCut = errors.New("i/o timeout")

// reach fails after a while if the wire is cut.
func (l *wire) reach(ctx context.Context) error {
	l.mu.Lock()
	off := l.off
	l.mu.Unlock()
	if !off {
		return nil
	}
	select {
	case <-ctx.Done():
	case <-time.After(20 * time.Second):
	}
	return errCut
}

func over1[T any](ctx context.Context, l *wire, f func() (T, error)) (T, error) {
	if err := l.reach(ctx); err != nil {
		var zero T
		return zero, err
	}
	return f()
}

func over0(ctx context.Context, l *wire, f func() error) error {
	if err := l.reach(ctx); err != nil {
		return err
	}
	return f()
}

func (l *wire) Job(ctx context.Context, id string) (job.Job, error) {
	return over1(ctx, l, func() (job.Job, error) { return l.flaky.Job(ctx, id) })
}

func (l *wire) Jobs(ctx context.Context) ([]job.Job, error) {
	return over1(ctx, l, func() ([]job.Job, error) { return l.flaky.Jobs(ctx) })
}

func (l *wire) SetState(ctx context.Context, id string, to job.State, at time.Time) error {
	return over0(ctx, l, func() error { return l.flaky.SetState(ctx, id, to, at) })
}

func (l *wire) Totals(ctx context.Context, id string) (ledger.Totals, error) {
	return over1(ctx, l, func() (ledger.Totals, error) { return l.flaky.Totals(ctx, id) })
}

func (l *wire) Claim(ctx context.Context, key ledger.Key, owner string, lease time.Duration) (ledger.Claim, error) {
	return over1(ctx, l, func() (ledger.Claim, error) { return l.flaky.Claim(ctx, key, owner, lease) })
}

func (l *wire) Release(ctx context.Context, r ledger.Release) error {
	return over0(ctx, l, func() error { return l.flaky.Release(ctx, r) })
}

func (l *wire) Record(ctx context.Context, r ledger.Record) error {
	return over0(ctx, l, func() error { return l.flaky.Record(ctx, r) })
}

func (l *wire) RecordSignOut(ctx context.Context, r ledger.SignOutRecord) error {
	return over0(ctx, l, func() error { return l.flaky.RecordSignOut(ctx, r) })
}

func (l *wire) Exclusions(ctx context.Context, id string) ([]job.Exclusion, error) {
	return over1(ctx, l, func() ([]job.Exclusion, error) { return l.flaky.Exclusions(ctx, id) })
}

func (l *wire) CloseOut(ctx context.Context, id string, o job.Outcome, at time.Time) (int64, error) {
	return over1(ctx, l, func() (int64, error) { return l.flaky.CloseOut(ctx, id, o, at) })
}

func (l *wire) Halt(ctx context.Context, scope string) (job.Halt, bool, error) {
	if err := l.reach(ctx); err != nil {
		return job.Halt{}, false, err
	}
	return l.flaky.Halt(ctx, scope)
}

func (l *wire) SetHalt(ctx context.Context, scope string, h job.Halt) error {
	return over0(ctx, l, func() error { return l.flaky.SetHalt(ctx, scope, h) })
}

func (l *wire) ClearHalt(ctx context.Context, scope string) error {
	return over0(ctx, l, func() error { return l.flaky.ClearHalt(ctx, scope) })
}

func (l *wire) Lease(ctx context.Context, name string) (ledger.Lease, error) {
	return over1(ctx, l, func() (ledger.Lease, error) { return l.flaky.Lease(ctx, name) })
}

func (l *wire) PutLease(ctx context.Context, le ledger.Lease, expect int64) error {
	return over0(ctx, l, func() error { return l.flaky.PutLease(ctx, le, expect) })
}

// wantTurns checks that b began to call within the time after from, and only once
// a had stopped.
func wantTurns(t *testing.T, a, b *member, from time.Time, within time.Duration) {
	t.Helper()
	_, last, _ := a.cog.span()
	first, _, n := b.cog.span()
	if n == 0 || first.Sub(from) > within {
		t.Errorf("the standby called %d times, first %v later, want within %v", n, first.Sub(from), within)
	}
	if !last.Before(first) {
		t.Errorf("the first worker called %v after the second had begun", last.Sub(first))
	}
}
