package ledgertest

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
)

func TestMemory(t *testing.T) {
	Suite{New: func(_ testing.TB, now func() time.Time) Ledger { return NewMemory("m", now) }}.Run(t)
}

// recorder is a T that takes note of failures.
type recorder struct {
	ctx context.Context
	mu  sync.Mutex
	got []string
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }
func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

// failures runs the cases over a ledger and names those that fail.
func failures(ctx context.Context, wrap func(*Memory) Ledger) []string {
	clock := NewClock()
	l := wrap(NewMemory("m", clock.Now))
	e := &Env{L: l, Other: l, Clock: clock, Depth: 3, Racers: 16}
	var failed []string
	for _, c := range Cases() {
		r := &recorder{ctx: ctx}
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.Run(r, e)
		}()
		<-done
		if len(r.got) > 0 {
			failed = append(failed, c.Name)
		}
	}
	return failed
}

// The broken ledgers, each wrong in one way that a real one might be.

type grantsHeld struct{ *Memory }

func (b grantsHeld) Claim(ctx context.Context, k ledger.Key, owner string, d time.Duration) (ledger.Claim, error) {
	c, err := b.Memory.Claim(ctx, k, owner, d)
	if c.Status == ledger.Held {
		c.Status = ledger.Granted
	}
	return c, err
}

type forgetsDoubt struct{ *Memory }

func (b forgetsDoubt) Claim(ctx context.Context, k ledger.Key, owner string, d time.Duration) (ledger.Claim, error) {
	c, err := b.Memory.Claim(ctx, k, owner, d)
	if c.Status == ledger.GrantedInDoubt {
		c.Status = ledger.Granted
	}
	return c, err
}

type dropsReleaseDoubt struct{ *Memory }

func (b dropsReleaseDoubt) Release(ctx context.Context, r ledger.Release) error {
	r.InDoubt = false
	return b.Memory.Release(ctx, r)
}

type ignoresOwner struct{ *Memory }

func (b ignoresOwner) Record(ctx context.Context, r ledger.Record) error {
	b.mu.Lock()
	if j, err := b.find(r.Key.Job); err == nil {
		if t, ok := j.targets[r.Key.Username]; ok && t.Claimed {
			r.Owner, r.Attempt = t.owner, t.Attempts
		}
	}
	b.mu.Unlock()
	return b.Memory.Record(ctx, r)
}

type refusesRetry struct{ *Memory }

func (b refusesRetry) Record(ctx context.Context, r ledger.Record) error {
	if c, err := b.Claim(ctx, r.Key, "probe", 0); err == nil && c.Status == ledger.Finished {
		return ledger.ErrClaimLost
	}
	return b.Memory.Record(ctx, r)
}

type countsTwice struct {
	*Memory
	mu    *sync.Mutex
	extra map[string]int64
}

func (b countsTwice) Record(ctx context.Context, r ledger.Record) error {
	err := b.Memory.Record(ctx, r)
	if err == nil {
		b.mu.Lock()
		b.extra[r.Key.Job+string(r.Outcome)]++
		b.mu.Unlock()
	}
	return err
}

func (b countsTwice) Totals(ctx context.Context, id string) (ledger.Totals, error) {
	t, err := b.Memory.Totals(ctx, id)
	b.mu.Lock()
	defer b.mu.Unlock()
	for o := range t.Outcomes {
		if n := b.extra[id+string(o)]; n > 0 {
			t.Outcomes[o] = n
		}
	}
	return t, err
}

type closesLiveClaims struct{ *Memory }

func (b closesLiveClaims) CloseOut(ctx context.Context, id string, o job.Outcome, at time.Time) (int64, error) {
	b.mu.Lock()
	if j, err := b.find(id); err == nil {
		for _, t := range j.targets {
			t.until = time.Time{}
		}
	}
	b.mu.Unlock()
	return b.Memory.CloseOut(ctx, id, o, at)
}

type racyClaim struct{ *Memory }

func (b racyClaim) Claim(ctx context.Context, k ledger.Key, owner string, d time.Duration) (ledger.Claim, error) {
	b.mu.Lock()
	j, err := b.find(k.Job)
	free := err == nil && j.targets[k.Username] != nil && j.targets[k.Username].Attempts == 0
	b.mu.Unlock()
	if free {
		// Reads, and writes without a condition. On the bubble's clock the sleep
		// lets every racer read before one writes.
		time.Sleep(time.Millisecond)
		c, err := b.Memory.Claim(ctx, k, owner, d)
		if c.Status == ledger.Held {
			c.Status = ledger.Granted
		}
		return c, err
	}
	return b.Memory.Claim(ctx, k, owner, d)
}

type unconditionalLease struct{ *Memory }

func (b unconditionalLease) PutLease(ctx context.Context, l ledger.Lease, expect int64) error {
	now, err := b.Lease(ctx, l.Name)
	if err == nil && l.Counter > expect && l.Counter != now.Counter {
		expect = now.Counter
		if l.Counter <= expect {
			l.Counter = expect + 1
		}
	}
	return b.Memory.PutLease(ctx, l, expect)
}

type forgetsSignOut struct{ *Memory }

func (b forgetsSignOut) Record(ctx context.Context, r ledger.Record) error {
	r.SignOut = false
	return b.Memory.Record(ctx, r)
}

type signsOutAgain struct{ *Memory }

func (b signsOutAgain) RecordSignOut(ctx context.Context, r ledger.SignOutRecord) error {
	b.mu.Lock()
	if j, err := b.find(r.Key.Job); err == nil {
		if t, ok := j.targets[r.Key.Username]; ok && t.SignOut != "" {
			t.SignOut = job.SignOutPending
		}
	}
	b.mu.Unlock()
	return b.Memory.RecordSignOut(ctx, r)
}

type refusesLateSignOut struct{ *Memory }

func (b refusesLateSignOut) RecordSignOut(ctx context.Context, r ledger.SignOutRecord) error {
	c, err := b.Claim(ctx, r.Key, "probe", 0)
	if err == nil && c.SignOut != job.SignOutPending {
		return ledger.ErrClaimLost
	}
	return b.Memory.RecordSignOut(ctx, r)
}

type hidesSignOut struct{ *Memory }

func (b hidesSignOut) Claim(ctx context.Context, k ledger.Key, owner string, d time.Duration) (ledger.Claim, error) {
	c, err := b.Memory.Claim(ctx, k, owner, d)
	c.SignOut = ""
	return c, err
}

type miscountsSignOuts struct{ *Memory }

func (b miscountsSignOuts) Totals(ctx context.Context, id string) (ledger.Totals, error) {
	t, err := b.Memory.Totals(ctx, id)
	if n := t.SignOuts[job.SignOutFailed]; n > 0 {
		t.SignOuts[job.SignOutPending] += n // those that failed are never taken from those pending
	}
	return t, err
}

type excludesLater struct{ *Memory }

func (b excludesLater) SetExclusions(ctx context.Context, id string, list []job.Exclusion) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	j, err := b.find(id)
	if err == nil {
		j.exclude = list
	}
	return err
}

type sealsAgain struct{ *Memory }

func (b sealsAgain) SetSeal(ctx context.Context, id string, s job.Seal) error {
	b.mu.Lock()
	if j, err := b.find(id); err == nil {
		j.Seal = nil
	}
	b.mu.Unlock()
	return b.Memory.SetSeal(ctx, id, s)
}

// TestCatches shows that the suite finds ledgers that are wrong in one way each.
func TestCatches(t *testing.T) {
	for name, wrap := range map[string]func(*Memory) Ledger{
		"grants what is held":      func(m *Memory) Ledger { return grantsHeld{m} },
		"forgets the doubt":        func(m *Memory) Ledger { return forgetsDoubt{m} },
		"drops a release's doubt":  func(m *Memory) Ledger { return dropsReleaseDoubt{m} },
		"records for anybody":      func(m *Memory) Ledger { return ignoresOwner{m} },
		"refuses a retried record": func(m *Memory) Ledger { return refusesRetry{m} },
		"counts a retry twice": func(m *Memory) Ledger {
			return countsTwice{m, new(sync.Mutex), make(map[string]int64)}
		},
		"closes out live claims": func(m *Memory) Ledger { return closesLiveClaims{m} },
		"claims in two steps":    func(m *Memory) Ledger { return racyClaim{m} },
		"leases to anybody":      func(m *Memory) Ledger { return unconditionalLease{m} },

		"forgets the sign-out":          func(m *Memory) Ledger { return forgetsSignOut{m} },
		"signs out again":               func(m *Memory) Ledger { return signsOutAgain{m} },
		"refuses a late sign-out":       func(m *Memory) Ledger { return refusesLateSignOut{m} },
		"hides a pending sign-out":      func(m *Memory) Ledger { return hidesSignOut{m} },
		"miscounts sign-outs":           func(m *Memory) Ledger { return miscountsSignOuts{m} },
		"changes an open job's targets": func(m *Memory) Ledger { return excludesLater{m} },
		"seals again":                   func(m *Memory) Ledger { return sealsAgain{m} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				failed := failures(t.Context(), wrap)
				if len(failed) == 0 {
					t.Error("no case failed")
				}
				t.Logf("%d cases failed: %q", len(failed), failed)
			})
		})
	}
	if failed := failures(t.Context(), func(m *Memory) Ledger { return m }); len(failed) > 0 {
		t.Errorf("the model itself fails %q", failed)
	}
}
