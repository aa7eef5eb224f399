package worker

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"relock/internal/job"
	"relock/internal/leader"
	"relock/internal/ledger"
	"relock/internal/pace"
	"relock/internal/queue"
	"relock/internal/reset"
	"relock/internal/telemetry"
)

// Ledger is what the worker needs of a ledger; see ledgertest.Ledger for what
// each method promises.
type Ledger interface {
	ID() string
	Job(ctx context.Context, id string) (job.Job, error)
	Jobs(ctx context.Context) ([]job.Job, error)
	SetState(ctx context.Context, id string, to job.State, at time.Time) error
	Sent(ctx context.Context, id string) (int64, error)
	Totals(ctx context.Context, id string) (ledger.Totals, error)
	Claim(ctx context.Context, key ledger.Key, owner string, lease time.Duration) (ledger.Claim, error)
	Release(ctx context.Context, r ledger.Release) error
	Record(ctx context.Context, r ledger.Record) error
	RecordSignOut(ctx context.Context, r ledger.SignOutRecord) error
	CloseSignOuts(ctx context.Context, id string, at time.Time) (int64, error)
	Exclusions(ctx context.Context, id string) ([]job.Exclusion, error)
	CloseOut(ctx context.Context, id string, outcome job.Outcome, at time.Time) (int64, error)
	Halt(ctx context.Context, scope string) (job.Halt, bool, error)
	SetHalt(ctx context.Context, scope string, h job.Halt) error
	ClearHalt(ctx context.Context, scope string) error
	Lease(ctx context.Context, name string) (ledger.Lease, error)
	PutLease(ctx context.Context, l ledger.Lease, expect int64) error
}

// Resetter makes the calls to Cognito; *reset.Client is one.
type Resetter interface {
	Reset(ctx context.Context, pool string, name job.Username, metadata map[string]string) reset.Reply
	Status(ctx context.Context, pool string, name job.Username) (string, reset.Reply)
	SignOut(ctx context.Context, pool string, name job.Username) reset.Reply
	Check(ctx context.Context, pool string) reset.Reply
}

var _ Resetter = (*reset.Client)(nil)

// Config says how a Worker works. Transport, Ledger, Resetter, Pace, LookUps,
// SignOuts, Pools, Owner, Scope, Metrics and Health are required.
type Config struct {
	Transport queue.Transport
	Ledger    Ledger
	Resetter  Resetter
	// Pace is that of resets, LookUps that of AdminGetUser, SignOuts that of
	// AdminUserGlobalSignOut. Resets of a job that signs out go no faster than the
	// sign-outs behind them.
	Pace, LookUps, SignOuts *pace.Pacer
	// BudgetReason, if set, says what bounds the budget of Pace, for those who look
	// on. It may be called concurrently.
	BudgetReason func() string
	// Pools is the allow-list: users of no other pool are touched.
	Pools []string
	// Owner names this process in claims and in the lease; no two processes may
	// share it.
	Owner string
	// Scope is what a halt holds for, and the lease of the active worker: the
	// account and Region.
	Scope string
	// SameHost says that all who use the ledger run under one kernel, as with one
	// in a file: then the lease of a process that is dead is not waited for.
	SameHost bool
	// Fence, if set, is to refuse what Resetter sends while this worker is not the
	// active one.
	Fence *leader.Fence

	// Lease is how long a claim lives. It has to outlast a call with its look-up
	// before it. Defaults to one minute.
	Lease time.Duration
	// Visibility is how long messages stay invisible unless extended. Defaults
	// to two minutes.
	Visibility time.Duration
	// StopWithin is how long calls under way may go on after the stop. Defaults
	// to 3 seconds.
	StopWithin time.Duration
	// MaxTries is how many calls without a usable answer a target gets, and its
	// sign-out. Defaults to 5.
	MaxTries int
	// MaxDeferrals is how often a target whose own limit of attempts is exceeded
	// is put off by DeferFor before it is given up. They default to 3 and to an
	// hour.
	MaxDeferrals int
	DeferFor     time.Duration
	// SameFailure is the share of the last users that, failing all in the same
	// way, halts the work. Defaults to 0.9; negative never halts.
	SameFailure float64
	// RefreshCredentials, if set, makes the SDK fetch new credentials. It is
	// called once when they are refused, before that halts the work.
	RefreshCredentials func()

	// Drain ends the run when every target of Jobs, or of all open jobs of the
	// pools, has an outcome.
	Drain bool
	Jobs  []string
	// Wait keeps a drain through halts that may end by themselves.
	Wait bool

	// Elsewhere, if set, says that a job's messages are in another queue than
	// Transport, and in which: then an empty queue says nothing of the job's targets.
	Elsewhere func(j job.Job) (queue string, yes bool)

	// Finished, if set, is told of each job that is over and has no seal: finished
	// or cancelled, and nothing of it is pending any more. The active worker calls
	// it once a run for a job, in a goroutine of its own; its context ends soon after
	// the worker was told to stop, and then another run calls it again. A drain waits
	// for it.
	Finished func(ctx context.Context, j job.Job)
	// Signs says that Finished signs seals. It is then told of the jobs of Jobs too
	// that have a seal which nobody signed; of no others, or whoever takes a signature
	// away would get a new one without being asked for.
	Signs bool

	Metrics *telemetry.Metrics
	Health  *telemetry.Health
	// Samples, if set, gets a sample every second of the run.
	Samples *telemetry.History
	// Logger defaults to one that discards.
	Logger *slog.Logger
	// RevealUsernames shows usernames in the log.
	RevealUsernames bool

	// now is the clock by which claims end; for tests.
	now func() leader.Instant
}

func (c Config) withDefaults() Config {
	c.Lease = cmp.Or(c.Lease, time.Minute)
	c.Visibility = cmp.Or(c.Visibility, 2*time.Minute)
	c.StopWithin = cmp.Or(c.StopWithin, 3*time.Second)
	c.MaxTries = cmp.Or(c.MaxTries, 5)
	c.MaxDeferrals = cmp.Or(c.MaxDeferrals, 3)
	c.DeferFor = cmp.Or(c.DeferFor, time.Hour)
	c.SameFailure = cmp.Or(c.SameFailure, 0.9)
	if c.Elsewhere == nil {
		c.Elsewhere = func(job.Job) (string, bool) { return "", false }
	}
	if c.now == nil {
		c.now = leader.NewClock()
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}
