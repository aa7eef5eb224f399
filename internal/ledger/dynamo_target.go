package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"relock/internal/job"
)

// putConcurrency is how many batches of targets are written at a time.
const putConcurrency = 16

// errOrder says that targets were left out.
var errOrder = errors.New("targets have to be listed in the order of their lists and lines")

// AddTargets lists targets of a job that is not over, in the order of their
// places. The job's item says up to which place targets are listed, and how many:
// what is beyond does not count yet, so a call that was interrupted leaves
// nothing that the next one would have to know of.
//
// Listing a target again writes the same item again (see DynamoDB), so neither a
// retry nor a second enqueue of the list does harm. Targets below the place are
// not written but looked up, in order to find out that they are the same.
func (l *DynamoDB) AddTargets(ctx context.Context, id string, targets []job.Target) error {
	for i := 1; i < len(targets); i++ {
		if Place(targets[i]) <= Place(targets[i-1]) {
			return fmt.Errorf("line %d of list %d: %w", targets[i].Line, targets[i].File+1, errOrder)
		}
	}
	j, err := l.jobItem(ctx, id)
	if err != nil {
		return err
	}
	if s := job.State(j.text("state")); s.Over() {
		return &StateError{Job: id, From: s, To: job.StateOpen}
	}
	pool, listed := j.text("pool"), j.int("listed_place")
	old, fresh := cutAt(targets, listed)
	if err := l.sameTargets(ctx, id, pool, old); err != nil {
		return err
	}
	if err := l.putTargets(ctx, id, pool, fresh); err != nil {
		return fmt.Errorf("listing targets of job %s: %w", id, err)
	}
	return l.advance(ctx, id, fresh, listed)
}

// cutAt parts targets into those up to a place and those beyond.
func cutAt(targets []job.Target, place int64) (upTo, beyond []job.Target) {
	n, _ := slices.BinarySearchFunc(targets, place, func(t job.Target, p int64) int {
		if Place(t) <= p {
			return -1
		}
		return 1
	})
	return targets[:n], targets[n:]
}

// advance counts targets that have been written, once: the condition on the
// place before them fails for a retry, and for another who lists the same.
func (l *DynamoDB) advance(ctx context.Context, id string, targets []job.Target, listed int64) error {
	for {
		_, targets = cutAt(targets, listed)
		if len(targets) == 0 {
			return nil
		}
		last := Place(targets[len(targets)-1])
		e := newEdit().put("listed_place", num(last)).add("listed", int64(len(targets))).ifHas(attrPK)
		if listed == 0 {
			e.ifNo("listed_place")
		} else {
			e.ifIs("listed_place", num(listed))
		}
		w, err := l.write(ctx, jobKey(id), e)
		if err != nil {
			return fmt.Errorf("counting targets of job %s: %w", id, err)
		}
		if w.done {
			return nil
		}
		if w.now == nil {
			return ErrNoJob
		}
		listed = w.now.int("listed_place")
	}
}

// putTargets writes the items of targets, in batches side by side.
func (l *DynamoDB) putTargets(ctx context.Context, id, pool string, targets []job.Target) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(putConcurrency)
	for part := range slices.Chunk(targets, maxPut) {
		g.Go(func() error {
			items := make([]types.WriteRequest, len(part))
			for i, t := range part {
				it, err := targetItem(id, pool, t)
				if err != nil {
					return err
				}
				items[i] = types.WriteRequest{PutRequest: &types.PutRequest{Item: it}}
			}
			return l.putAll(ctx, items)
		})
	}
	return g.Wait()
}

func targetItem(id, pool string, t job.Target) (item, error) {
	i := item{
		attrPK: str(listPK(id, shardOf(t.Username))), attrSK: str(targetSK(pool, t.Username)),
		attrPlace: num(Place(t)),
	}
	metadata, err := encodeMetadata(t.Metadata)
	if m, ok := metadata.(string); ok {
		i["metadata"] = str(m)
	}
	return i, err
}

// readTarget is the target of a listing.
func readTarget(i item) (job.Target, error) {
	file, line := fromPlace(i.int(attrPlace))
	metadata, err := decodeMetadata(i.text("metadata"))
	return job.Target{Username: usernameOf(i.text(attrSK)), File: file, Line: line, Metadata: metadata}, err
}

// sameTargets returns an error unless the job lists the targets as they are.
func (l *DynamoDB) sameTargets(ctx context.Context, id, pool string, targets []job.Target) error {
	for part := range slices.Chunk(targets, maxGet) {
		keys := make([]key, len(part))
		for i, t := range part {
			keys[i] = key{listPK(id, shardOf(t.Username)), targetSK(pool, t.Username)}
		}
		found, err := l.getAll(ctx, keys)
		if err != nil {
			return fmt.Errorf("reading targets of job %s: %w", id, err)
		}
		for i, t := range part {
			if found[keys[i]].int(attrPlace) != Place(t) {
				return fmt.Errorf("the job has later lines than line %d of list %d, and not this one: is it another list? %w", t.Line, t.File+1, errOrder)
			}
		}
	}
	return nil
}
