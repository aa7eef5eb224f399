package cognito_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"relock/internal/sandbox/cognito"
)

const (
	cannotReset  = "InvalidParameterException: Cannot reset password for the user as there is no registered/verified email or phone_number"
	badState     = "NotAuthorizedException: User password cannot be reset in the current state."
	disabledText = "NotAuthorizedException: User is disabled."
	notFound     = "UserNotFoundException: User does not exist."
	attempts     = "LimitExceededException: Attempt limit exceeded, please try after some time."
	dailyCap     = "LimitExceededException: Exceeded daily email limit for the operation or the account. If a higher limit is required, please configure your user pool to use your own Amazon SES configuration for sending email."
	adminOnly    = "NotAuthorizedException: Contact administrator to reset password."
)

func confirmed(name string) cognito.Seed {
	return cognito.Seed{Username: name, Email: name + "@example.com", EmailVerified: true}
}

// Every error of AdminResetUserPassword, and the state that it comes from.
func TestResetErrors(t *testing.T) {
	t.Parallel()
	with := func(change func(*cognito.Seed)) cognito.Seed {
		s := confirmed("ana")
		change(&s)
		return s
	}
	status := func(st cognito.Status) cognito.Seed {
		return with(func(s *cognito.Seed) { s.Status = st })
	}
	phone := with(func(s *cognito.Seed) {
		s.EmailVerified, s.PhoneNumber, s.PhoneNumberVerified = false, "+351910000001", true
	})
	for _, tt := range []struct {
		name    string
		user    cognito.Seed
		pool    cognito.PoolConfig
		set     string // switches, NAME=VALUE separated by spaces
		trouble cognito.Trouble
		want    string
	}{
		{name: "confirmed", user: confirmed("ana")},
		{name: "reset before", user: status(cognito.ResetRequired)},
		{name: "reset before, no second code", user: status(cognito.ResetRequired), set: "resend-on-reset-required=false"},
		{name: "verified phone only", user: phone},
		{name: "unknown", user: confirmed("bob"), want: notFound},
		{name: "disabled", user: with(func(s *cognito.Seed) { s.Enabled = new(false) }), want: disabledText},
		{name: "disabled, other text", user: with(func(s *cognito.Seed) { s.Enabled = new(false) }), set: "disabled-text=User_is_disabled", want: "NotAuthorizedException: User_is_disabled"},
		{name: "disabled comes before the state", user: with(func(s *cognito.Seed) { s.Enabled, s.Status = new(false), cognito.ForceChangePassword }), want: disabledText},
		{name: "force change", user: status(cognito.ForceChangePassword), want: badState},
		{name: "archived", user: status(cognito.Archived), want: badState},
		{name: "compromised", user: status(cognito.Compromised), want: badState},
		{name: "unknown state", user: status(cognito.Unknown), want: badState},
		{name: "federated", user: status(cognito.ExternalProvider), want: badState},
		{name: "federated, invalid parameter", user: status(cognito.ExternalProvider), set: "federated-error=invalid-parameter", want: cannotReset},
		{name: "federated, not found", user: status(cognito.ExternalProvider), set: "federated-error=not-found", want: notFound},
		{name: "unconfirmed", user: status(cognito.Unconfirmed), want: cannotReset},
		{name: "unconfirmed, as moto", user: status(cognito.Unconfirmed), set: "unconfirmed-not-authorized=true", want: badState},
		{name: "no verified contact", user: with(func(s *cognito.Seed) { s.EmailVerified = false }), want: cannotReset},
		{name: "no contact", user: cognito.Seed{Username: "ana"}, want: cannotReset},
		{name: "recovery by e-mail only, phone verified", user: phone, pool: cognito.PoolConfig{Recovery: []string{"verified_email"}}, want: cannotReset},
		{name: "recovery by e-mail, then phone", user: phone, pool: cognito.PoolConfig{Recovery: []string{"verified_email", "verified_phone_number"}}},
		{name: "admin only", user: confirmed("ana"), pool: cognito.PoolConfig{Recovery: []string{"admin_only"}}, want: adminOnly},
		{name: "admin only, invalid parameter", user: confirmed("ana"), pool: cognito.PoolConfig{Recovery: []string{"admin_only"}}, set: "admin-only-error=invalid-parameter", want: cannotReset},
		{name: "admin only, no error", user: confirmed("ana"), pool: cognito.PoolConfig{Recovery: []string{"admin_only"}}, set: "admin-only-error=none"},
		{name: "replica", user: confirmed("ana"), pool: cognito.PoolConfig{Replica: true}, want: "OperationNotEnabledException: Operation is not enabled for this user pool in this region."},
		{name: "trigger rejects", user: confirmed("ana"), trouble: cognito.LambdaReject, want: "UserLambdaValidationException: CustomMessage failed with error because of the test."},
		{name: "trigger fails", user: confirmed("ana"), trouble: cognito.LambdaFail, want: "UnexpectedLambdaException: CustomMessage invocation failed due to error AccessDeniedException."},
		{name: "trigger talks nonsense", user: confirmed("ana"), trouble: cognito.LambdaInvalid, want: "InvalidLambdaResponseException: Unrecognizable lambda output"},
		{name: "e-mail role", user: confirmed("ana"), trouble: cognito.EmailRole, want: "InvalidEmailRoleAccessPolicyException: Cognito isn't allowed to use your email identity."},
		{name: "e-mail role, phone user", user: phone, trouble: cognito.EmailRole},
		{name: "SMS role", user: phone, trouble: cognito.SMSRole, want: "InvalidSmsRoleAccessPolicyException: Role does not have permission to publish with SNS"},
		{name: "SMS trust", user: phone, trouble: cognito.SMSTrust, want: "InvalidSmsRoleTrustRelationshipException: Role does not have a trust relationship allowing Cognito to assume the role"},
		{name: "SMS role, e-mail user", user: confirmed("ana"), trouble: cognito.SMSRole},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, p := newPool(t, tt.pool)
			add(t, p, tt.user)
			for pair := range strings.FieldsSeq(tt.set) {
				name, value, _ := strings.Cut(pair, "=")
				if err := c.SetSwitch(name, value); err != nil {
					t.Fatal(err)
				}
			}
			if err := p.SetTrouble(tt.trouble, "because of the test."); err != nil {
				t.Fatal(err)
			}
			before, _ := p.User(tt.user.Username)
			if got := reset(t, c, "ana"); got != tt.want {
				t.Fatalf("got  %q\nwant %q", got, tt.want)
			}
			after, _ := p.User(tt.user.Username)
			if tt.want != "" {
				if diff := cmp.Diff(before, after); diff != "" {
					t.Errorf("a refused reset changed the user:\n%s", diff)
				}
				return
			}
			if after.Status != cognito.ResetRequired || len(after.Resets) != 1 {
				t.Errorf("after the reset: status %s, %d resets", after.Status, len(after.Resets))
			}
			wantCodes := 1
			if strings.Contains(tt.set, "resend-on-reset-required=false") {
				wantCodes = 0
			}
			if after.CodesSent != wantCodes {
				t.Errorf("%d codes were sent, want %d", after.CodesSent, wantCodes)
			}
		})
	}
}

// What a reset records: time to the nanosecond, metadata, codes; and what it
// leaves alone: the sessions.
func TestResetRecord(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, p := newPool(t, cognito.PoolConfig{})
		s := confirmed("ana")
		s.Sessions = 3
		add(t, p, s)
		start := time.Now()
		time.Sleep(5*time.Second + 7)
		in := obj{"UserPoolId": poolID, "Username": "ana", "ClientMetadata": obj{"b": "2", "a": "1"}}
		for range 2 {
			if _, e := direct(t, c, "AdminResetUserPassword", in); e != "" {
				t.Fatal(e)
			}
			time.Sleep(time.Second)
		}
		want := []cognito.Reset{
			{At: start.Add(5*time.Second + 7).UTC(), Metadata: `{"a":"1","b":"2"}`},
			{At: start.Add(6*time.Second + 7).UTC(), Metadata: `{"a":"1","b":"2"}`},
		}
		if diff := cmp.Diff(want, p.Resets("ana")); diff != "" {
			t.Errorf("resets (-want +got):\n%s", diff)
		}
		u, _ := p.User("ana")
		if u.CodesSent != 2 || u.Sessions != 3 || !u.Modified.Equal(want[1].At) {
			t.Errorf("%d codes, %d sessions, modified %v; want 2, 3 and %v", u.CodesSent, u.Sessions, u.Modified, want[1].At)
		}
		if _, e := direct(t, c, "AdminUserGlobalSignOut", in); e != "" {
			t.Fatal(e)
		}
		if u, _ = p.User("ana"); u.Sessions != 0 || len(u.SignOuts) != 1 {
			t.Errorf("after the sign-out: %d sessions, %d sign-outs; want 0, 1", u.Sessions, len(u.SignOuts))
		}
	})
}

func TestRevokeOnReset(t *testing.T) {
	t.Parallel()
	c, p := newPool(t, cognito.PoolConfig{})
	s := confirmed("ana")
	s.Sessions = 3
	add(t, p, s)
	c.Switch(func(s *cognito.Switches) { s.RevokeOnReset = true })
	if e := reset(t, c, "ana"); e != "" {
		t.Fatal(e)
	}
	if u, _ := p.User("ana"); u.Sessions != 0 {
		t.Errorf("%d sessions are left, want none", u.Sessions)
	}
}

// Cognito's own e-mail: 50 a day and account, all pools together, the day
// beginning at 09:00 UTC.
func TestDailyEmailCap(t *testing.T) {
	t.Parallel()
	for _, silent := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c, p := newPool(t, cognito.PoolConfig{OnDemand: "u[0-9]+"})
			other, err := c.AddPool(cognito.PoolConfig{ID: "eu-west-1_Other", OnDemand: "u[0-9]+"})
			if err != nil {
				t.Fatal(err)
			}
			c.Switch(func(s *cognito.Switches) { s.EmailCapSilent = silent })
			midnight := time.Now().UTC() // bubbles begin at midnight UTC
			until := func(hour int, minute time.Duration) {
				time.Sleep(time.Until(midnight.Add(time.Duration(hour)*time.Hour + minute*time.Minute)))
			}
			until(10, 0)
			for i := range 50 {
				pool := poolID
				if i%2 == 1 {
					pool = other.ID()
				}
				if _, e := direct(t, c, "AdminResetUserPassword", obj{"UserPoolId": pool, "Username": "u" + string(rune('0'+i/10)) + string(rune('0'+i%10))}); e != "" {
					t.Fatalf("reset %d: %s", i+1, e)
				}
			}
			want, dropped := dailyCap, 0
			if silent {
				want, dropped = "", 1
			}
			for _, at := range []time.Duration{0, 60 * 13, 60*22 + 59} { // up to 08:59 of the next day
				until(10, at)
				if got := reset(t, c, "u99"); got != want {
					t.Errorf("silent %v, %v after 10:00: got %q, want %q", silent, at*time.Minute, got, want)
				}
			}
			if u, _ := p.User("u99"); u.CodesSent != 0 || u.CodesDropped != 3*dropped {
				t.Errorf("silent %v: %d codes sent, %d dropped; want 0, %d", silent, u.CodesSent, u.CodesDropped, 3*dropped)
			}
			until(33, 0) // 09:00 of the next day
			if got := reset(t, c, "u99"); got != "" {
				t.Errorf("silent %v, at 09:00: %s", silent, got)
			}
			if m := c.Mail(); m.Email != 1 || m.EmailDay.Hour() != 9 || m.EmailDay.Day() != midnight.Day()+1 {
				t.Errorf("mail of the new day: %+v", m)
			}
		})
	}
}

// A pool that sends with SES has SES's quotas instead.
func TestSESQuota(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, p := newPool(t, cognito.PoolConfig{EmailSendingAccount: "DEVELOPER", OnDemand: "u[0-9]+"})
		c.Switch(func(s *cognito.Switches) { s.SESPerDay, s.SESPerSecond, s.SendFailureSilent = 60, 2, false })
		over := "CodeDeliveryFailureException: Exceeded SES sending quota."
		for i := range 60 {
			want := ""
			if i%3 == 2 {
				want = over
			}
			if got := reset(t, c, "u1"); got != want {
				t.Fatalf("reset %d: got %q, want %q", i, got, want)
			}
			if i%3 == 2 {
				time.Sleep(time.Second)
			}
		}
		if m := c.Mail(); m.SES != 40 || m.Email != 0 {
			t.Errorf("%+v, want 40 by SES and none by Cognito", m)
		}
		c.Switch(func(s *cognito.Switches) { s.SESPerDay, s.SESPerSecond, s.SendFailureSilent = 40, 0, true })
		if got := reset(t, c, "u2"); got != "" {
			t.Errorf("over the day's quota, silently: %s", got)
		}
		if u, _ := p.User("u2"); u.CodesSent != 0 || u.CodesDropped != 1 {
			t.Errorf("%d codes sent, %d dropped; want 0, 1", u.CodesSent, u.CodesDropped)
		}
	})
}

func TestSMSQuota(t *testing.T) {
	t.Parallel()
	c, p := newPool(t, cognito.PoolConfig{})
	add(t, p, cognito.Seed{Username: "ana", PhoneNumber: "+351910000001", PhoneNumberVerified: true})
	c.Switch(func(s *cognito.Switches) { s.SMSPerMonth, s.SendFailureSilent = 1, false })
	for _, want := range []string{"", "CodeDeliveryFailureException: Exceeded SMS spending limit."} {
		if got := reset(t, c, "ana"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// The user's hourly attempts: whether a reset by an administrator is one is a
// switch.
func TestAttemptLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, p := newPool(t, cognito.PoolConfig{EmailSendingAccount: "DEVELOPER"})
		add(t, p, confirmed("ana"), confirmed("bob"))
		for range 20 {
			if got := reset(t, c, "ana"); got != "" {
				t.Fatalf("resets do not count: %s", got)
			}
		}
		c.Switch(func(s *cognito.Switches) { s.ResetCountsAsAttempt, s.AttemptLimit = true, 6 })
		for i := range 6 {
			if got := reset(t, c, "ana"); got != "" {
				t.Fatalf("attempt %d: %s", i+1, got)
			}
			time.Sleep(time.Minute)
		}
		if got := reset(t, c, "ana"); got != attempts {
			t.Errorf("attempt 7: %q", got)
		}
		if got := reset(t, c, "bob"); got != "" {
			t.Errorf("another user: %q", got)
		}
		time.Sleep(54 * time.Minute) // an hour after the first
		if got := reset(t, c, "ana"); got != "" {
			t.Errorf("an hour later: %q", got)
		}
		if got := reset(t, c, "ana"); got != attempts {
			t.Errorf("and again: %q", got)
		}
	})
}

func TestPerUserRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, p := newPool(t, cognito.PoolConfig{EmailSendingAccount: "DEVELOPER"})
		add(t, p, confirmed("ana"), confirmed("bob"))
		c.Switch(func(s *cognito.Switches) { s.PerUserRate = 2 })
		for i, want := range []string{"", "", "TooManyRequestsException: Rate exceeded"} {
			if got := reset(t, c, "ana"); got != want {
				t.Errorf("call %d: got %q, want %q", i+1, got, want)
			}
		}
		if got := reset(t, c, "bob"); got != "" {
			t.Errorf("another user: %q", got)
		}
		time.Sleep(time.Second)
		if got := reset(t, c, "ana"); got != "" {
			t.Errorf("a second later: %q", got)
		}
	})
}

// rollOnce is a fault that strikes every second call.
type rollOnce struct{ calls int }

func (r *rollOnce) Roll(name, service, operation string) bool {
	r.calls++
	return name == cognito.FaultLambdaReject && service == "cognito-idp" && operation == "AdminResetUserPassword" && r.calls%2 == 0
}

func TestInjectedRejection(t *testing.T) {
	t.Parallel()
	c := cognito.New(cognito.Config{Quotas: unlimited(), Faults: &rollOnce{}})
	if _, err := c.AddPool(cognito.PoolConfig{ID: poolID, OnDemand: "u[0-9]"}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"", "UserLambdaValidationException: CustomMessage failed with error rejected by the sandbox.", ""} {
		if got := reset(t, c, "u1"); got != want {
			t.Errorf("call %d: got %q, want %q", i+1, got, want)
		}
	}
}
