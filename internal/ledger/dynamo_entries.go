package ledger

import (
	"context"
	"fmt"
	"iter"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"
)

// shardPage is how many listings are read of one partition at a time, and
// entryBatch how many targets' states: together they bound the memory of a report.
const (
	shardPage  = 200
	entryBatch = 800
)

// Entries yields the targets that the filter keeps, by place: it merges the
// partitions' listings, which the index keeps in this order, and looks up their
// states. No goroutine outlasts a step.
func (l *DynamoDB) Entries(ctx context.Context, id string, f Filter) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		err := l.entries(ctx, id, f, func(e Entry) bool { return yield(e, nil) })
		if err != nil {
			yield(Entry{}, err)
		}
	}
}

func (l *DynamoDB) entries(ctx context.Context, id string, f Filter, each func(Entry) bool) error {
	j, err := l.jobItem(ctx, id)
	if err != nil {
		return err
	}
	m := newMerge(l, id, f.After, j.int("listed_place"))
	for {
		listings, err := m.take(ctx, entryBatch)
		if err != nil || len(listings) == 0 {
			return err
		}
		keys := make([]key, len(listings))
		for i, x := range listings {
			keys[i] = key{workPK(id, shardOf(usernameOf(x.text(attrSK)))), x.text(attrSK)}
		}
		states, err := l.getAll(ctx, keys)
		if err != nil {
			return fmt.Errorf("reading the targets of job %s: %w", id, err)
		}
		for i, x := range listings {
			e, err := readEntry(x, readWork(states[keys[i]]))
			if err != nil {
				return err
			}
			if f.Match(e) && !each(e) {
				return nil
			}
		}
	}
}

func readEntry(listing item, w work) (Entry, error) {
	t, err := readTarget(listing)
	return Entry{
		Target: t, Outcome: w.outcome, Repeated: w.repeatedBy != "",
		Code: w.code, Note: w.note, RequestID: w.requestID,
		Attempts: w.attempts, Calls: w.calls, Claimed: w.claimed(), At: fromMillis(w.at),
		SignOut: w.signOut, SignOutCode: w.signOutCode, SignOutRequestID: w.signOutID, SignOutAt: fromMillis(w.signOutAt),
	}, err
}

// merge reads the listings of all partitions in the order of their places.
type merge struct {
	l      *DynamoDB
	job    string
	shards [shards]shardReader
}

type shardReader struct {
	query dynamodb.QueryInput
	items []map[string]types.AttributeValue
	ended bool
}

// newMerge reads places beyond after, and up to upTo.
func newMerge(l *DynamoDB, id string, after, upTo int64) *merge {
	m := &merge{l: l, job: id}
	for i := range m.shards {
		r := &m.shards[i]
		r.ended = after >= upTo
		r.query = partition(listPK(id, i))
		r.query.IndexName = aws.String(indexByPlace)
		r.query.KeyConditionExpression = aws.String(attrPK + " = :pk AND " + attrPlace + " BETWEEN :from AND :to")
		r.query.Limit = aws.Int32(shardPage)
		if !r.ended {
			maps.Copy(r.query.ExpressionAttributeValues, map[string]types.AttributeValue{":from": num(after + 1), ":to": num(upTo)})
		}
	}
	return m
}

// take returns up to n listings, none at the end.
func (m *merge) take(ctx context.Context, n int) ([]item, error) {
	taken := make([]item, 0, n)
	for len(taken) < n {
		if err := m.fill(ctx); err != nil {
			return nil, fmt.Errorf("reading the targets of job %s: %w", m.job, err)
		}
		first := -1
		var least int64
		for i := range m.shards {
			if items := m.shards[i].items; len(items) > 0 {
				if p := item(items[0]).int(attrPlace); first < 0 || p < least {
					first, least = i, p
				}
			}
		}
		if first < 0 {
			break
		}
		r := &m.shards[first]
		taken = append(taken, r.items[0])
		r.items = r.items[1:]
	}
	return taken, nil
}

// fill reads on where a partition has run out, and side by side where one soon
// will: usernames are spread evenly, so most do at the same time.
func (m *merge) fill(ctx context.Context) error {
	for m.hungry() {
		g, ctx := errgroup.WithContext(ctx)
		for i := range m.shards {
			r := &m.shards[i]
			if r.ended || len(r.items) > shardPage/2 {
				continue
			}
			g.Go(func() error {
				page, err := m.l.queryPage(ctx, &r.query)
				r.items = append(r.items, page...)
				r.ended = r.query.ExclusiveStartKey == nil
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return err
		}
	}
	return nil
}

// hungry reports whether a partition has run out, and goes on.
func (m *merge) hungry() bool {
	for i := range m.shards {
		if len(m.shards[i].items) == 0 && !m.shards[i].ended {
			return true
		}
	}
	return false
}
