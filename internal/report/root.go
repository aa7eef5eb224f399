package report

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"relock/internal/job"
	"relock/internal/ledger"
)

// ErrOrder says that the ledger's records are not in the order of their keys, or
// two have the same.
var ErrOrder = errors.New("the ledger's records are out of order, or one is there twice")

// A job's root is the Merkle tree hash of RFC 6962 over its own record and then
// those of its targets, sorted by key: the place in the lists (ledger.Place), of
// which each has one. Both ledgers yield targets so, from an index, and the order
// is checked on the way: nothing has to be sorted or kept.
type rooter struct {
	tree tree
	enc  encoder
	last int64
}

// begin adds the leaf of the job itself, the first.
func (r *rooter) begin(ledgerID string, j job.Job, exclusions []job.Exclusion) error {
	r.last = -1
	if err := r.enc.job(ledgerID, j, exclusions); err != nil {
		return err
	}
	r.tree.add(r.enc.b)
	return nil
}

// add adds the leaf of a target.
func (r *rooter) add(e ledger.Entry) error {
	place := ledger.Place(e.Target)
	if place <= r.last {
		return fmt.Errorf("%w: line %d of list %d", ErrOrder, e.Line, e.File+1)
	}
	r.last = place
	r.enc.record(e)
	r.tree.add(r.enc.b)
	return nil
}

// root is the root in hexadecimal, and over how many leaves.
func (r *rooter) root() (string, int64) {
	h := r.tree.root()
	return hex.EncodeToString(h[:]), int64(r.tree.n) //nolint:gosec // fewer than 2^63
}

// read reads a job once, target by target: its root, and what is counted on the
// way. The job's own record is read before its targets.
func read(ctx context.Context, led Ledger, id string) (job.Job, *rooter, *tally, error) {
	j, err := led.Job(ctx, id)
	if err != nil {
		return j, nil, nil, err
	}
	exclusions, err := led.Exclusions(ctx, id)
	if err != nil {
		return j, nil, nil, fmt.Errorf("reading the exclusions of job %s: %w", id, err)
	}
	r, t := &rooter{}, newTally()
	if err := r.begin(led.ID(), j, exclusions); err != nil {
		return j, nil, nil, err
	}
	for e, err := range led.Entries(ctx, id, ledger.Filter{}) {
		if err == nil {
			err = r.add(e)
		}
		if err != nil {
			return j, nil, nil, fmt.Errorf("reading the records of job %s: %w", id, err)
		}
		t.add(e)
	}
	return j, r, t, nil
}
