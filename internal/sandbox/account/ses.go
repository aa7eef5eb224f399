package account

import (
	"context"

	"relock/internal/sandbox/wire"
)

// SES is the account's sending quota in a Region.
type SES struct {
	// Max24HourSend is messages in 24 hours; -1 is unlimited.
	Max24HourSend float64 `json:"max_24_hour_send"`
	// MaxSendRate is messages a second.
	MaxSendRate float64 `json:"max_send_rate"`
	// SentLast24Hours is what was sent already.
	SentLast24Hours float64 `json:"sent_last_24_hours"`
	// ProductionAccess is false in the SES sandbox, where only verified
	// recipients get mail: 200 messages a day, one a second.
	ProductionAccess bool `json:"production_access"`
	// SendingDisabled means that AWS has paused the account.
	SendingDisabled bool `json:"sending_disabled"`
}

// DefaultSES is an account whose quotas have been raised, 500,000 messages a day
// and 100 a second, so that mail does not bound whoever asks for it. AWS usually
// grants 50,000 and 14 at first.
func DefaultSES() SES {
	return SES{Max24HourSend: 500_000, MaxSendRate: 100, ProductionAccess: true}
}

// SandboxSES is an account in the SES sandbox (SES developer guide, "request
// production access").
func SandboxSES() SES { return SES{Max24HourSend: 200, MaxSendRate: 1} }

// SetSES changes the sending quota.
func (a *Account) SetSES(s SES) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ses = s
}

// SES is the sending quota.
func (a *Account) SES() SES {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.ses
}

func (a *Account) sesv2() wire.Service {
	return wire.Service{
		SigningName:   "ses",
		Protocol:      wire.RESTJSON{Routes: map[string]string{"GET /v2/email/account": "GetAccount"}},
		ThrottleError: &wire.Error{Code: "TooManyRequestsException", Message: "Rate exceeded", Status: 429},
		Operations:    map[string]wire.Handler{"GetAccount": a.getAccount},
	}
}

type sendQuota struct{ Max24HourSend, MaxSendRate, SentLast24Hours float64 }

type sesAccount struct {
	DedicatedIPAutoWarmupEnabled bool `json:"DedicatedIpAutoWarmupEnabled"`
	EnforcementStatus            string
	ProductionAccessEnabled      bool
	SendQuota                    sendQuota
	SendingEnabled               bool
}

func (a *Account) getAccount(_ context.Context, c *wire.Call) (any, error) {
	if err := c.Authorize("ses:GetAccount", "*"); err != nil {
		return nil, err
	}
	s := a.SES()
	out := sesAccount{
		EnforcementStatus: "HEALTHY", ProductionAccessEnabled: s.ProductionAccess, SendingEnabled: !s.SendingDisabled,
		SendQuota: sendQuota{s.Max24HourSend, s.MaxSendRate, s.SentLast24Hours},
	}
	if s.SendingDisabled {
		out.EnforcementStatus = "SHUTDOWN"
	}
	return out, nil
}
