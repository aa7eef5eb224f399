package ledgertest

import (
	"context"
	"iter"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
)

// Ledger is what the suite drives: all that the programs use of a ledger. All
// methods may be called concurrently. Times are kept to the millisecond and come
// back in UTC. Error texts never hold a username.
type Ledger interface {
	// ID names the ledger for as long as it exists; messages carry it.
	ID() string

	// CreateJob writes a new job, with its plan. It begins in job.StateStaging,
	// without a seal, whatever j says. ErrExists if the ledger has a job of that ID.
	CreateJob(ctx context.Context, j job.Job) error
	// Job returns a job, or ErrNoJob.
	Job(ctx context.Context, id string) (job.Job, error)
	// Jobs returns every job, the newest first.
	Jobs(ctx context.Context) ([]job.Job, error)
	// SetState moves a job on, sets Opened when it becomes open for the first
	// time and Finished when it becomes finished or cancelled. ErrNoJob, or a
	// *ledger.StateError for a step that is not allowed; a job that is in that
	// state already is left as it is.
	SetState(ctx context.Context, id string, to job.State, at time.Time) error

	// SetExclusions keeps whom the job must not touch, in order, at most
	// ledger.MaxExclusions. While the job is staging, it replaces what is there;
	// later only the very same exclusions are taken, and others are
	// ledger.ErrExclusions.
	SetExclusions(ctx context.Context, id string, list []job.Exclusion) error
	// Exclusions returns what SetExclusions kept.
	Exclusions(ctx context.Context, id string) ([]job.Exclusion, error)
	// AddForced adds findings that a run which goes on with the job was forced past
	// to its plan, but for codes that the plan has as forced. A *ledger.StateError if
	// that is news for a job that is over.
	AddForced(ctx context.Context, id string, findings []job.Finding) error
	// SetSeal keeps the seal of a job, once: another root is ledger.ErrSealed. The
	// same again is fine: one without a signature takes one, and keeps it; a
	// signature by another key is ledger.ErrSealedByOther.
	SetSeal(ctx context.Context, id string, s job.Seal) error

	// AddTargets lists targets of a job that is not finished or cancelled
	// (otherwise a *ledger.StateError to open): a long list is worked on while its
	// end is still being written. Targets listed already are left alone, so an
	// interrupted enqueue starts again from the top. They come in the order of
	// their places; a ledger may refuse any others. Lines are positive;
	// a line of a list (ledger.Place), and a username, occurs once in a job.
	AddTargets(ctx context.Context, id string, targets []job.Target) error
	// SetSent notes that the queue has accepted every target up to a
	// ledger.Place. It never goes back.
	SetSent(ctx context.Context, id string, place int64) error
	// Sent returns what SetSent noted, 0 at first.
	Sent(ctx context.Context, id string) (int64, error)
	// Totals counts the job's targets without looking at each.
	Totals(ctx context.Context, id string) (ledger.Totals, error)
	// Entries yields the targets that the filter keeps, by ledger.Place, in bounded
	// memory. Targets that change meanwhile come in one state or the other.
	Entries(ctx context.Context, id string, f ledger.Filter) iter.Seq2[ledger.Entry, error]

	// Claim answers a wish to call for a target: see ledger.ClaimStatus. A live
	// claim is Held also for its own owner; one past its lease is in doubt also
	// for its own owner. When Claim returns, a granted claim is durable.
	// ErrNoJob if the ledger does not know the job.
	Claim(ctx context.Context, key ledger.Key, owner string, lease time.Duration) (ledger.Claim, error)
	// Release gives up a claim without an outcome; ErrClaimLost unless it is
	// still the caller's, be its lease over or not. Releasing twice is fine and
	// counts once, while nobody has claimed the target since.
	Release(ctx context.Context, r ledger.Release) error
	// Record writes the outcome of a claimed target; ErrClaimLost unless the
	// claim is still the caller's, be its lease over or not. The very same record
	// twice is fine and counts once. With r.SignOut, the target's second step is
	// pending from the same write on.
	Record(ctx context.Context, r ledger.Record) error
	// CloseOut gives every pending target without a live claim the outcome
	// (cancelled or missing), and those in doubt the note NoteInDoubt. It
	// returns how many those were. Interrupted, it is simply called again.
	CloseOut(ctx context.Context, id string, outcome job.Outcome, at time.Time) (int64, error)

	// RecordSignOut ends a target's second step. It takes effect once: where the
	// step is not pending it changes nothing, and is no error. ErrNoJob if the
	// ledger does not know the job; an error for a state that is no end.
	RecordSignOut(ctx context.Context, r ledger.SignOutRecord) error
	// CloseSignOuts gives every second step that is pending the state failed and
	// the code ledger.CodeMissing, and returns how many those were. Interrupted, it
	// is simply called again.
	CloseSignOuts(ctx context.Context, id string, at time.Time) (int64, error)

	// Halt returns the halt of a scope, and whether there is one.
	Halt(ctx context.Context, scope string) (job.Halt, bool, error)
	// SetHalt writes or replaces the halt of a scope, ClearHalt removes it.
	SetHalt(ctx context.Context, scope string, h job.Halt) error
	ClearHalt(ctx context.Context, scope string) error

	// Lease returns a lease; one never written has Counter 0 and no owner.
	Lease(ctx context.Context, name string) (ledger.Lease, error)
	// PutLease writes l if the counter still is expect (0: never written), or
	// else returns ErrLeaseLost. l.Counter has to be higher than expect. The
	// very same lease twice is fine: it may be a retry.
	PutLease(ctx context.Context, l ledger.Lease, expect int64) error

	// Close frees what the ledger holds. Open claims stay open.
	Close() error
}
