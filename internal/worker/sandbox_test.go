package worker_test

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/sandbox/fault"
)

// A drain gets over every fault that the sandbox can make for a while.
func TestFaults(t *testing.T) {
	t.Parallel()
	crowd(t, trials, func(t *testing.T, c trial) {
		s := newScene(t)
		if c.want == nil {
			file, err := ledger.CreateSQLite(t.TempDir(), ledger.SQLiteOptions{})
			check(t, err)
			t.Cleanup(func() { check(t, file.Close()) })
			s.ledger = file
		}
		if strings.HasPrefix(strings.Join(c.rules, ""), "hang") {
			s.timeout = 8 * time.Second
		}
		s.enqueue()
		s.fault(c.rules...)
		res := s.drain()
		if !res.Drained {
			t.Errorf("the run ended with %+v", res)
		}
		for _, f := range s.srv.Faults().Rules() {
			if f.Struck == 0 {
				t.Errorf("the fault %v never struck", f.Rule)
			}
		}
		if c.want == nil {
			s.judgeMix()
			return
		}
		s.judge(c.want, c.repeated)
	})
}

// crowd runs a dozen cases at once, whatever -parallel says: they mostly wait.
func crowd[C any](t *testing.T, cases map[string]C, f func(*testing.T, C)) {
	t.Helper()
	var wg sync.WaitGroup
	places := make(chan struct{}, 12)
	for name, c := range cases {
		wg.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			t.Run(name, func(t *testing.T) { f(t, c) })
		})
	}
	wg.Wait()
}

// halting is a fault that halts the work.
type halting struct {
	rule string
	want job.HaltReason
}

// judgeMix is for a mixture, where the figures are the sandbox's: everybody is
// reset, and a user who was called for again after a call in doubt is flagged.
func (s *scene) judgeMix() {
	s.t.Helper()
	got, flags := map[job.Outcome]int{}, 0
	for e, err := range s.ledger.Entries(s.t.Context(), jobName, ledger.Filter{}) {
		check(s.t, err)
		got[e.Outcome]++
		if e.Repeated {
			flags++
		}
	}
	if got[job.Reset]+got[job.AlreadyReset] != users {
		s.t.Errorf("outcomes: %v", got)
	}
	s.judge(got, flags)
}

// Every fault has a trial of its own.
func TestEveryFaultIsTried(t *testing.T) {
	t.Parallel()
	for _, name := range fault.Names {
		found := slices.Contains([]string{fault.AccessDenied, fault.Unsupported, fault.ExpiredToken}, name) // TestHaltingFaults
		for _, c := range trials {
			for _, text := range c.rules {
				r, err := fault.Parse(text)
				check(t, err)
				found = found || r.Name == name
			}
		}
		if !found {
			t.Errorf("the fault %s is not tried", name)
		}
	}
}

// Faults that concern everybody halt the work at the cost of one receive each,
// and the same command does the rest.
func TestHaltingFaults(t *testing.T) {
	t.Parallel()
	crowd(t, map[string]halting{
		"access denied":           {"access-denied@cognito-idp=1,skip=20", job.HaltAccessDenied},
		"expired credentials":     {"expired-token@cognito-idp=1,skip=20", job.HaltCredentials},
		"a wrong clock":           {"error@cognito-idp=1,skip=20,code=InvalidSignatureException,message=Signature expired: 20261129T072000Z is now earlier than 20261129T073000Z", job.HaltClockSkew},
		"a wrong secret":          {"error@cognito-idp=1,skip=20,code=InvalidSignatureException,message=The request signature we calculated does not match the signature you provided.", job.HaltCredentials},
		"unsupported as 500":      {"error@cognito-idp=1,skip=20,code=Unsupported,status=500,message=unsupported feature", job.HaltUnsupported},
		"an unknown operation":    {"unsupported@cognito-idp=1,skip=20", job.HaltUnsupported},
		"no connection":           {"reset-before@cognito-idp=1,skip=20", job.HaltUnavailable},
		"internal errors for all": {"error-500-late@cognito-idp=1,skip=20", job.HaltUnavailable},
		"a role of SMS":           {"error@cognito-idp=1,skip=20,code=InvalidSmsRoleAccessPolicyException,message=no", job.HaltSMSRole},
		"the e-mail allowance":    {"error@cognito-idp=1,skip=20,code=LimitExceededException,message=Exceeded daily email limit for the operation or the account.", job.HaltDailyEmailLimit},
	}, func(t *testing.T, c halting) {
		s := newScene(t)
		s.visibility = time.Minute // what is visible again was handed back
		s.enqueue()
		s.fault(c.rule)
		res := s.drain()
		if res.Halt == nil || res.Halt.Reason != c.want {
			t.Fatalf("the run ended with %+v", res)
		}
		ms, err := s.srv.SQS().Messages("jobs", 0)
		check(t, err)
		for _, m := range ms {
			if m.State != "visible" || m.Receives > 1 {
				t.Errorf("a message is %s after %d receives", m.State, m.Receives)
			}
		}
		if t.Failed() {
			t.Logf("the log:\n%s", s.log)
		}
		if len(ms) < users/3 {
			t.Errorf("%d messages are left", len(ms))
		}
		s.srv.Faults().Clear()
		check(t, s.ledger.ClearHalt(t.Context(), "123456789012/eu-west-1"))
		if res := s.drain(); !res.Drained {
			t.Fatalf("the second run ended with %+v", res)
		}
		s.judgeMix()
	})
}

// buffer is a log that is read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
