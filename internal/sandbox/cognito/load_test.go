package cognito_test

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"relock/internal/sandbox/cognito"
	"relock/internal/sandbox/wire"
)

// Many callers, the same users, everything at once: nothing is lost or counted
// twice. Run with -race.
func TestConcurrentCalls(t *testing.T) {
	t.Parallel()
	c := cognito.New(cognito.Config{Quotas: unlimited(), LogSize: 100})
	p, err := c.AddPool(cognito.PoolConfig{ID: poolID, EmailSendingAccount: "DEVELOPER", OnDemand: "u[0-9]+", AliasAttributes: []string{"email"}})
	if err != nil {
		t.Fatal(err)
	}
	c.Switch(func(s *cognito.Switches) { s.ListLag = time.Microsecond })
	const workers, users = 8, 40
	var accepted atomic.Int64
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range users {
				name := fmt.Sprintf("u%d", i)
				if w%2 == 1 {
					name += "@example.com"
				}
				if _, e := direct(t, c, "AdminResetUserPassword", obj{"UserPoolId": poolID, "Username": name}); e == "" {
					accepted.Add(1)
				}
				in := obj{"UserPoolId": poolID, "Username": name}
				direct(t, c, "AdminGetUser", in)
				direct(t, c, "AdminUserGlobalSignOut", in)
				direct(t, c, "ListUsers", obj{"UserPoolId": poolID, "Limit": 3})
				if i%10 == w {
					if err := c.SetQuota(cognito.UserList, cognito.Limit{Unlimited: true}); err != nil {
						t.Error(err)
					}
					c.Usage()
					c.Log()
				}
			}
		})
	}
	wg.Wait()
	var resets, signOuts, codes int
	for u := range p.Users() {
		resets, signOuts, codes = resets+len(u.Resets), signOuts+len(u.SignOuts), codes+u.CodesSent
	}
	// An alias is known once its user was made up, so the first calls by alias may
	// find nobody; what was accepted is there, exactly.
	if int64(resets) != accepted.Load() || codes != resets || p.Len() != users {
		t.Errorf("%d resets and %d codes of %d accepted, %d users; want all the same, and %d users", resets, codes, accepted.Load(), p.Len(), users)
	}
	if signOuts < users*workers/2 {
		t.Errorf("%d sign-outs, want at least %d", signOuts, users*workers/2)
	}
}

// BenchmarkReset is a reset of a user on demand without HTTP: each iteration
// another user, the heap per user reported.
func BenchmarkReset(b *testing.B) {
	c := cognito.New(cognito.Config{Quotas: unlimited()})
	if _, err := c.AddPool(cognito.PoolConfig{ID: poolID, EmailSendingAccount: "DEVELOPER", OnDemand: "user-[0-9]{9}"}); err != nil {
		b.Fatal(err)
	}
	reset := c.Service().Operations["AdminResetUserPassword"]
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	n := 0
	for b.Loop() {
		body := fmt.Appendf(nil, `{"UserPoolId":%q,"Username":"user-%09d","ClientMetadata":{"case":"INC-1"}}`, poolID, n)
		n++
		if _, err := reset(b.Context(), &wire.Call{Operation: "AdminResetUserPassword", Region: region, Body: body, Caller: wire.Caller{AccessKeyID: "AKIA"}}); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(n), "heap-B/user")
	runtime.KeepAlive(c)
}
