package cognito

import (
	"math/rand/v2"
	"slices"
	"strings"

	"relock/internal/sandbox/wire"
)

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
