package cognito

import (
	"fmt"
	"slices"
)

// Trouble is what is wrong with a pool's surroundings.
type Trouble string

// The troubles. They strike where a code would be sent.
const (
	NoTrouble Trouble = ""
	// EmailRole: Cognito may not use the e-mail identity.
	EmailRole Trouble = "email-role"
	// SMSRole: the role for SMS lacks its permission.
	SMSRole Trouble = "sms-role"
	// SMSTrust: the role for SMS does not trust Cognito, or its external ID differs.
	SMSTrust Trouble = "sms-trust"
	// LambdaReject: the CustomMessage trigger raises an error.
	LambdaReject Trouble = "lambda-reject"
	// LambdaFail: the trigger may not be invoked or times out.
	LambdaFail Trouble = "lambda-fail"
	// LambdaInvalid: the trigger's reply is no valid event.
	LambdaInvalid Trouble = "lambda-invalid"
)

// Troubles lists them, NoTrouble first.
func Troubles() []Trouble {
	return []Trouble{NoTrouble, EmailRole, SMSRole, SMSTrust, LambdaReject, LambdaFail, LambdaInvalid}
}

type trouble struct {
	what Trouble
	text string
}

// Trouble is what is wrong with the pool's surroundings, and the text of a
// trigger that rejects.
func (p *Pool) Trouble() (Trouble, string) {
	t := p.trouble.Load()
	return t.what, t.text
}

// SetTrouble makes something go wrong where codes are sent, from now on. The
// text is what a rejecting trigger says; it may be empty.
func (p *Pool) SetTrouble(what Trouble, text string) error {
	if !slices.Contains(Troubles(), what) {
		return fmt.Errorf("no trouble %q; the troubles are %q", what, Troubles())
	}
	p.trouble.Store(&trouble{what, text})
	return nil
}
