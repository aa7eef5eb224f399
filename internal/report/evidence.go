package report

import (
	"iter"
	"time"

	"relock/internal/job"
)

// Evidence is what there is to show of a job: who reset whom, when and why, what
// became of every row, and how to check it. It holds no usernames but in Users.
type Evidence struct {
	// Version is that of the program that made it, and Made when; Ledger names
	// the ledger it was read from.
	Version string
	Made    time.Time
	Ledger  string

	// Job is the job's own record: its lists and their hashes, the reason, who
	// started it, policy, plan with findings and what was forced, counts, state
	// and times. Policy.Metadata is emptied of its values.
	Job job.Job
	// SentAll is whether enqueue has handed every target to the queue.
	SentAll bool
	// Settled is whether the job is over and nothing of it is pending: its records,
	// and its root with them, do not change any more.
	Settled bool
	// Balanced is whether every row is accounted for: rows = duplicates +
	// excluded + invalid + targets, and targets = outcomes + pending. It cannot
	// be before enqueue has listed everything.
	Balanced bool

	// Targets = Pending + the sum of Outcomes, counted record by record.
	Targets, Pending int64
	// Outcomes has every outcome, in the order of job.Outcomes, also those that
	// nobody has.
	Outcomes []OutcomeRow
	// Reset is how many users' passwords no longer work, Failed how many ended
	// without a reset for a reason to look at.
	Reset, Failed int64
	// Repeated is how many may have been reset twice.
	Repeated int64
	// Calls is how many calls to Cognito the records know of.
	Calls int64
	// SignOuts has every state of the second step, with the codes of the failed
	// ones; empty unless the job's policy asks for it.
	SignOuts []SignOutRow
	// First and Last are when the first and the last outcome was recorded; zero
	// where there is none.
	First, Last time.Time

	// Curve is the outcomes over time.
	Curve Curve
	// Chain is the job with those it tries again and those that try it again, the
	// oldest first. It has one link for a job without relatives.
	Chain []Link

	// Root is the root of the records as they were read for this evidence, and
	// Leaves its leaves. Job.Seal is what the worker kept at the end; Sealed says
	// how the two stand to each other.
	Root   string
	Leaves int64
	Sealed SealState

	// Users yields the targets that were not plainly reset, by place, if
	// usernames were asked for; else it is nil. It reads the ledger while it is
	// ranged over, once or again.
	Users iter.Seq2[User, error]
}

// OutcomeRow is one outcome, with how many targets have it.
type OutcomeRow struct {
	Outcome job.Outcome
	N       int64
	// Access says who can still sign in, and what to do. See AccessAfter.
	Access Access
	// Codes are AWS's error codes among them, the most frequent first, at most
	// MaxCodes.
	Codes []CodeCount
}

// SignOutRow is one state of the second step, with how many targets are in it.
type SignOutRow struct {
	State job.SignOut
	N     int64
	Codes []CodeCount
}

// MaxCodes is how many error codes of an outcome are told apart; the rest is
// counted under the code "other".
const MaxCodes = 20

// CodeCount is how many targets have an error code.
type CodeCount struct {
	Code string
	N    int64
}

// Curve is the outcomes over time, in buckets of equal width. Buckets are in order
// and without gaps from the first outcome to the last; there are at most
// MaxBuckets.
type Curve struct {
	Width   time.Duration
	Buckets []Bucket
}

// MaxBuckets is the most buckets that a curve has.
const MaxBuckets = 240

// Bucket counts the outcomes recorded from Start on, for the curve's width.
type Bucket struct {
	Start time.Time
	// Reset and Failed as in Evidence; Other are exclusions and cancellations.
	Reset, Failed, Other int64
}

// Link is one job of a chain of retries.
type Link struct {
	ID, Parent string
	// This is whether it is the job that the evidence is about.
	This              bool
	State             job.State
	Reason, StartedBy string
	Created, Finished time.Time
	// As in Evidence, from the ledger's totals.
	Targets, Pending, Reset, Failed int64
}

// SealState is how the records stand to the job's seal.
type SealState string

// The states of a seal. Whoever can write the ledger can make it Whole: only a
// root or a public key from outside decides, in `job verify`.
const (
	// SealNone: the job has no seal yet.
	SealNone SealState = "none"
	// SealWhole: the records give the root that the seal has.
	SealWhole SealState = "whole"
	// SealBroken: they give another one.
	SealBroken SealState = "broken"
)

// User is a target for which something is left to say.
type User struct {
	List     string // the name of the list
	Line     int64
	Username job.Username
	// Outcome is empty while the target is pending.
	Outcome     job.Outcome
	Repeated    bool
	Code, Note  string
	RequestID   string
	At          time.Time
	SignOut     job.SignOut
	SignOutCode string
}
