// Package account is the sandbox's side of an AWS account: who the caller is
// (STS), what the account may do (Service Quotas) and what it may send (SES).
package account

import (
	"sync"

	"relock/internal/sandbox/wire"
)

// Config says what the account is like.
type Config struct {
	// Region is the Region that a call is of if its signature names none. It
	// stands in quota ARNs. Defaults to eu-west-1.
	Region string
	// AccountID is the twelve digits in ARNs. Defaults to 123456789012.
	AccountID string
	// Rate is a Cognito category's applied quota in requests per second; ok is
	// false for a category at its default. Nil leaves all at their defaults.
	Rate func(category string) (rate float64, ok bool)
	// NoApplied makes GetServiceQuota say that there is no such quota: it knows
	// only those for which an applied value is kept, and callers then fall back on
	// GetAWSDefaultServiceQuota.
	NoApplied bool
	// SES is the sending quota. Nil is DefaultSES.
	SES *SES
}

// Account is one account's STS, Service Quotas and SES. It is safe for
// concurrent use.
type Account struct {
	cfg Config

	mu  sync.Mutex
	ses SES
}

// New makes an account.
func New(cfg Config) *Account {
	if cfg.AccountID == "" {
		cfg.AccountID = "123456789012"
	}
	if cfg.Region == "" {
		cfg.Region = "eu-west-1"
	}
	if cfg.Rate == nil {
		cfg.Rate = func(string) (float64, bool) { return 0, false }
	}
	a := &Account{cfg: cfg}
	a.Reset()
	return a
}

// Reset makes the sending quota what the Config said.
func (a *Account) Reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ses = DefaultSES()
	if a.cfg.SES != nil {
		a.ses = *a.cfg.SES
	}
}

// Services are STS, Service Quotas and SES v2 for the server to register.
func (a *Account) Services() []wire.Service {
	return []wire.Service{a.sts(), a.serviceQuotas(), a.sesv2()}
}
