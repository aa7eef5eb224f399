package job

import "slices"

// Outcome is what finally became of a target. The same closed set names the
// metric label, the ledger's value and the report's column.
type Outcome string

// The outcomes. The empty Outcome means that the target is still pending.
const (
	// Reset: Cognito accepted the reset.
	Reset Outcome = "reset"
	// AlreadyReset: a claim was left open, and the account turned out to be in
	// RESET_REQUIRED, so the call had taken effect.
	AlreadyReset Outcome = "already_reset"
	// UserNotFound: the pool has no such user.
	UserNotFound Outcome = "user_not_found"
	// UserDisabled: the user is disabled and cannot be reset.
	UserDisabled Outcome = "user_disabled"
	// NotResettableState: the account is in a state that cannot be reset
	// (FORCE_CHANGE_PASSWORD, EXTERNAL_PROVIDER).
	NotResettableState Outcome = "not_resettable_state"
	// NoVerifiedContact: there is no verified e-mail address or phone number to
	// send a code to.
	NoVerifiedContact Outcome = "no_verified_contact"
	// InvalidUsername: Cognito refused the form of the username.
	InvalidUsername Outcome = "invalid_username"
	// LambdaRejected: a trigger of the pool rejected the reset.
	LambdaRejected Outcome = "lambda_rejected"
	// Excluded: the job's exclusions name the user.
	Excluded Outcome = "excluded"
	// GaveUp: the retries are spent.
	GaveUp Outcome = "gave_up"
	// UnknownError: Cognito answered with an error that Relock does not know.
	UnknownError Outcome = "unknown_error"
	// Cancelled: the job was cancelled before the target's turn.
	Cancelled Outcome = "cancelled"
	// Missing: the queue is empty and the target's message never came.
	Missing Outcome = "missing"
)

// Outcomes lists every outcome, in the order in which reports show them.
func Outcomes() []Outcome {
	return []Outcome{
		Reset, AlreadyReset, UserNotFound, UserDisabled, NotResettableState,
		NoVerifiedContact, InvalidUsername, LambdaRejected, Excluded, GaveUp,
		UnknownError, Cancelled, Missing,
	}
}

// Succeeded reports whether the account's password no longer works.
func (o Outcome) Succeeded() bool { return o == Reset || o == AlreadyReset }

// Failed reports whether the target ended without its password reset, for a
// reason that an operator has to look at. Exclusions and cancellations were
// asked for and do not count.
func (o Outcome) Failed() bool {
	return o != "" && !o.Succeeded() && o != Excluded && o != Cancelled
}

// Valid reports whether o is one of Outcomes.
func (o Outcome) Valid() bool {
	return slices.Contains(Outcomes(), o)
}
