package cognito_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"relock/internal/sandbox/cognito"
)

const throttled = "TooManyRequestsException: Rate exceeded"

// quotaPool is a Cognito with one limited category and users on demand.
func quotaPool(t *testing.T, l cognito.Limit) *cognito.Cognito {
	t.Helper()
	c := cognito.New(cognito.Config{Quotas: map[cognito.Category]cognito.Limit{cognito.UserAccountRecovery: l}})
	if _, err := c.AddPool(cognito.PoolConfig{ID: poolID, EmailSendingAccount: "DEVELOPER", OnDemand: "u.*"}); err != nil {
		t.Fatal(err)
	}
	return c
}

// burst makes n calls at once and returns how many passed.
func burst(t *testing.T, c *cognito.Cognito, n int) int {
	t.Helper()
	passed := 0
	for range n {
		switch e := reset(t, c, "u1"); e {
		case "":
			passed++
		case throttled:
		default:
			t.Fatal(e)
		}
	}
	return passed
}

// The shapes that a quota can have. Each step waits and then makes 100 calls.
func TestLimits(t *testing.T) {
	t.Parallel()
	type step struct {
		wait time.Duration
		want int
	}
	for _, tt := range []struct {
		name  string
		limit cognito.Limit
		steps []step
	}{
		{"bucket of the rate", cognito.Limit{Rate: 30}, []step{{0, 30}, {0, 0}, {100 * time.Millisecond, 3}, {33 * time.Millisecond, 0}, {time.Millisecond, 1}, {time.Hour, 30}}},
		{"small bucket", cognito.Limit{Rate: 30, Burst: 3}, []step{{0, 3}, {time.Second, 3}, {50 * time.Millisecond, 1}, {50 * time.Millisecond, 2}}},
		{"slow", cognito.Limit{Rate: 0.5}, []step{{0, 1}, {time.Second, 0}, {time.Second, 1}}},
		{"window", cognito.Limit{Rate: 30, Window: true}, []step{{0, 30}, {900 * time.Millisecond, 0}, {100 * time.Millisecond, 30}, {1900 * time.Millisecond, 30}, {100 * time.Millisecond, 30}}},
		{"unlimited", cognito.Limit{Unlimited: true}, []step{{0, 100}, {0, 100}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := quotaPool(t, tt.limit)
				for i, s := range tt.steps {
					time.Sleep(s.wait)
					if got := burst(t, c, 100); got != s.want {
						t.Errorf("step %d: %d passed, want %d", i+1, got, s.want)
					}
				}
			})
		})
	}
}

// A caller exactly at the quota is never throttled, though a thirtieth of a
// second is no whole number of nanoseconds.
func TestExactlyAtTheQuota(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := quotaPool(t, cognito.Limit{Rate: 30, Burst: 1})
		start := time.Now()
		for i := range 30 * 60 {
			time.Sleep(time.Until(start.Add(time.Duration(i+1) * time.Second / 30)))
			if e := reset(t, c, "u1"); e != "" {
				t.Fatalf("call %d after %v: %s", i+1, time.Since(start), e)
			}
		}
	})
}

// "The quota halves, then doubles", while calls are running.
func TestQuotaChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := quotaPool(t, cognito.Limit{Rate: 30})
		perSecond := func() int {
			n := 0
			for range 100 {
				time.Sleep(10 * time.Millisecond)
				n += burst(t, c, 1)
			}
			return n
		}
		burst(t, c, 100)
		if got := perSecond(); got != 30 {
			t.Errorf("at 30 rps: %d", got)
		}
		if err := c.SetQuota(cognito.UserAccountRecovery, cognito.Limit{Rate: 15}); err != nil {
			t.Fatal(err)
		}
		if got := perSecond(); got != 15 {
			t.Errorf("halved: %d", got)
		}
		if err := c.SetQuota(cognito.UserAccountRecovery, cognito.Limit{Rate: 30}); err != nil {
			t.Fatal(err)
		}
		if got := perSecond(); got != 30 {
			t.Errorf("doubled again: %d", got)
		}
		time.Sleep(time.Minute)
		if err := c.SetQuota(cognito.UserAccountRecovery, cognito.Limit{Rate: 30, Burst: 3}); err != nil {
			t.Fatal(err)
		}
		if got := burst(t, c, 100); got != 3 {
			t.Errorf("a full bucket that became small: %d passed, want 3", got)
		}
	})
}

// All pools and callers of a Region share a category; another Region and another
// category have their own. Throttled calls are counted by caller, and those
// without credentials are the users'.
func TestQuotaIsSharedAndCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := quotaPool(t, cognito.Limit{Rate: 10})
		other, err := c.AddPool(cognito.PoolConfig{ID: "eu-west-1_Other", EmailSendingAccount: "DEVELOPER", OnDemand: "u.*"})
		if err != nil {
			t.Fatal(err)
		}
		client := other.AddClient("app")
		for i := range 4 {
			c.Switch(func(s *cognito.Switches) { s.AttemptLimit = 0 })
			for caller, in := range map[string]obj{
				"AKIAONE": {"UserPoolId": poolID, "Username": "u1"},
				"AKIATWO": {"UserPoolId": other.ID(), "Username": "u1"},
			} {
				if _, e := directAs(t, c, caller, "AdminResetUserPassword", in); e != "" {
					t.Fatalf("round %d, %s: %s", i, caller, e)
				}
			}
		}
		forgot := obj{"ClientId": client, "Username": "u1"}
		for _, want := range []string{"", "", throttled, throttled} {
			if _, e := directAs(t, c, "AKIAONE", "ForgotPassword", forgot); e != want {
				t.Fatalf("ForgotPassword: got %q, want %q", e, want)
			}
		}
		if _, e := directAs(t, c, "AKIATWO", "AdminResetUserPassword", obj{"UserPoolId": poolID, "Username": "u1"}); e != throttled {
			t.Errorf("the users have used it up: %q", e)
		}
		// What is refused for another reason uses the quota as well, and what is
		// throttled is not looked at.
		if _, e := direct(t, c, "AdminResetUserPassword", obj{}); e != throttled {
			t.Errorf("an invalid call over the quota: %q", e)
		}
		if _, e := direct(t, c, "AdminGetUser", obj{"UserPoolId": poolID, "Username": "u1"}); e != "" {
			t.Errorf("another category: %s", e)
		}
		want := []cognito.Usage{
			{Region: region, Category: cognito.UserAccountRecovery, Limit: cognito.Limit{Rate: 10},
				Used: map[string]int64{"AKIAONE": 4, "AKIATWO": 4, "AKIATEST": 0, cognito.CallerUsers: 2}, Throttled: map[string]int64{"AKIATWO": 1, "AKIATEST": 1, cognito.CallerUsers: 2}},
			{Region: region, Category: cognito.UserRead, Limit: cognito.Limit{Rate: 120}, Used: map[string]int64{"AKIATEST": 1}, Throttled: map[string]int64{}},
		}
		if diff := cmp.Diff(want, c.Usage()); diff != "" {
			t.Errorf("usage (-want +got):\n%s", diff)
		}
	})
}

func TestSetQuotaRefuses(t *testing.T) {
	t.Parallel()
	c := cognito.New(cognito.Config{})
	for name, err := range map[string]error{
		"unknown category": c.SetQuota("Nonsense", cognito.Limit{Rate: 1}),
		"no rate":          c.SetQuota(cognito.UserList, cognito.Limit{}),
		"negative rate":    c.SetQuota(cognito.UserList, cognito.Limit{Rate: -1}),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if rate, ok := c.AppliedRate("UserAccountRecovery"); rate != 30 || !ok {
		t.Errorf("applied rate %v, %v; want 30", rate, ok)
	}
	if err := c.SetQuota(cognito.UserAccountRecovery, cognito.Limit{Unlimited: true}); err != nil {
		t.Fatal(err)
	}
	if rate, ok := c.AppliedRate("UserAccountRecovery"); rate != 30 || !ok {
		t.Errorf("applied rate of an unlimited category %v, %v; want the default, 30", rate, ok)
	}
	if _, ok := c.AppliedRate("ClientAuthentication"); ok {
		t.Error("a category that the sandbox lacks has an applied rate")
	}
}
