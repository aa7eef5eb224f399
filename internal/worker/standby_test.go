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

// A standby is alive and ready, receives nothing, says so once, and starts as soon
// as the active one ends, with the ceiling that that one has learnt.
func TestAStandbyTakesItsTurn(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 600)
		begun := time.Now()
		r.cog.setFault(func(op, _ string, _ int) fault {
			if d := time.Since(begun); op == reset.OpReset && d > 3*time.Second && d < 4*time.Second {
				return fault{err: errThrottled}
			}
			return fault{}
		})
		a := r.member("a")
		r.after(time.Second)
		b := r.member("b")
		a.wantActive("1")
		b.wantActive("0")
		r.after(9 * time.Second)
		if _, _, n := b.cog.span(); n != 0 {
			t.Errorf("the standby called %d times", n)
		}
		if not, dead := b.ready.NotReady(), b.ready.Stalled(); len(not)+len(dead) != 0 {
			t.Errorf("the standby is not ready: %v, or stalled: %v", not, dead)
		}
		if n := strings.Count(r.log.String(), "standing by"); n != 1 {
			t.Errorf("it says %d times that it stands by", n)
		}
		if _, held := b.w.consumer.Held(); held != 0 {
			t.Errorf("the standby holds %d messages", held)
		}
		if s := b.w.Status(); s.Active != "a" {
			t.Errorf("the standby takes %q for the active one", s.Active)
		}
		learnt := a.pace.Snapshot()
		if learnt.Ceiling == 0 || learnt.Ceiling >= rate {
			t.Fatalf("a has learnt nothing: %+v", learnt)
		}
		now := time.Now()
		a.end()
		r.after(5 * time.Second)
		wantTurns(t, a, b, now, lookEvery+500*time.Millisecond)
		b.wantActive("1")
		a.wantActive("0")
		if got := b.pace.Snapshot(); got.Ceiling != learnt.Ceiling || got.Pace > learnt.Pace*1.05 {
			t.Errorf("b goes on with a ceiling of %v and a pace of %v, a had %v and %v", got.Ceiling, got.Pace, learnt.Ceiling, learnt.Pace)
		}
		r.after(2 * time.Minute)
		b.end()
		r.wantOnce(600)
		r.wantQueue(0, 0)
	})
}

// As if by kill -9: nothing that the active worker does reaches the ledger any
// more, not even the end of its lease.
func TestAStandbyTakesOverFromTheDead(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 2000)
		a := r.member("a")
		r.after(time.Second)
		b := r.member("b", drain)
		r.after(9 * time.Second)
		now := time.Now()
		a.wire.cut(true)
		a.kill()
		r.after(30 * time.Second)
		wantTurns(t, a, b, now, 30*time.Second)
		if res := b.wait(10 * time.Minute); !res.Drained {
			t.Errorf("%+v", res)
		}
		if got := r.outcomes(jobID); got[job.Reset]+got[job.AlreadyReset] != 2000 {
			t.Errorf("outcomes %v", got)
		}
		r.wantOnce(2000)
	})
}

// The active worker is cut off from the ledger: it stops calling, and then the
// standby goes on. When the ledger is back it stands by, and its own trouble does
// not halt the other.
func TestAPartitionedWorkerGoesSilent(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 3000)
		a := r.member("a")
		r.after(time.Second)
		b := r.member("b")
		r.after(9 * time.Second)
		now := time.Now()
		a.wire.cut(true)
		r.after(30 * time.Second)
		wantTurns(t, a, b, now, 30*time.Second)
		// All but one whose outcome the ledger has not taken yet are handed back.
		if ready, held := a.w.consumer.Held(); ready != 0 || held > 3 {
			t.Errorf("a keeps %d messages, and %d that nobody works on", held, ready)
		}
		r.after(20 * time.Second)
		_, _, before := b.cog.span()
		a.wire.cut(false)
		r.after(time.Minute)
		if r.halt() != "" {
			t.Errorf("the standby halted the work: %s", r.halt())
		}
		if h := a.w.halts.current(); h != nil || len(a.ready.NotReady()) != 0 {
			t.Errorf("as a standby it is halted: %v, %v", h, a.ready.NotReady())
		}
		if _, _, n := b.cog.span(); n-before < 55*rate {
			t.Errorf("b made %d calls in a minute", n-before)
		}
		a.wantActive("0")
		b.wantActive("1")
		r.after(5 * time.Minute)
		wantTurns(t, a, b, now, 30*time.Second)
		a.end()
		b.end()
		r.wantOnce(3000)
		r.wantQueue(0, 0)
	})
}

// Calls that hang when the lease is lost end with it; that is no try of theirs and
// nobody's failure, and what became of them is asked.
func TestCallsEndWithTheLease(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 40)
		r.cog.setFault(func(op, _ string, n int) fault { return fault{hang: op == reset.OpReset && n == 1, effect: true} })
		a := r.member("a", func(c *Config) {
			c.Resetter = reset.New(r.cog, time.Minute, nil)
			c.Lease = 5 * time.Minute
		})
		r.after(3 * time.Second)
		begun := len(r.cog.made(reset.OpReset))
		a.wire.cut(true)
		r.after(holdFor)
		if s := a.pace.Snapshot(); s.InFlight != 0 || begun == 0 {
			t.Errorf("%d calls are under way, of %d", s.InFlight, begun)
		}
		a.wire.cut(false)
		r.after(20 * time.Minute)
		a.end()
		if h := r.halt(); h != "" {
			t.Errorf("halted: %s", h)
		}
		if n := r.outcomes(jobID)[job.AlreadyReset] + r.outcomes(jobID)[job.Reset]; n != 40 {
			t.Errorf("outcomes %v", r.outcomes(jobID))
		}
		r.wantOnce(40)
	})
}

// A drain that stands by ends when the other worker has done its jobs.
func TestADrainingStandbyEndsWithTheJobs(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 200)
		a := r.member("a")
		b := r.member("b", drain)
		res := b.wait(time.Minute)
		if !res.Drained || len(res.Jobs) != 1 || res.Jobs[0].Totals.Outcomes[job.Reset] != 200 {
			t.Errorf("%+v", res)
		}
		if _, _, n := b.cog.span(); n != 0 {
			t.Errorf("it called %d times", n)
		}
		a.end()
	})
}

// Nor does it wait for an operator.
func TestADrainingStandbyIsHalted(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 200)
		a := r.member("a")
		b := r.member("b", drain)
		r.after(time.Second)
		r.cog.setFault(func(string, string, int) fault { return fault{err: apiError("AccessDeniedException", "no")} })
		if res := b.wait(time.Minute); res.Halt == nil || res.Halt.Reason != job.HaltAccessDenied {
			t.Errorf("%+v", res)
		}
		a.end()
	})
}

// A standby that takes over honours the halt that it finds.
func TestAHaltIsTakenOver(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 200)
		a := r.member("a")
		b := r.member("b")
		r.cog.setFault(func(string, string, int) fault { return fault{err: apiError("AccessDeniedException", "no")} })
		r.after(time.Second)
		a.end()
		r.after(time.Minute)
		if h := b.w.halts.current(); h == nil || h.Reason != job.HaltAccessDenied {
			t.Errorf("the standby goes on with %v", h)
		}
		if _, _, n := b.cog.span(); n != 0 {
			t.Errorf("it called %d times", n)
		}
		r.cog.setFault(nil)
		r.ok(r.led.ClearHalt(t.Context(), scope)) // job resume
		r.after(time.Minute)
		b.end()
		r.wantOnce(200)
	})
}

// A run whose ledger does not tell who is active cannot begin.
func TestNoLeaseNoRun(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.job(jobID, 10)
		n := r.start(func(c *Config) { c.Ledger = &mute{r.led} })
		<-n.done
		if !errors.Is(n.err, errCut) || len(r.cog.made(reset.OpReset)) != 0 {
			t.Errorf("the run ends with %v", n.err)
		}
		if s := r.cfg.Health.Stalled(); len(s) != 0 {
			t.Errorf("stalled: %v", s)
		}
	})
}

// mute is a ledger that fails when asked for a lease.
type mute struct{ *flaky }

func (*mute) Lease(context.Context, string) (ledger.Lease, error) { return ledger.Lease{}, errCut }

// The guard refuses what is sent after the lease, and only while a worker runs
// that has it.
func TestTheGuardFollowsTheLease(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		var g Guard
		if g.Err() != nil {
			t.Error("a guard without a worker refuses")
		}
		a := r.member("a", func(c *Config) { c.Guard = &g })
		if g.Err() != nil {
			t.Error("the active worker is refused")
		}
		a.wire.cut(true)
		r.after(holdFor - renewEvery - time.Second)
		if g.Err() != nil {
			t.Error("the lease is not over")
		}
		r.after(renewEvery + time.Second)
		if !errors.Is(g.Err(), ErrNotActive) {
			t.Error("the lease is over")
		}
		a.wire.cut(false)
		r.after(10 * time.Second)
		if g.Err() != nil {
			t.Error("the lease came back")
		}
		a.end()
		if g.Err() == nil {
			t.Error("the worker has ended")
		}
	})
}
