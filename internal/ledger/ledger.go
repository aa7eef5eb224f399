// Package ledger is the durable record of jobs and of every target's claim and
// outcome. SQLite keeps it in a file, DynamoDB in a table; ledgertest is the one
// suite that both pass. The interfaces are declared where they are used.
package ledger

import (
	"errors"
	"time"

	"relock/internal/job"
)

var (
	// ErrClaimLost says that the caller no longer owns the claim that it wants
	// to record or release: its lease ran out and another took it over.
	ErrClaimLost = errors.New("the claim belongs to somebody else now")
	// ErrNoJob says that the ledger does not know the job.
	ErrNoJob = errors.New("the ledger has no such job")
	// ErrExists says that a job of that ID is in the ledger already.
	ErrExists = errors.New("the ledger has a job of that ID already")
	// ErrSealed says that the job has another seal already.
	ErrSealed = errors.New("the job is sealed already, with another root")
	// ErrSealedByOther says that the job's seal has a signature by another key.
	ErrSealedByOther = errors.New("the job is sealed already, with the same root and a signature by another key")
	// ErrExclusions says that the job is open and has other exclusions.
	ErrExclusions = errors.New("the job is open, and its exclusions are others: they cannot change any more")
	// ErrNoLedger says that there is no ledger at the place named.
	ErrNoLedger = errors.New("there is no ledger")
)

// Key names a target: within a job, a username is listed once.
type Key struct {
	Job      string
	Username job.Username
}

// ClaimStatus is the answer to a wish to claim.
type ClaimStatus uint8

// The answers to a wish to claim.
const (
	// Granted: the claim is the caller's and nobody has called for the target
	// before without a known answer. Call.
	Granted ClaimStatus = iota
	// GrantedInDoubt: the claim is the caller's, and an earlier one was left
	// open: its reset may have taken effect. Ask first.
	GrantedInDoubt
	// Held: another claim is alive until Claim.Until. Put the message off.
	Held
	// Finished: the target has an outcome. Delete the message.
	Finished
	// NotListed: the ledger lists no such target for the job. Reset nobody.
	NotListed
)

// Claim is the durable note that its owner is about to call Cognito.
type Claim struct {
	Status ClaimStatus
	// Attempt numbers the claims of a target from 1. A record or a release has
	// to name it.
	Attempt int
	// Tries is how many calls were answered with an error worth another try,
	// and Deferrals how often the target was put off for an hour or so.
	Tries, Deferrals int
	// Until is when the live claim of somebody else ends, for Held.
	Until time.Time
	// Outcome is set for Finished, and SignOut with it: while that is pending, the
	// message is not deleted but the sessions are ended.
	Outcome job.Outcome
	SignOut job.SignOut
	// Metadata is the target's own client metadata as listed; may be nil.
	Metadata map[string]string
}

// Release says why a claim is given up without an outcome.
type Release struct {
	Key     Key
	Owner   string
	Attempt int
	// InDoubt keeps the doubt: the call's answer never came, so that the next
	// claim of the target is GrantedInDoubt. Otherwise the call is known not to
	// have taken effect, and the next claim is Granted.
	InDoubt bool
	// Tried counts the call as a try, Deferred as a deferral.
	Tried, Deferred bool
	// Repeated says that this owner called again though it was in doubt; the
	// flag stays with the target.
	Repeated bool
}

// Record is the outcome of a target, with what a lawyer asks for.
type Record struct {
	Key      Key
	Owner    string
	Attempt  int
	Outcome  job.Outcome
	Repeated bool
	// Code is AWS's error code, empty for a success.
	Code string
	// Note is Relock's own words; never AWS's message, which can hold personal
	// data.
	Note string
	// RequestID is AWS's ID of the call that decided, the link to CloudTrail.
	RequestID string
	// Calls is how many calls were made for the target under this claim.
	Calls int
	At    time.Time
	// SignOut says that the user's sessions are to be ended next.
	SignOut bool
}

// SignOutRecord is what became of a target's second step. It takes effect once:
// where the step is not pending, it changes nothing and is no error.
type SignOutRecord struct {
	Key Key
	// State is SignOutDone or SignOutFailed.
	State job.SignOut
	// Code is AWS's error code, empty for a success.
	Code      string
	RequestID string
	At        time.Time
}

// Entry is a target with all that the ledger knows of it.
type Entry struct {
	job.Target
	// Outcome is empty while the target is pending.
	Outcome   job.Outcome
	Repeated  bool
	Code      string
	Note      string
	RequestID string
	// Attempts is the number of claims, Calls that of calls to Cognito that the
	// ledger knows of.
	Attempts, Calls int
	// Claimed is whether a claim is open.
	Claimed bool
	// At is when the outcome was recorded.
	At time.Time
	// SignOut is where the second step stands, SignOutCode AWS's error code,
	// SignOutRequestID that of the call, and SignOutAt when it was recorded.
	SignOut          job.SignOut
	SignOutCode      string
	SignOutRequestID string
	SignOutAt        time.Time
}

// Totals counts a job's targets. Targets = Pending + the sum of Outcomes.
type Totals struct {
	Targets  int64
	Pending  int64
	Repeated int64
	Outcomes map[job.Outcome]int64
	// SignOuts counts the targets by where their second step stands.
	SignOuts map[job.SignOut]int64
	// Last is when the latest outcome was recorded; zero if there is none.
	Last time.Time
}

// Split parts the targets with an outcome: those that succeeded, those that failed,
// and the others, who were excluded or whose job was cancelled.
func (t Totals) Split() (succeeded, failed, other int64) {
	for o, n := range t.Outcomes {
		switch {
		case o.Succeeded():
			succeeded += n
		case o.Failed():
			failed += n
		default:
			other += n
		}
	}
	return succeeded, failed, other
}

// Succeeded is the number of targets whose password no longer works.
func (t Totals) Succeeded() int64 {
	n, _, _ := t.Split()
	return n
}

// Failed is the number of targets whose outcome is a failure.
func (t Totals) Failed() int64 {
	_, n, _ := t.Split()
	return n
}
