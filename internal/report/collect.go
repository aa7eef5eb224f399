package report

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
)

// Options says what an evidence is to have.
type Options struct {
	// Version is the program's.
	Version string
	// Usernames asks for Evidence.Users.
	Usernames bool
	// Now is when it is made.
	Now time.Time
}

// Collect reads a job's evidence, while the job runs or after. It reads each
// record once, and the context also covers what Users reads later.
func Collect(ctx context.Context, led Ledger, id string, o Options) (Evidence, error) {
	j, r, t, err := read(ctx, led, id)
	if err != nil {
		return Evidence{}, err
	}
	sent, err := led.Sent(ctx, id)
	if err != nil {
		return Evidence{}, fmt.Errorf("reading how far job %s is sent: %w", id, err)
	}
	e := Evidence{
		Version: o.Version, Made: o.Now.UTC(), Ledger: led.ID(),
		SentAll: sent == ledger.SentAll, Settled: t.unsettled(j) == "",
		Targets: t.targets, Pending: t.pending, Reset: t.reset, Failed: t.failed,
		Repeated: t.repeated, Calls: t.calls, First: t.first, Last: t.last,
		Curve: t.curve.result(),
	}
	e.Balanced = e.SentAll && j.Counts.Targets == t.targets &&
		j.Counts.Rows == j.Counts.Duplicates+j.Counts.Excluded+j.Counts.Invalid+j.Counts.Targets
	for _, o := range job.Outcomes() {
		e.Outcomes = append(e.Outcomes, OutcomeRow{Outcome: o, N: t.outcomes[o], Access: AccessAfter(o), Codes: t.codes[o].list()})
	}
	if j.Policy.SignOut {
		for _, s := range job.SignOuts() {
			e.SignOuts = append(e.SignOuts, SignOutRow{State: s, N: t.signOuts[s], Codes: t.signOutCodes[s].list()})
		}
	}
	e.Root, e.Leaves = r.root()
	e.Sealed = sealState(j.Seal, e.Root, e.Leaves)
	if e.Chain, err = chain(ctx, led, j); err != nil {
		return Evidence{}, err
	}
	if o.Usernames {
		e.Users = users(ctx, led, j)
	}
	e.Job = withoutValues(j)
	return e, nil
}

func sealState(s *job.Seal, root string, leaves int64) SealState {
	switch {
	case s == nil:
		return SealNone
	case s.Root == root && s.Leaves == leaves:
		return SealWhole
	default:
		return SealBroken
	}
}

// withoutValues empties the values of the job's metadata, which may be secrets.
func withoutValues(j job.Job) job.Job {
	if j.Policy.Metadata == nil {
		return j
	}
	keys := make(map[string]string, len(j.Policy.Metadata))
	for k := range j.Policy.Metadata {
		keys[k] = ""
	}
	j.Policy.Metadata = keys
	return j
}

// users yields the targets of which something is left to say.
func users(ctx context.Context, led Ledger, j job.Job) iter.Seq2[User, error] {
	return func(yield func(User, error) bool) {
		sel := Selection{Keep: func(e ledger.Entry) bool {
			return e.Outcome != job.Reset || e.Repeated || e.SignOut == job.SignOutFailed
		}}
		for e, err := range entries(ctx, led, j.ID, sel) {
			u := User{
				List: listName(j, e.Target), Line: e.Line, Username: e.Username,
				Outcome: e.Outcome, Repeated: e.Repeated, Code: e.Code, Note: e.Note,
				RequestID: e.RequestID, At: e.At, SignOut: e.SignOut, SignOutCode: e.SignOutCode,
			}
			if !yield(u, err) || err != nil {
				return
			}
		}
	}
}

// chain finds the job's parents and children, and theirs.
func chain(ctx context.Context, led Ledger, j job.Job) ([]Link, error) {
	jobs, err := led.Jobs(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the jobs: %w", err)
	}
	byID := make(map[string]job.Job, len(jobs))
	children := make(map[string][]job.Job)
	for _, other := range jobs {
		byID[other.ID] = other
		if other.Parent != "" {
			children[other.Parent] = append(children[other.Parent], other)
		}
	}
	oldest := j
	for seen := map[string]bool{j.ID: true}; ; {
		parent, ok := byID[oldest.Parent]
		if !ok || seen[parent.ID] { // a ledger that somebody wrote to may have a circle
			break
		}
		seen[parent.ID] = true
		oldest = parent
	}
	var links []Link
	seen := map[string]bool{}
	for next := []job.Job{oldest}; len(next) > 0; next = next[1:] {
		this := next[0]
		if seen[this.ID] {
			continue
		}
		seen[this.ID] = true
		next = append(next, children[this.ID]...)
		t, err := led.Totals(ctx, this.ID)
		if err != nil && !errors.Is(err, ledger.ErrNoJob) {
			return nil, fmt.Errorf("reading the totals of job %s: %w", this.ID, err)
		}
		links = append(links, Link{
			ID: this.ID, Parent: this.Parent, This: this.ID == j.ID, State: this.State,
			Reason: this.Reason, StartedBy: this.StartedBy, Created: this.Created, Finished: this.Finished,
			Targets: t.Targets, Pending: t.Pending, Failed: t.Failed(),
			Reset: t.Succeeded(),
		})
	}
	slices.SortFunc(links, func(a, b Link) int {
		return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.ID, b.ID))
	})
	return links, nil
}
