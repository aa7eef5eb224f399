package worker

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"relock/internal/job"
	"relock/internal/leader"
	"relock/internal/ledger"
	"relock/internal/reset"
)

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
		wantTurns(t, a, b, now, leader.RetryPeriod+500*time.Millisecond)
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
		r.after(leader.RenewDeadline)
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

// The fence refuses what is sent after the lease, and only while a worker runs
// that has it.
func TestTheFenceFollowsTheLease(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		var g leader.Fence
		if g.Err() != nil {
			t.Error("a fence without a worker refuses")
		}
		a := r.member("a", func(c *Config) { c.Fence = &g })
		if g.Err() != nil {
			t.Error("the active worker is refused")
		}
		a.wire.cut(true)
		r.after(leader.RenewDeadline - leader.RenewInterval - time.Second)
		if g.Err() != nil {
			t.Error("the lease is not over")
		}
		r.after(leader.RenewInterval + time.Second)
		if !errors.Is(g.Err(), leader.ErrNotLeader) {
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
