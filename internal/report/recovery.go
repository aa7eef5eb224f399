package report

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/reset"
	"relock/internal/wilson"
)

// Directory is what Recovery needs of *reset.Directory, which makes every call at
// the pace of its quota.
type Directory interface {
	Get(ctx context.Context, name job.Username) (reset.User, bool, error)
	Pages(ctx context.Context, s reset.Selection) iter.Seq2[[]reset.User, error]
}

var _ Directory = (*reset.Directory)(nil)

const (
	// DefaultSample is how many users are asked about unless told otherwise: at a
	// share of one half, the interval is then five points to either side.
	DefaultSample = 400
	// MaxSample bounds a sample: beyond it, asking for everybody is quicker.
	MaxSample = 10_000
	// maxNames bounds the names that RecoverAll holds in memory, eight bytes each.
	maxNames = 4 << 20
	// askers is how many look-ups are under way at once; the pace bounds them too.
	askers = 8
)

// Recovery is how many of the users that a job reset have not chosen a new password
// yet.
type Recovery struct {
	Job string
	// Reset is how many users the job reset, Asked how many were asked about.
	Reset, Asked int64
	// Waiting is how many of those asked are still in RESET_REQUIRED, Recovered
	// how many are CONFIRMED, Gone how many are not in the pool any more, and
	// Other how many are in another state.
	Waiting, Recovered, Gone, Other int64
	// Exact is whether everybody was asked about; then only Waiting is told
	// apart, and Recovered is the rest.
	Exact bool
	// Share is the part of Reset that is still waiting, 0 to 1, and Low and High
	// bound it with 95 % confidence (Wilson's interval); for an exact answer the
	// three are equal.
	Share, Low, High float64
}

// Recover asks about a random sample of the users that a job reset, each with one
// AdminGetUser, which may bill them as active users of the month.
func Recover(ctx context.Context, led Ledger, id string, dir Directory, sample int, rnd *rand.Rand) (Recovery, error) {
	r := Recovery{Job: id}
	names := make([]job.Username, 0, sample)
	for e, err := range resetOnes(ctx, led, id) {
		if err != nil {
			return r, err
		}
		// Vitter's algorithm R: each has the same chance.
		r.Reset++
		if len(names) < sample {
			names = append(names, e.Username)
		} else if i := rnd.Int64N(r.Reset); i < int64(sample) {
			names[i] = e.Username
		}
	}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(askers)
	for _, name := range names {
		group.Go(func() error {
			u, there, err := dir.Get(ctx, name)
			if err != nil {
				return fmt.Errorf("asking for the state of a user: %w", err)
			}
			mu.Lock()
			defer mu.Unlock()
			r.count(u, there)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return r, err
	}
	r.Exact = r.Asked == r.Reset
	r.Share = share(r.Waiting, r.Asked)
	r.Low, r.High = wilson.Interval(r.Waiting, r.Asked)
	if r.Exact {
		r.Low, r.High = r.Share, r.Share
	}
	return r, nil
}

func (r *Recovery) count(u reset.User, there bool) {
	r.Asked++
	switch {
	case !there:
		r.Gone++
	case u.Status == reset.NeedsReset:
		r.Waiting++
	case u.Status == "CONFIRMED":
		r.Recovered++
	default:
		r.Other++
	}
}

// RecoverAll lists the pool's users in RESET_REQUIRED, sixty with each ListUsers,
// which bills nobody, and counts those whom the job reset, by any of their names.
// ListUsers shows changes of the last moments late.
func RecoverAll(ctx context.Context, led Ledger, id string, dir Directory) (Recovery, error) {
	r := Recovery{Job: id, Exact: true}
	j, err := led.Job(ctx, id)
	if err != nil {
		return r, err
	}
	t, err := led.Totals(ctx, id)
	if err != nil {
		return r, fmt.Errorf("reading the totals of job %s: %w", id, err)
	}
	if t.Succeeded() > maxNames {
		return r, errors.New("the job has too many users to ask about all; take a sample")
	}
	names := nameSet{fold: j.Plan.FoldCase, hashes: make([]uint64, 0, t.Succeeded())}
	for e, err := range resetOnes(ctx, led, id) {
		if err != nil {
			return r, err
		}
		r.Reset++
		names.add(e.Username)
	}
	names.close()
	filter, err := reset.Exactly(reset.ByStatus, job.Username(reset.NeedsReset))
	if err != nil {
		return r, err
	}
	for users, err := range dir.Pages(ctx, reset.Selection{Filter: filter}) {
		if err != nil {
			return r, fmt.Errorf("listing the users in %s: %w", reset.NeedsReset, err)
		}
		for _, u := range users {
			if u.Status == reset.NeedsReset {
				r.Waiting += names.take(u)
			}
		}
	}
	r.Asked, r.Recovered = r.Reset, r.Reset-r.Waiting
	r.Share = share(r.Waiting, r.Asked)
	r.Low, r.High = r.Share, r.Share
	return r, nil
}

// resetOnes yields the targets that were reset.
func resetOnes(ctx context.Context, led Ledger, id string) iter.Seq2[ledger.Entry, error] {
	return entries(ctx, led, id, Selection{Filter: ledger.Filter{Outcomes: []job.Outcome{job.Reset, job.AlreadyReset}}})
}

// nameSet is a set of usernames as 64-bit hashes, from which each is taken once.
type nameSet struct {
	fold   bool
	hashes []uint64
	taken  []uint64 // a bit for each hash
}

func (s *nameSet) hash(u job.Username) uint64 {
	if s.fold {
		u = u.Fold()
	}
	sum := sha256.Sum256([]byte(u))
	return binary.BigEndian.Uint64(sum[:])
}

func (s *nameSet) add(u job.Username) { s.hashes = append(s.hashes, s.hash(u)) }

// close makes the set ready to be taken from.
func (s *nameSet) close() {
	slices.Sort(s.hashes)
	s.taken = make([]uint64, len(s.hashes)/64+1)
}

// take removes the names of a user, and returns how many were there.
func (s *nameSet) take(u reset.User) (n int64) {
	for _, name := range []job.Username{u.Username, u.Sub, u.Email, u.Phone, u.Preferred} {
		i, found := slices.BinarySearch(s.hashes, s.hash(name))
		if name == "" || !found || s.taken[i/64]&(1<<(i%64)) != 0 {
			continue
		}
		s.taken[i/64] |= 1 << (i % 64)
		n++
	}
	return n
}

// share is the part of k in n; 0 where n is 0.
func share(k, n int64) float64 {
	if n == 0 {
		return 0
	}
	return float64(k) / float64(n)
}
