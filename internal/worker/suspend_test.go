package worker

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"relock/internal/job"
	"relock/internal/leader"
	"relock/internal/ledger"
	"relock/internal/reset"
)

// oversleeper is a ledger some of whose calls are under way while the process is
// suspended: their time is over when it goes on.
type oversleeper struct {
	*flaky

	mu    sync.Mutex
	op    string
	count int // so many calls of op oversleep
}

func (o *oversleeper) oversleep(op string, count int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.op, o.count = op, count
}

func (o *oversleeper) sleeps(ctx context.Context, op string) error {
	o.mu.Lock()
	sleep := op == o.op && o.count > 0
	if sleep {
		o.count--
	}
	o.mu.Unlock()
	if !sleep {
		return nil
	}
	time.Sleep(time.Minute) // whatever the context says
	return ctx.Err()
}

func (o *oversleeper) Claim(ctx context.Context, key ledger.Key, owner string, lease time.Duration) (ledger.Claim, error) {
	if err := o.sleeps(ctx, "Claim"); err != nil {
		return ledger.Claim{}, err
	}
	return o.flaky.Claim(ctx, key, owner, lease)
}

func (o *oversleeper) Record(ctx context.Context, r ledger.Record) error {
	if err := o.sleeps(ctx, "Record"); err != nil {
		return err
	}
	return o.flaky.Record(ctx, r)
}

func (o *oversleeper) RecordSignOut(ctx context.Context, r ledger.SignOutRecord) error {
	if err := o.sleeps(ctx, "RecordSignOut"); err != nil {
		return err
	}
	return o.flaky.RecordSignOut(ctx, r)
}

func (o *oversleeper) Jobs(ctx context.Context) ([]job.Job, error) {
	if err := o.sleeps(ctx, "Jobs"); err != nil {
		return nil, err
	}
	return o.flaky.Jobs(ctx)
}

func (o *oversleeper) Exclusions(ctx context.Context, id string) ([]job.Exclusion, error) {
	if err := o.sleeps(ctx, "Exclusions"); err != nil {
		return nil, err
	}
	return o.flaky.Exclusions(ctx, id)
}

// A call to the ledger whose time was over when the process went on says nothing of
// the ledger: a drain goes on.
func TestAnOversleptCallHaltsNothing(t *testing.T) {
	for _, op := range []string{"Claim", "Record", "RecordSignOut", "Exclusions"} {
		t.Run(op, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				r.shape = signingOut
				r.job(jobID, 10)
				r.cfg.Ledger = &oversleeper{flaky: r.led, op: op, count: 1}
				res := r.drain(10 * time.Minute)
				if !res.Drained || res.Halt != nil {
					t.Errorf("%+v", res)
				}
				r.wantOutcomes(jobID, map[job.Outcome]int{job.Reset: 10})
				r.wantOnce(10)
				r.wantSignedOutOnce(10)
			})
		})
	}
	t.Run("Jobs", func(t *testing.T) {
		bubble(t, func(t *testing.T, r *rig) {
			r.job(jobID, 10)
			led := &oversleeper{flaky: r.led}
			r.cfg.Ledger = led
			n := r.start(drain)
			r.after(time.Millisecond)
			led.oversleep("Jobs", 1)
			if res := n.wait(10 * time.Minute); !res.Drained || res.Halt != nil {
				t.Errorf("%+v", res)
			}
		})
	})
}

// A claim's lease counts by the wall clock too: the monotonic one stands still while
// a machine is suspended.
func TestAClaimEndsByTheWallClock(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		names := r.job(jobID, 1)
		real := leader.NewClock()
		var asleep atomic.Int64
		now := func() leader.Instant {
			i := real()
			i.Wall += time.Duration(asleep.Load())
			return i
		}
		r.cfg.Ledger = suspended{r.led, func() {
			asleep.CompareAndSwap(0, int64(10*time.Second)) // of the twelve that the claim lasts
		}}
		n := r.start(drain, func(c *Config) { c.now, c.Lease = now, 12*time.Second })
		res := n.wait(10 * time.Minute)
		if !res.Drained {
			t.Errorf("%+v", res)
		}
		if e := r.entries(jobID)[names[0]]; e.Attempts != 2 || e.Calls != 1 {
			t.Errorf("%d claims and %d calls, want a claim that was given up and another", e.Attempts, e.Calls)
		}
		r.wantOnce(1)
		r.wantRepeated(jobID)
	})
}

// A call that the fence cut off is in doubt if all of it had been written before, as on
// a connection that calls share; else it was not made.
func TestARefusedCall(t *testing.T) {
	w := &Worker{}
	for name, c := range map[string]struct {
		in   reset.Reply
		want reset.Reply
		cut  bool
	}{
		"not written": {reset.Reply{Err: leader.ErrNotLeader, Sent: true, InDoubt: true}, reset.Reply{Err: leader.ErrNotLeader}, true},
		"written":     {reset.Reply{Err: leader.ErrNotLeader, Sent: true, Written: true, InDoubt: true}, reset.Reply{Err: leader.ErrNotLeader, Sent: true, Written: true, InDoubt: true}, true},
		"another one": {reset.Reply{Err: errLost, Sent: true, InDoubt: true}, reset.Reply{Err: errLost, Sent: true, InDoubt: true}, false},
	} {
		t.Run(name, func(t *testing.T) {
			tg := &target{}
			w.refused(tg, &c.in)
			if tg.cut != c.cut || c.in.Sent != c.want.Sent || c.in.InDoubt != c.want.InDoubt || !errors.Is(c.in.Err, c.want.Err) {
				t.Errorf("%+v, cut %v", c.in, tg.cut)
			}
		})
	}
}
