package ledger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/sync/errgroup"

	"relock/internal/job"
)

// closeConcurrency is how many targets are closed at a time, and passPage how
// many items a pass over the targets reads of one partition at once.
const (
	closeConcurrency = 32
	passPage         = 500
)

// CloseOut gives every pending target without a live claim the outcome. It reads
// all targets, and on the way counts what every session has recorded.
func (l *DynamoDB) CloseOut(ctx context.Context, id string, outcome job.Outcome, at time.Time) (int64, error) {
	if !outcome.Valid() {
		return 0, fmt.Errorf("closing out job %s: %q is not an outcome", id, outcome)
	}
	j, err := l.jobItem(ctx, id)
	if err != nil {
		return 0, err
	}
	t, err := l.announce(ctx, id)
	if err != nil {
		return 0, err
	}
	before, err := l.sessions(ctx, id)
	if err != nil {
		return 0, err
	}
	c := &closing{l: l, t: t, job: id, listed: j.int("listed_place"), outcome: outcome, at: millis(at)}
	if err = c.run(ctx); err == nil {
		err = l.setRight(ctx, id, before, &c.found)
	}
	// What has been closed counts, whatever happened then.
	err = errors.Join(err, l.flush(ctx, t, t.learn(&c.found, l.session), true))
	if err != nil {
		err = fmt.Errorf("closing out job %s: %w", id, err)
	}
	return c.n.Load(), err
}

// closing is one run of CloseOut.
type closing struct {
	l       *DynamoDB
	t       *tally
	job     string
	listed  int64
	outcome job.Outcome
	at      int64

	found counting
	n     atomic.Int64
}

func (c *closing) run(ctx context.Context) error {
	writes, wctx := errgroup.WithContext(ctx)
	writes.SetLimit(closeConcurrency)
	reads, rctx := errgroup.WithContext(wctx)
	reads.SetLimit(recountShards)
	for shard := range shards {
		reads.Go(func() error {
			return c.shard(rctx, shard, func(k key, w work) {
				writes.Go(func() error { return c.close(wctx, k, w) })
			})
		})
	}
	err := reads.Wait()
	// A failed write ends the reads, so its error comes first.
	if e := writes.Wait(); e != nil {
		return e
	}
	return err
}

// shard joins listings and states, which have the same order, and hands on the
// targets that are to be closed.
func (c *closing) shard(ctx context.Context, shard int, each func(key, work)) error {
	states, listings := partition(workPK(c.job, shard)), partition(listPK(c.job, shard))
	states.Limit, listings.Limit = aws.Int32(passPage), aws.Int32(passPage)
	next, stop := iter.Pull2(c.l.query(ctx, states))
	defer stop()
	state, err, more := next()
	for listing, lerr := range c.l.query(ctx, listings) {
		if lerr != nil {
			return lerr
		}
		sk := listing.text(attrSK)
		for more && err == nil && state.text(attrSK) < sk {
			state, err, more = next()
		}
		if err != nil {
			return err
		}
		var w work
		if more && state.text(attrSK) == sk {
			w = readWork(state)
		}
		c.found.add(w)
		if listing.int(attrPlace) <= c.listed && c.open(w) {
			each(key{workPK(c.job, shard), sk}, w)
		}
	}
	return nil
}

// open reports whether a target is to be closed.
func (c *closing) open(w work) bool { return w.outcome == "" && !w.live(c.l.opts.Now()) }

func (c *closing) close(ctx context.Context, k key, w work) error {
	mark := c.l.mark()
	for c.open(w) {
		e := newEdit().ifVersion(w.version).
			put("outcome", str(string(c.outcome))).put("at", num(c.at)).put("by", str(mark)).
			drop("owner", "until", "mark", "doubt")
		if w.claimed() || w.doubt {
			e.put("note", str(NoteInDoubt))
		}
		res, err := c.l.write(ctx, k, e)
		if err != nil {
			if res.unsure {
				c.l.doubt(c.job, mark)
			}
			return err
		}
		if w = readWork(res.now); res.done || w.by == mark {
			c.t.count(addition{outcome: c.outcome, at: c.at})
			c.n.Add(1)
			c.l.schedule()
			return nil
		}
	}
	return nil
}
