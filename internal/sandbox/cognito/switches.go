package cognito

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Switches are the behaviours that AWS's documents leave open, and the numbers
// that they do not promise. Each has a name for flags and for the inspection
// endpoint, in SwitchList. Copy DefaultSwitches and change fields; a switch can
// be changed while calls are running.
type Switches struct {
	// ResendOnResetRequired: a reset of a user in RESET_REQUIRED sends another
	// code. Off: it succeeds and does nothing, as moto has it.
	ResendOnResetRequired bool
	// ResetCountsAsAttempt: AdminResetUserPassword uses up the user's hourly
	// allowance of ForgotPassword and ConfirmForgotPassword.
	ResetCountsAsAttempt bool
	// AttemptLimit is that allowance, an hour and a user. AWS says 5 to 20,
	// depending on risk. 0 is no limit.
	AttemptLimit int
	// RevokeOnReset: a reset ends the user's sessions. AWS lists it nowhere among
	// the ways to revoke tokens.
	RevokeOnReset bool
	// RefreshWhileReset: a refresh token still works while the user is in
	// RESET_REQUIRED.
	RefreshWhileReset bool
	// UnconfirmedNotAuthorized: a reset of an UNCONFIRMED user is
	// NotAuthorizedException, as moto has it. Off: InvalidParameterException, as
	// reported from the field.
	UnconfirmedNotAuthorized bool
	// FederatedError is what a reset of an EXTERNAL_PROVIDER user gets:
	// "not-authorized" (reported for ForgotPassword), "invalid-parameter" or
	// "not-found".
	FederatedError string
	// AdminOnlyError is what a reset gets in a pool whose only recovery is
	// admin_only: "not-authorized", "invalid-parameter" or "none".
	AdminOnlyError string
	// DisabledText is the message for a disabled user. It has been seen with and
	// without the full stop.
	DisabledText string
	// ThrottleText is the message of TooManyRequestsException. "Rate exceeded"
	// and "Too many requests" have been seen.
	ThrottleText string
	// EmailPerDay is the cap of COGNITO_DEFAULT e-mail, an account and a day that
	// begins at 09:00 UTC. 0 is no cap.
	EmailPerDay int
	// EmailCapSilent: over the cap the call succeeds and the message is dropped.
	// Off: LimitExceededException. Both have been reported.
	EmailCapSilent bool
	// SESPerDay and SESPerSecond are the SES account's quotas for pools that send
	// with EmailSendingAccount DEVELOPER. 0 is no quota.
	SESPerDay    int
	SESPerSecond int
	// SMSPerMonth stands for the monthly spending limit, in messages. 0 is none.
	SMSPerMonth int
	// SendFailureSilent: over the SES or SMS quota the call succeeds and the
	// message is dropped. Off: CodeDeliveryFailureException, which AWS declares
	// for ForgotPassword but not for AdminResetUserPassword.
	SendFailureSilent bool
	// ListLag is how old the state that ListUsers shows is: it is eventually
	// consistent.
	ListLag time.Duration
	// FilterQuotesOnly: a backslash in a filter of ListUsers escapes quotation marks
	// only, and stands for itself before anything else. The API reference says that
	// quotation marks are escaped, and nothing of backslashes.
	FilterQuotesOnly bool
	// ModelStatus: errors carry the HTTP status of AWS's model (429, 404, 403)
	// instead of 400.
	ModelStatus bool
	// PerUserRate is the requests per second that one user's record takes before
	// TooManyRequestsException. AWS documents 10 writes a user and second and does
	// not say whether AdminResetUserPassword is one. 0 is no limit.
	PerUserRate int
}

// DefaultSwitches is what is likeliest at AWS, by the sources in facts.md.
func DefaultSwitches() Switches {
	return Switches{
		ResendOnResetRequired: true,
		AttemptLimit:          5,
		RefreshWhileReset:     true,
		FederatedError:        "not-authorized",
		AdminOnlyError:        "not-authorized",
		DisabledText:          "User is disabled.",
		ThrottleText:          "Rate exceeded",
		EmailPerDay:           50,
		SendFailureSilent:     true,
	}
}

// Switch is one field of Switches by name.
type Switch struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Default string `json:"default"`
	// About says what it does, in one line.
	About string `json:"about"`
	// Values are the permitted values, empty where any text, number or duration is.
	Values []string `json:"values,omitempty"`
}

type switchDef struct {
	name, about string
	values      []string
	field       func(*Switches) any
}

var switchDefs = []switchDef{
	{"resend-on-reset-required", "a second reset of a user sends another code", nil, func(s *Switches) any { return &s.ResendOnResetRequired }},
	{"reset-counts-as-attempt", "a reset uses up the user's hourly attempts", nil, func(s *Switches) any { return &s.ResetCountsAsAttempt }},
	{"attempt-limit", "attempts a user and hour; 0 is no limit", nil, func(s *Switches) any { return &s.AttemptLimit }},
	{"revoke-on-reset", "a reset ends the user's sessions", nil, func(s *Switches) any { return &s.RevokeOnReset }},
	{"refresh-while-reset", "refresh tokens work while the user is in RESET_REQUIRED", nil, func(s *Switches) any { return &s.RefreshWhileReset }},
	{"unconfirmed-not-authorized", "UNCONFIRMED users get NotAuthorizedException instead of InvalidParameterException", nil, func(s *Switches) any { return &s.UnconfirmedNotAuthorized }},
	{"federated-error", "what EXTERNAL_PROVIDER users get", []string{"not-authorized", "invalid-parameter", "not-found"}, func(s *Switches) any { return &s.FederatedError }},
	{"admin-only-error", "what a pool with admin_only recovery answers", []string{"not-authorized", "invalid-parameter", "none"}, func(s *Switches) any { return &s.AdminOnlyError }},
	{"disabled-text", "the message for a disabled user", nil, func(s *Switches) any { return &s.DisabledText }},
	{"throttle-text", "the message of TooManyRequestsException", nil, func(s *Switches) any { return &s.ThrottleText }},
	{"email-per-day", "cap of COGNITO_DEFAULT e-mail, from 09:00 UTC on; 0 is no cap", nil, func(s *Switches) any { return &s.EmailPerDay }},
	{"email-cap-silent", "over that cap messages are dropped instead of refused", nil, func(s *Switches) any { return &s.EmailCapSilent }},
	{"ses-per-day", "SES quota of DEVELOPER pools, a day; 0 is none", nil, func(s *Switches) any { return &s.SESPerDay }},
	{"ses-per-second", "SES quota of DEVELOPER pools, a second; 0 is none", nil, func(s *Switches) any { return &s.SESPerSecond }},
	{"sms-per-month", "messages before the SMS spending limit; 0 is none", nil, func(s *Switches) any { return &s.SMSPerMonth }},
	{"send-failure-silent", "over the SES or SMS quota messages are dropped instead of refused", nil, func(s *Switches) any { return &s.SendFailureSilent }},
	{"list-lag", "how far ListUsers lags behind", nil, func(s *Switches) any { return &s.ListLag }},
	{"filter-quotes-only", "a backslash in a filter of ListUsers escapes quotation marks only", nil, func(s *Switches) any { return &s.FilterQuotesOnly }},
	{"model-status", "errors carry the HTTP status of AWS's model instead of 400", nil, func(s *Switches) any { return &s.ModelStatus }},
	{"per-user-rate", "requests a user and second; 0 is no limit", nil, func(s *Switches) any { return &s.PerUserRate }},
}

// List is every switch by name with its value.
func (s Switches) List() []Switch {
	def := DefaultSwitches()
	out := make([]Switch, 0, len(switchDefs))
	for _, d := range switchDefs {
		out = append(out, Switch{
			Name: d.name, Value: show(d.field(&s)), Default: show(d.field(&def)), About: d.about, Values: d.values,
		})
	}
	return out
}

// Set sets the switch called name to value: true or false, a number, a duration
// such as 5s, or one of the switch's values.
func (s *Switches) Set(name, value string) error {
	i := slices.IndexFunc(switchDefs, func(d switchDef) bool { return d.name == name })
	if i < 0 {
		names := make([]string, len(switchDefs))
		for i, d := range switchDefs {
			names[i] = d.name
		}
		return fmt.Errorf("no switch %q; the switches are %s", name, strings.Join(names, ", "))
	}
	d := switchDefs[i]
	if d.values != nil && !slices.Contains(d.values, value) {
		return fmt.Errorf("switch %s: %q is not one of %s", name, value, strings.Join(d.values, ", "))
	}
	if err := parse(d.field(s), value); err != nil {
		return fmt.Errorf("switch %s: %w", name, err)
	}
	return nil
}

func show(field any) string {
	switch f := field.(type) {
	case *bool:
		return strconv.FormatBool(*f)
	case *int:
		return strconv.Itoa(*f)
	case *time.Duration:
		return f.String()
	case *string:
		return *f
	default:
		panic(fmt.Sprintf("cognito: switch of type %T", field))
	}
}

func parse(field any, value string) error {
	switch f := field.(type) {
	case *bool:
		v, err := strconv.ParseBool(value)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", value)
		}
		*f = v
	case *int:
		v, err := strconv.Atoi(value)
		if err != nil || v < 0 {
			return fmt.Errorf("%q is not a whole number of 0 or more", value)
		}
		*f = v
	case *time.Duration:
		v, err := time.ParseDuration(value)
		if err != nil || v < 0 {
			return fmt.Errorf("%q is not a duration such as 5s", value)
		}
		*f = v
	case *string:
		*f = value
	default:
		panic(fmt.Sprintf("cognito: switch of type %T", field))
	}
	return nil
}

// Switches is a copy of the switches as they are.
func (c *Cognito) Switches() Switches { return *c.sw() }

// Switch changes switches for the calls from now on.
func (c *Cognito) Switch(change func(*Switches)) {
	c.switchMu.Lock()
	defer c.switchMu.Unlock()
	s := *c.sw()
	change(&s)
	c.switches.Store(&s)
}

// SetSwitch sets one switch by name for the calls from now on.
func (c *Cognito) SetSwitch(name, value string) error {
	var err error
	c.Switch(func(s *Switches) { err = s.Set(name, value) })
	return err
}
