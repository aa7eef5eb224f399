package report

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"relock/internal/job"
	"relock/internal/reset"
)

// pool is a directory of users that the tests set up.
type pool struct {
	users map[job.Username]reset.User
	fail  error

	mu     sync.Mutex
	asked  map[job.Username]int
	filter string
}

func (p *pool) Get(_ context.Context, name job.Username) (reset.User, bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked == nil {
		p.asked = map[job.Username]int{}
	}
	p.asked[name]++
	u, ok := p.users[name]
	return u, ok, p.fail
}

func (p *pool) Pages(_ context.Context, s reset.Selection) iter.Seq2[[]reset.User, error] {
	p.filter = s.Filter
	return func(yield func([]reset.User, error) bool) {
		for _, u := range p.users {
			if !yield([]reset.User{u}, p.fail) {
				return
			}
		}
		yield(nil, nil)
	}
}

// recovering makes a job of n users that were reset, the first k of which have
// not recovered, and two that were not reset.
func recovering(t *testing.T, n, k int, plan job.Plan) (Ledger, *pool) {
	t.Helper()
	led := memory()
	p := &pool{users: map[job.Username]reset.User{}}
	users := []one{{name: "failed", outcome: job.GaveUp}, {name: "pending"}}
	p.users["failed"] = reset.User{Username: "failed", Status: reset.NeedsReset}
	for i := range n {
		name := job.Username(fmt.Sprintf("user%04d", i))
		users = append(users, one{name: string(name), outcome: job.Reset})
		status := "CONFIRMED"
		if i < k {
			status = reset.NeedsReset
		}
		p.users[name] = reset.User{Username: name, Status: status}
	}
	fill(t, led, job.Job{ID: "one", Plan: plan}, users)
	return led, p
}

func TestRecoverAsksASample(t *testing.T) {
	t.Parallel()
	led, p := recovering(t, 1000, 300, job.Plan{})
	delete(p.users, "user0999")
	r, err := Recover(t.Context(), led, "one", p, 200, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	if r.Reset != 1000 || r.Asked != 200 || len(p.asked) != 200 || r.Exact || r.Waiting+r.Recovered+r.Gone+r.Other != 200 {
		t.Errorf("%+v, %d different users asked", r, len(p.asked))
	}
	if r.Low >= r.Share || r.High <= r.Share || r.Low > 0.3 || r.High < 0.3 {
		t.Errorf("%+v", r)
	}
	if p.asked["failed"]+p.asked["pending"] > 0 {
		t.Error("users were asked about that were not reset")
	}
}

func TestRecoverOfFewIsExact(t *testing.T) {
	t.Parallel()
	led, p := recovering(t, 4, 1, job.Plan{})
	p.users["user0002"] = reset.User{Status: "FORCE_CHANGE_PASSWORD"}
	delete(p.users, "user0003")
	r, err := Recover(t.Context(), led, "one", p, 400, rand.New(rand.NewPCG(1, 2)))
	want := Recovery{Job: "one", Reset: 4, Asked: 4, Waiting: 1, Recovered: 1, Gone: 1, Other: 1, Exact: true, Share: 0.25, Low: 0.25, High: 0.25}
	if err != nil || r != want {
		t.Errorf("%+v, %v", r, err)
	}
	p.fail = errors.New("no")
	if _, err := Recover(t.Context(), led, "one", p, 400, rand.New(rand.NewPCG(1, 2))); !errors.Is(err, p.fail) {
		t.Error(err)
	}
	if _, err := RecoverAll(t.Context(), led, "one", p); !errors.Is(err, p.fail) {
		t.Error(err)
	}
}

func TestRecoverAllFindsUsersByAnyOfTheirNames(t *testing.T) {
	t.Parallel()
	led, p := recovering(t, 50, 20, job.Plan{FoldCase: true})
	for i, u := range []reset.User{ // under other names than the list's
		{Username: "x0", Sub: "USER0000"}, {Username: "x1", Email: "user0001"}, {Username: "x2", Phone: "user0002"},
		{Username: "x3", Preferred: "user0003"}, {Username: "user0004", Email: "user0004"},
	} {
		u.Status = reset.NeedsReset
		p.users[job.Username(fmt.Sprintf("user%04d", i))] = u
	}
	p.users["stranger"] = reset.User{Username: "stranger", Status: reset.NeedsReset}
	r, err := RecoverAll(t.Context(), led, "one", p)
	want := Recovery{Job: "one", Reset: 50, Asked: 50, Waiting: 20, Recovered: 30, Exact: true, Share: 0.4, Low: 0.4, High: 0.4}
	if err != nil || r != want {
		t.Errorf("%+v, %v", r, err)
	}
	if p.filter != `cognito:user_status = "RESET_REQUIRED"` {
		t.Errorf("the filter is %s", p.filter)
	}
}

func TestRecoverWithNobodyReset(t *testing.T) {
	t.Parallel()
	led, p := recovering(t, 0, 0, job.Plan{})
	r, err := Recover(t.Context(), led, "one", p, 400, rand.New(rand.NewPCG(1, 2)))
	if err != nil || r.Asked != 0 || math.IsNaN(r.Share) {
		t.Errorf("%+v, %v", r, err)
	}
}
