package cognito

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
	"unique"

	"relock/internal/sandbox/wire"
)

// codeLife is how long a code works (Cognito developer guide, quotas: "1 hour").
const codeLife = time.Hour

type adminUserInput struct {
	UserPoolId     *string
	Username       *string
	ClientMetadata map[string]string
}

func (in *adminUserInput) check(k *checks) {
	k.need("userPoolId", in.UserPoolId, rulePoolID)
	k.need("username", in.Username, ruleUsername)
	k.metadata(in.ClientMetadata)
}

// adminResetUserPassword deactivates the user's password, sets RESET_REQUIRED
// and sends a code. The order of the checks is moto's, with the trigger and the
// sending behind them; AWS documents none.
func (c *Cognito) adminResetUserPassword(call *wire.Call, in *adminUserInput) (any, error) {
	p, err := c.pool(call, *in.UserPoolId)
	if err != nil {
		return nil, err
	}
	if err := p.writable(); err != nil {
		return nil, err
	}
	u, err := p.user(call, *in.Username)
	if err != nil {
		return nil, err
	}
	s, now := c.sw(), call.At.UnixNano()
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.deleted {
		return nil, userNotFound()
	}
	if err := u.busy(s, now); err != nil {
		return nil, err
	}
	if err := u.resettable(s); err != nil {
		return nil, err
	}
	if u.status != ResetRequired || s.ResendOnResetRequired {
		if s.ResetCountsAsAttempt {
			if err := u.attempt(s, now); err != nil {
				return nil, err
			}
		}
		if _, err := c.sendCode(p, u, call, s); err != nil {
			return nil, err
		}
	}
	u.change(now, s.ListLag, func() {
		u.status = ResetRequired
		u.resets = append(u.resets, resetRecord{at: now, metadata: canonical(in.ClientMetadata)})
		if s.RevokeOnReset {
			u.signOutAll()
		}
	})
	return none{}, nil
}

// canonical is metadata as one shared string.
func canonical(m map[string]string) unique.Handle[string] {
	if len(m) == 0 {
		return unique.Handle[string]{}
	}
	b, _ := json.Marshal(m) // strings cannot fail
	return unique.Make(string(b))
}

// resettable says why the locked user's password cannot be reset, if so.
func (u *user) resettable(s *Switches) error {
	if u.disabled {
		return notAuthorized(s.DisabledText)
	}
	switch u.status {
	case Confirmed, ResetRequired:
		return nil
	case Unconfirmed:
		if s.UnconfirmedNotAuthorized {
			return notAuthorized(textBadState)
		}
		return invalid("%s", textCannotReset)
	case ExternalProvider:
		switch s.FederatedError {
		case "invalid-parameter":
			return invalid("%s", textCannotReset)
		case "not-found":
			return userNotFound()
		}
	}
	return notAuthorized(textBadState)
}

// delivery is what ForgotPassword tells of a code's way.
type delivery struct {
	Destination    string
	DeliveryMedium medium
	AttributeName  string
}

// recoveryOf is the contact to which a code for the locked user goes. Without a
// setting that is the verified phone number, then the verified e-mail address
// (Cognito developer guide, "managing users' passwords").
func (p *Pool) recoveryOf(u *user, s *Switches) (delivery, error) {
	order := []string{"verified_phone_number", "verified_email"}
	if r := p.settings.Load().Recovery; r != nil {
		options := slices.Clone(r.RecoveryMechanisms)
		slices.SortStableFunc(options, func(a, b recoveryOption) int { return *a.Priority - *b.Priority })
		order = order[:0]
		for _, o := range options {
			order = append(order, *o.Name)
		}
	}
	if len(order) == 1 && order[0] == "admin_only" && s.AdminOnlyError != "none" {
		if s.AdminOnlyError == "invalid-parameter" {
			return delivery{}, invalid("%s", textCannotReset)
		}
		return delivery{}, notAuthorized(textAdminOnly)
	}
	for _, o := range order {
		switch o {
		case "verified_email", "admin_only":
			if to := u.attr("email"); to != "" && u.attr("email_verified") == "true" {
				return delivery{masked(to), email, "email"}, nil
			}
		case "verified_phone_number":
			if to := u.attr("phone_number"); to != "" && u.attr("phone_number_verified") == "true" {
				return delivery{masked(to), sms, "phone_number"}, nil
			}
		}
	}
	return delivery{}, invalid("%s", textCannotReset)
}

// masked shows a destination as AWS does: a***@e***, +********1234.
func masked(to string) string {
	if name, domain, ok := strings.Cut(to, "@"); ok && name != "" && domain != "" {
		return name[:1] + "***@" + domain[:1] + "***"
	}
	if n := len(to) - 4; n > 1 {
		return to[:1] + strings.Repeat("*", n-1) + to[n:]
	}
	return "***"
}

// sendCode runs the trigger and sends a code to the locked user. A code that a
// full quota swallows is made all the same.
func (c *Cognito) sendCode(p *Pool, u *user, call *wire.Call, s *Switches) (delivery, error) {
	d, err := p.recoveryOf(u, s)
	if err != nil {
		return d, err
	}
	if err := c.customMessage(p, call); err != nil {
		return d, err
	}
	if err := p.role(d.DeliveryMedium); err != nil {
		return d, err
	}
	sent, err := c.mail.send(d.DeliveryMedium, p.settings.Load().Email.developer(), call.At, s)
	if err != nil {
		return d, err
	}
	if sent {
		u.codes++
	} else {
		u.dropped++
	}
	u.code = code{sent: call.At.UnixNano(), digits: rand.Uint32N(1_000_000)}
	return d, nil
}

// customMessage is the pool's trigger: it says nothing unless it is in trouble
// or a fault strikes.
func (c *Cognito) customMessage(p *Pool, call *wire.Call) error {
	t := p.trouble.Load()
	reject := t.what == LambdaReject || c.faults != nil && c.faults.Roll(FaultLambdaReject, signingName, call.Operation)
	switch {
	case reject:
		text := t.text
		if text == "" {
			text = "rejected by the sandbox."
		}
		return wire.Errorf("UserLambdaValidationException", "CustomMessage failed with error %s", text)
	case t.what == LambdaFail:
		return wire.Errorf("UnexpectedLambdaException", "CustomMessage invocation failed due to error AccessDeniedException.")
	case t.what == LambdaInvalid:
		return wire.Errorf("InvalidLambdaResponseException", "Unrecognizable lambda output")
	}
	return nil
}

// role says whether Cognito may send by this medium.
func (p *Pool) role(by medium) error {
	switch t := p.trouble.Load(); {
	case t.what == EmailRole && by == email:
		return wire.Errorf("InvalidEmailRoleAccessPolicyException", "Cognito isn't allowed to use your email identity.")
	case t.what == SMSRole && by == sms:
		return wire.Errorf("InvalidSmsRoleAccessPolicyException", "Role does not have permission to publish with SNS")
	case t.what == SMSTrust && by == sms:
		return wire.Errorf("InvalidSmsRoleTrustRelationshipException", "Role does not have a trust relationship allowing Cognito to assume the role")
	}
	return nil
}

// attempt counts one attempt of the locked user against the hourly limit.
func (u *user) attempt(s *Switches, now int64) error {
	if s.AttemptLimit == 0 {
		return nil
	}
	e := u.more()
	e.attempts = slices.DeleteFunc(e.attempts, func(at int64) bool { return at <= now-int64(time.Hour) })
	if len(e.attempts) >= s.AttemptLimit {
		return wire.Errorf("LimitExceededException", "%s", textAttempts)
	}
	e.attempts = append(e.attempts, now)
	return nil
}

// busy counts one write of the locked user against Switches.PerUserRate.
func (u *user) busy(s *Switches, now int64) error {
	if s.PerUserRate == 0 {
		return nil
	}
	e := u.more()
	e.recent = slices.DeleteFunc(e.recent, func(at int64) bool { return at <= now-int64(time.Second) })
	if len(e.recent) >= s.PerUserRate {
		return wire.Errorf("TooManyRequestsException", "%s", s.ThrottleText)
	}
	e.recent = append(e.recent, now)
	return nil
}

// signOutAll ends the locked user's sessions.
func (u *user) signOutAll() {
	u.sessions = 0
	if u.extra != nil {
		u.extra.tokens = nil
	}
}

// adminUserGlobalSignOut ends the user's sessions. AWS documents no state in
// which it would be refused.
func (c *Cognito) adminUserGlobalSignOut(call *wire.Call, in *adminUserInput) (any, error) {
	return c.onUser(call, in.UserPoolId, in.Username, func(_ *Pool, u *user, s *Switches, now int64) error {
		u.signOutAll()
		u.signOuts = append(u.signOuts, now)
		return nil
	})
}

// onUser runs f on the locked user of a writable pool and replies with an empty
// object.
func (c *Cognito) onUser(call *wire.Call, pool, name *string, f func(*Pool, *user, *Switches, int64) error) (any, error) {
	p, err := c.pool(call, *pool)
	if err != nil {
		return nil, err
	}
	if err := p.writable(); err != nil {
		return nil, err
	}
	u, err := p.user(call, *name)
	if err != nil {
		return nil, err
	}
	s, now := c.sw(), call.At.UnixNano()
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.deleted {
		return nil, userNotFound()
	}
	if err := u.busy(s, now); err != nil {
		return nil, err
	}
	if err := f(p, u, s, now); err != nil {
		return nil, err
	}
	return none{}, nil
}
