package ledger_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/ledger/ledgertest"
	"relock/internal/peers/servers"
)

// crashUsers are the targets of a run that crashes.
var crashUsers = []job.Username{"a", "b", "c", "d", "e"}

// life is what a process has done before its end, as far as it knows.
type life struct {
	l      *ledger.DynamoDB
	job    string
	called map[job.Username]bool // it may have called Cognito for these
}

// enqueue writes and opens the job, or goes on with it.
func (x *life) enqueue(t *testing.T) error {
	ctx := t.Context()
	err := x.l.CreateJob(ctx, job.Job{ID: x.job, Pool: "eu-west-1_AbCdEf123"})
	if err != nil && !errors.Is(err, ledger.ErrExists) {
		return err
	}
	if err := x.l.SetState(ctx, x.job, job.StateOpen, time.UnixMilli(1)); err != nil {
		return err
	}
	for i, u := range crashUsers {
		if err := x.l.AddTargets(ctx, x.job, []job.Target{{Username: u, Line: int64(i + 1)}}); err != nil {
			return err
		}
	}
	return x.l.SetSent(ctx, x.job, ledger.SentAll)
}

// work takes every target through claim, call, record and sign-out. The first call
// for b gets no answer, so b is called twice and flagged; c is never signed out, d
// needs no sign-out, and e never comes.
func (x *life) work(t *testing.T) error {
	ctx := t.Context()
	for _, u := range crashUsers[:4] {
		for done := false; !done; {
			k := ledger.Key{Job: x.job, Username: u}
			c, err := x.l.Claim(ctx, k, "w-"+x.job, time.Minute)
			if err != nil {
				return err
			}
			switch c.Status {
			case ledger.Finished:
				if done = c.SignOut != job.SignOutPending || u == "c"; done {
					continue
				}
				err = x.l.RecordSignOut(ctx, ledger.SignOutRecord{Key: k, State: job.SignOutDone, RequestID: "so-" + string(u), At: time.UnixMilli(6)})
				if err != nil {
					return err
				}
				continue
			case ledger.Granted:
				if x.called[u] {
					return fmt.Errorf("target %s is granted without a doubt, and was called before", u)
				}
			case ledger.GrantedInDoubt:
			default:
				return fmt.Errorf("target %s: status %d", u, c.Status)
			}
			again := x.called[u]
			x.called[u] = true
			if u == "b" && c.Attempt == 1 {
				err = x.l.Release(ctx, ledger.Release{Key: k, Owner: "w-" + x.job, Attempt: c.Attempt, InDoubt: true, Tried: true, Repeated: true})
			} else {
				err = x.l.Record(ctx, ledger.Record{Key: k, Owner: "w-" + x.job, Attempt: c.Attempt, Outcome: job.Reset, Repeated: again, Calls: 1, At: time.UnixMilli(5), SignOut: u != "d"})
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// finish closes the job out.
func (x *life) finish(t *testing.T) error {
	if _, err := x.l.CloseOut(t.Context(), x.job, job.Missing, time.UnixMilli(6)); err != nil {
		return err
	}
	if _, err := x.l.CloseSignOuts(t.Context(), x.job, time.UnixMilli(6)); err != nil {
		return err
	}
	return x.l.SetState(t.Context(), x.job, job.StateFinished, time.UnixMilli(7))
}

func (x *life) live(t *testing.T) error {
	if j, err := x.l.Job(t.Context(), x.job); err == nil && j.State == job.StateFinished {
		return nil
	}
	for _, step := range []func(*testing.T) error{x.enqueue, x.work, x.finish} {
		if err := step(t); err != nil {
			return err
		}
	}
	return nil
}

// TestDynamoDBCrashAnywhere ends a process at its first, second, … last write,
// before and after the write took effect, and lets another go on: no target is
// lost, none is granted without a doubt when it may have been called, and the
// totals are what the entries say.
func TestDynamoDBCrashAnywhere(t *testing.T) {
	endpoint, table := servers.StartDynalite(t), newTable()
	clock := ledgertest.NewClock()
	healthy := openDynamoDB(t, client(t, endpoint, nil), table, options(clock.Now))
	crash := func(write int, how fate) (died bool) {
		n := 0
		var mu sync.Mutex
		s, wrap := sabotage(func(string) fate { return passes })
		o := options(clock.Now)
		o.Patience = time.Nanosecond
		o.FlushEvery = time.Hour // its totals die with it
		l, err := ledger.OpenDynamoDB(t.Context(), client(t, endpoint, wrap), table, o)
		if err != nil {
			t.Fatal(err)
		}
		x := &life{l: l, job: fmt.Sprintf("crash-%d-%d", write, how), called: make(map[job.Username]bool)}
		s.set(func(op string) fate {
			mu.Lock()
			defer mu.Unlock()
			if died {
				return lostBefore
			}
			if op == "UpdateItem" || op == "BatchWriteItem" {
				if n++; n == write {
					died = true
					return how
				}
			}
			return passes
		})
		if err := x.live(t); (err != nil) != died {
			t.Fatalf("%s: died %v, error %v", x.job, died, err)
		}
		_ = x.l.Close() // a process that has died writes nothing any more
		clock.Advance(time.Hour)
		x.l = healthy
		if err := x.live(t); err != nil {
			t.Fatalf("%s, the second life: %v", x.job, err)
		}
		x.check(t)
		return died
	}
	writes := 1
	for ; crash(writes, lostAfter); writes++ {
		crash(writes, lostBefore)
	}
	t.Logf("a life has %d writes", writes-1)
	if writes < 25 {
		t.Errorf("a life has only %d writes", writes-1)
	}
}

func (x *life) check(t *testing.T) {
	t.Helper()
	j, err := x.l.Job(t.Context(), x.job)
	if err != nil || j.State != job.StateFinished {
		t.Errorf("%s is %s, error %v", x.job, j.State, err)
	}
	want := ledger.Totals{Outcomes: make(map[job.Outcome]int64), SignOuts: make(map[job.SignOut]int64)}
	signOuts := map[job.Username]job.SignOut{"a": job.SignOutDone, "b": job.SignOutDone, "c": job.SignOutFailed}
	for e, err := range x.l.Entries(t.Context(), x.job, ledger.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		o := job.Reset
		if e.Username == "e" {
			o = job.Missing
		}
		if e.Outcome != o {
			t.Errorf("%s: target %s: %q, want %q", x.job, e.Username, e.Outcome, o)
		}
		if e.SignOut != signOuts[e.Username] {
			t.Errorf("%s: target %s: sign-out %q, want %q", x.job, e.Username, e.SignOut, signOuts[e.Username])
		}
		if e.SignOut != "" {
			want.SignOuts[e.SignOut]++
		}
		want.Targets++
		want.Outcomes[e.Outcome]++
		if e.Repeated {
			want.Repeated++
		}
		if e.At.After(want.Last) {
			want.Last = e.At
		}
	}
	got, err := x.l.Totals(t.Context(), x.job)
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" || err != nil || want.Targets != 5 {
		t.Errorf("%s: the totals (-entries +totals): %s%v", x.job, diff, err)
	}
}
