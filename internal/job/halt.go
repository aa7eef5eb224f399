package job

import (
	"fmt"
	"time"
)

// HaltReason is why all work stopped, for a cause that is not the fault of one
// user. It is a closed set: metric label, ledger value and runbook heading.
type HaltReason string

// The reasons for a halt.
const (
	// HaltCredentials: the credentials are expired, missing or not accepted.
	HaltCredentials HaltReason = "credentials"
	// HaltClockSkew: AWS finds the time of the worker's signatures too early or too
	// late.
	HaltClockSkew HaltReason = "clock_skew"
	// HaltDailyEmailLimit: Cognito's own sender has spent its daily allowance,
	// which is renewed at 09:00 UTC.
	HaltDailyEmailLimit HaltReason = "daily_email_limit"
	// HaltAccessDenied: the credentials are valid and lack a permission.
	HaltAccessDenied HaltReason = "access_denied"
	// HaltPoolNotFound: the user pool does not exist in this account and Region.
	HaltPoolNotFound HaltReason = "pool_not_found"
	// HaltEmailRole: Cognito may not send with the pool's e-mail identity.
	HaltEmailRole HaltReason = "email_role"
	// HaltSMSRole: Cognito may not send SMS with the pool's role.
	HaltSMSRole HaltReason = "sms_role"
	// HaltOperationNotEnabled: the pool or Region does not offer the operation,
	// as in a secondary replica.
	HaltOperationNotEnabled HaltReason = "operation_not_enabled"
	// HaltUnsupported: the endpoint does not know the operation.
	HaltUnsupported HaltReason = "unsupported_operation"
	// HaltLambda: a trigger of the pool fails for everybody.
	HaltLambda HaltReason = "lambda"
	// HaltCanary: the first users of a job failed more often than projected.
	HaltCanary HaltReason = "canary"
	// HaltSameFailure: most of the last users failed in the same way.
	HaltSameFailure HaltReason = "same_failure"
	// HaltUnavailable: Cognito has not given a usable answer for a while.
	HaltUnavailable HaltReason = "cognito_unavailable"
	// HaltLedger: the ledger does not take a claim or an outcome.
	HaltLedger HaltReason = "ledger"
	// HaltForeignMessages: what the queue hands out is for another worker: of
	// another ledger, or of a pool that this worker may not touch.
	HaltForeignMessages HaltReason = "foreign_messages"
)

// HaltReasons lists every reason for a halt.
func HaltReasons() []HaltReason {
	return []HaltReason{
		HaltCredentials, HaltClockSkew, HaltDailyEmailLimit, HaltAccessDenied,
		HaltPoolNotFound, HaltEmailRole, HaltSMSRole, HaltOperationNotEnabled,
		HaltUnsupported, HaltLambda, HaltCanary, HaltSameFailure, HaltUnavailable,
		HaltLedger, HaltForeignMessages,
	}
}

// SelfClearing reports whether the cause may pass by itself, so that the worker
// finds out now and then, at no message's cost. Any other halt needs `job resume`.
func (r HaltReason) SelfClearing() bool {
	switch r {
	case HaltCredentials, HaltClockSkew, HaltDailyEmailLimit, HaltUnavailable, HaltLedger:
		return true
	default:
		return false
	}
}

// Local reports whether the cause is how this one worker was started, so that others
// are not halted by it: the halt is not kept in the ledger, the worker leaves the work
// to a standby, and it ends when the worker is started anew.
func (r HaltReason) Local() bool { return r == HaltForeignMessages }

// Halt is the stop of all work, kept in the ledger so that a standby honours it.
type Halt struct {
	Reason HaltReason
	// Code is AWS's error code, or empty. Never AWS's message: it can hold
	// personal data.
	Code string
	// Skew, for HaltClockSkew, is how far the worker's clock is ahead of AWS's;
	// negative is behind, 0 not known. Kept to the millisecond.
	Skew time.Duration
	// Since is when the work stopped.
	Since time.Time
}

// Clock says how far the worker's clock is from AWS's, as in "10 min 0 s behind
// AWS's"; empty where that is not known.
func (h Halt) Clock() string { return Clock(h.Skew) }

// Clock is Halt.Clock of a difference, positive where a clock is ahead.
func Clock(skew time.Duration) string {
	skew = skew.Round(time.Second)
	side := "ahead of"
	if skew < 0 {
		skew, side = -skew, "behind"
	}
	if skew == 0 {
		return ""
	}
	s := int64(skew / time.Second)
	var text string
	switch {
	case s >= 86400:
		text = fmt.Sprintf("%d d %d h %d min", s/86400, s/3600%24, s/60%60)
	case s >= 3600:
		text = fmt.Sprintf("%d h %d min %d s", s/3600, s/60%60, s%60)
	case s >= 60:
		text = fmt.Sprintf("%d min %d s", s/60, s%60)
	default:
		text = fmt.Sprintf("%d s", s)
	}
	return text + " " + side + " AWS's"
}
