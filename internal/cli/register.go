package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
)

// known is what the ledger has of a job already.
type known struct {
	job     job.Job
	there   bool
	sentAll bool
	// spares says that a job of other users has the same exclusions as this run.
	spares bool
	// rival is a job from the same listing of the pool that was interrupted while
	// it was sent, when the pool listed other users; nil if there is none.
	rival *job.Job
}

// lookUp asks the ledger for the job, and makes none.
func lookUp(ctx context.Context, p *plan) (known, error) {
	if (p.set.offline || p.facts.notAsked() != nil) && p.set.ledger.kind == "dynamodb" {
		return known{}, nil
	}
	led, err := openLedger(ctx, p.facts.config(), p.set.ledger, ledgerHow{})
	if errors.Is(err, ledger.ErrNoLedger) || p.set.createTable && errors.Is(err, ledger.ErrNoTable) {
		return known{}, nil
	}
	if err != nil {
		return known{}, err
	}
	defer func() { _ = led.Close() }() // only read
	j, err := led.Job(ctx, p.job.ID)
	if errors.Is(err, ledger.ErrNoJob) {
		rival, err := findRival(ctx, led, p)
		return known{rival: rival}, err
	}
	if err != nil {
		return known{}, fmt.Errorf("reading job %s from the ledger: %w", p.job.ID, err)
	}
	sent, err := led.Sent(ctx, j.ID)
	if err != nil {
		return known{}, fmt.Errorf("reading how far job %s was sent: %w", j.ID, err)
	}
	k := known{job: j, there: true, sentAll: sent == ledger.SentAll}
	if k.sentAll && j.Content != p.job.Content {
		spared, err := led.Exclusions(ctx, j.ID)
		if err != nil {
			return known{}, fmt.Errorf("reading whom job %s spares: %w", j.ID, err)
		}
		k.spares = slices.EqualFunc(spared, p.set.gathered.exclusions, func(a, b job.Exclusion) bool {
			return a.Given == b.Given && a.Username == b.Username
		})
	}
	return k, nil
}

// findRival looks for a job that a listing of the pool has left half sent. A list
// in a file goes on as the same job; the users of a pool change meanwhile, and the
// second job would reset everybody of the first once more.
func findRival(ctx context.Context, led Ledger, p *plan) (*job.Job, error) {
	if p.set.from == nil {
		return nil, nil
	}
	jobs, err := led.Jobs(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the jobs: %w", err)
	}
	for _, j := range jobs {
		if j.Pool != p.job.Pool || fileNames(j.Sources) != fileNames(p.job.Sources) || j.State.Over() {
			continue
		}
		sent, err := led.Sent(ctx, j.ID)
		if err != nil {
			return nil, fmt.Errorf("reading how far job %s was sent: %w", j.ID, err)
		}
		if sent != ledger.SentAll {
			return &j, nil
		}
	}
	return nil, nil
}

// check says why the list may not go on with the job of that ID.
func (k known) check(now job.Job, named bool) error {
	old := k.job
	switch {
	case k.rival != nil && !named:
		return fmt.Errorf("job %s was interrupted while %s was sent, and the pool lists other users now: stop it with `job cancel %s`, which keeps what it has done, and run this again; or run this beside it, with a name from --job NAME, and whom that job has reset already is reset again", k.rival.ID, fileNames(k.rival.Sources), k.rival.ID)
	case !k.there || named && k.sameListing(now):
		return nil
	case old.Content != now.Content && named:
		return fmt.Errorf("the ledger has a job %s already, with another list, pool or metadata; choose another --job", old.ID)
	case old.Content != now.Content:
		return fmt.Errorf("the ledger has another job %s already; name this one with --job", old.ID)
	case old.State == job.StateFinished && now.Parent != "":
		return fmt.Errorf("these targets were tried again already, as job %s, which finished on %s; what failed there is tried again with --%s %s, and all of this anew with --job NAME", old.ID, when(old.Finished), flagRetry, old.ID)
	case old.State == job.StateFinished:
		return fmt.Errorf("this list was job %s, which finished on %s; nobody is reset twice by accident: to run it anew, give it a name with --job NAME", old.ID, when(old.Finished))
	case old.State == job.StateCancelled:
		return fmt.Errorf("this list was job %s, which was cancelled on %s; to run it anew, give it a name with --job NAME", old.ID, when(old.Finished))
	case !k.sentAll && !sameFiles(old.Sources, now.Sources):
		// How far it was sent is a line of those very files.
		return fmt.Errorf("job %s was interrupted while %s was sent; these are the same users in another file, or in another order: go on with the file it began with, or stop it with `job cancel %s`", old.ID, fileNames(old.Sources), old.ID)
	default:
		return nil
	}
}

// sameListing reports whether the job is of the same listing of the pool, was sent
// as a whole, and is not over. The users of a pool change from minute to minute, and
// whoever starts a scheduled run again means the job that it began. A filter's value
// is not kept, so that nothing is known of two filters.
func (k known) sameListing(now job.Job) bool {
	old := k.job
	return k.there && k.sentAll && k.spares && !old.State.Over() &&
		old.Pool == now.Pool && old.Parent == now.Parent && fileNames(old.Sources) == fileNames(now.Sources) &&
		old.Policy.SignOut == now.Policy.SignOut && maps.Equal(old.Policy.Metadata, now.Policy.Metadata) &&
		!slices.ContainsFunc(now.Sources, func(s job.Source) bool {
			return !strings.HasPrefix(s.Name, listingAll) && !strings.HasPrefix(s.Name, listingGroup)
		})
}

// words say how the job stands.
func (k known) words(now job.Job) string {
	how := "some messages are still to be sent"
	if k.sentAll {
		how = "every message is sent"
	}
	if k.sameListing(now) && k.job.Content != now.Content {
		how += "; the pool lists other users now, and the job keeps those it began with"
	}
	return fmt.Sprintf("%s, in the ledger since %s; %s", k.job.State, when(k.job.Created), how)
}

// hint says what the operator of a job in the ledger may want next; at finds the
// ledger.
func (k known) hint(at string) string {
	if k.job.State == job.StatePaused {
		return "The job is paused: `job resume" + at + " " + k.job.ID + "` lets workers go on."
	}
	return "`job status" + at + " " + k.job.ID + "` shows how it stands."
}

func sameFiles(a, b []job.Source) bool {
	return slices.EqualFunc(a, b, func(a, b job.Source) bool { return a.SHA256 == b.SHA256 })
}

func fileNames(sources []job.Source) string {
	names := make([]string, len(sources))
	for i, s := range sources {
		names[i] = s.Name
	}
	return strings.Join(names, ", ")
}

// register makes the job, or finds out that it may be continued.
func register(ctx context.Context, led Ledger, p *plan) error {
	state := job.StateStaging
	err := led.CreateJob(ctx, p.job)
	if errors.Is(err, ledger.ErrExists) {
		// It was there when the plan was made, or has come since.
		k, err := lookUp(ctx, p)
		if err == nil {
			err = k.check(p.job, p.set.job != "")
		}
		if err == nil {
			err = k.checkUnique(p.job.Plan.Unique)
		}
		if err != nil {
			return err
		}
		state = k.job.State
	} else if err != nil {
		return fmt.Errorf("writing the job to the ledger: %w", err)
	}
	if err := exclude(ctx, led, p); err != nil {
		return err
	}
	if err := keepForced(ctx, led, p); err != nil {
		return err
	}
	if state != job.StateStaging {
		return nil
	}
	if err := led.SetState(ctx, p.job.ID, job.StateOpen, time.Now()); err != nil {
		return fmt.Errorf("opening the job: %w", err)
	}
	return nil
}

// keepForced keeps what this run was forced past with a job that an earlier run has
// made: a second look may find more than the first.
func keepForced(ctx context.Context, led Ledger, p *plan) error {
	list := slices.Clone(p.job.Plan.Findings)
	list = slices.DeleteFunc(list, func(f job.Finding) bool { return !f.Forced })
	if len(list) == 0 {
		return nil
	}
	if err := led.AddForced(ctx, p.job.ID, list); err != nil {
		return fmt.Errorf("writing to the ledger what the job was forced past: %w", err)
	}
	return nil
}

// exclude keeps the exclusions with the job, before it is opened. A job that was
// open already keeps those it began with: it has the same targets, and whom this
// run excludes was not among them.
func exclude(ctx context.Context, led Ledger, p *plan) error {
	list := p.set.gathered.exclusions
	if len(list) == 0 {
		return nil
	}
	err := led.SetExclusions(ctx, p.job.ID, list)
	if p.keptExclusions = errors.Is(err, ledger.ErrExclusions); err != nil && !p.keptExclusions {
		return fmt.Errorf("writing the exclusions to the ledger: %w", err)
	}
	return nil
}
