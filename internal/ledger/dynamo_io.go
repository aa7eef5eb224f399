package ledger

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"
)

// get reads an item, consistently; nil where there is none.
func (l *DynamoDB) get(ctx context.Context, k key) (item, error) {
	var out *dynamodb.GetItemOutput
	_, err := l.call(ctx, "GetItem", func(ctx context.Context) (err error) {
		out, err = l.api.GetItem(ctx, &dynamodb.GetItemInput{
			TableName: &l.table, Key: k.attributes(), ConsistentRead: aws.Bool(true),
		})
		return err
	})
	if err != nil || len(out.Item) == 0 {
		return nil, err
	}
	return out.Item, nil
}

// maxGet is how many items BatchGetItem takes. Source: BatchGetItem in the Amazon
// DynamoDB API Reference.
const maxGet = 100

// getConcurrency is how many batches are read at a time.
const getConcurrency = 8

// getAll reads items, consistently. Those that do not exist are left out.
func (l *DynamoDB) getAll(ctx context.Context, keys []key) (map[key]item, error) {
	found := make(map[key]item, len(keys))
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(getConcurrency)
	for part := range slices.Chunk(keys, maxGet) {
		g.Go(func() error {
			return l.getBatch(ctx, part, func(i item) {
				mu.Lock()
				defer mu.Unlock()
				found[key{i.text(attrPK), i.text(attrSK)}] = i
			})
		})
	}
	return found, g.Wait()
}

// getBatch reads up to maxGet items, for as long as some of them come within the
// options' patience.
func (l *DynamoDB) getBatch(ctx context.Context, keys []key, each func(item)) error {
	ask := make([]map[string]types.AttributeValue, len(keys))
	for i, k := range keys {
		ask[i] = k.attributes()
	}
	until := time.Now().Add(l.opts.Patience)
	for n := 1; ; n++ {
		var out *dynamodb.BatchGetItemOutput
		_, err := l.call(ctx, "BatchGetItem", func(ctx context.Context) (err error) {
			out, err = l.api.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
				RequestItems: map[string]types.KeysAndAttributes{l.table: {Keys: ask, ConsistentRead: aws.Bool(true)}},
			})
			return err
		})
		if err != nil {
			return err
		}
		for _, i := range out.Responses[l.table] {
			each(i)
		}
		rest := out.UnprocessedKeys[l.table].Keys
		if len(rest) == 0 {
			return nil
		}
		if len(rest) < len(ask) {
			until, n = time.Now().Add(l.opts.Patience), 1
		}
		ask = rest
		if err := l.waitFor(ctx, "BatchGetItem", n, until); err != nil {
			return err
		}
	}
}

// waitFor waits before the rest of a batch is tried again.
func (l *DynamoDB) waitFor(ctx context.Context, op string, n int, until time.Time) error {
	switch {
	case !time.Now().Before(until):
		return l.callError(op, &types.ProvisionedThroughputExceededException{})
	case !backoff(ctx, n):
		return l.callError(op, context.Cause(ctx))
	}
	return nil
}

// query yields the items of a partition, consistently and page by page.
func (l *DynamoDB) query(ctx context.Context, in dynamodb.QueryInput) iter.Seq2[item, error] {
	return func(yield func(item, error) bool) {
		for more := true; more; {
			page, err := l.queryPage(ctx, &in)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, i := range page {
				if !yield(i, nil) {
					return
				}
			}
			more = in.ExclusiveStartKey != nil
		}
	}
}

// queryPage reads one page and moves in on to the next; the last one leaves it
// without ExclusiveStartKey.
func (l *DynamoDB) queryPage(ctx context.Context, in *dynamodb.QueryInput) ([]map[string]types.AttributeValue, error) {
	in.TableName, in.ConsistentRead = &l.table, aws.Bool(true)
	var out *dynamodb.QueryOutput
	_, err := l.call(ctx, "Query", func(ctx context.Context) (err error) {
		out, err = l.api.Query(ctx, in)
		return err
	})
	if err != nil {
		return nil, err
	}
	in.ExclusiveStartKey = nil
	if len(out.LastEvaluatedKey) > 0 {
		in.ExclusiveStartKey = out.LastEvaluatedKey
	}
	return out.Items, nil
}

// partition is the query for all items of a partition.
func partition(pk string) dynamodb.QueryInput {
	return dynamodb.QueryInput{
		KeyConditionExpression:    aws.String(attrPK + " = :pk"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":pk": str(pk)},
	}
}

// written is what became of a conditional write.
type written struct {
	// done: it took effect with this call. Otherwise its condition did not hold.
	done bool
	// unsure: a try was not answered, so that an earlier one may have taken
	// effect, and made the condition fail itself.
	unsure bool
	// now is the item as it is, where the condition did not hold or the edit
	// asks for it; nil if there is none.
	now item
}

// write makes a conditional write. Where the condition does not hold, it brings
// the item.
func (l *DynamoDB) write(ctx context.Context, k key, e *edit) (written, error) {
	in := e.input(l.table, k)
	var out *dynamodb.UpdateItemOutput
	unsure, err := l.call(ctx, "UpdateItem", func(ctx context.Context) (err error) {
		out, err = l.api.UpdateItem(ctx, in)
		return err
	})
	w := written{done: err == nil, unsure: unsure}
	if err == nil {
		w.now = out.Attributes
		return w, nil
	}
	failed, ok := errors.AsType[*types.ConditionalCheckFailedException](err)
	if !ok {
		return w, err
	}
	if w.now = failed.Item; len(w.now) == 0 {
		// There is no item, or the server does not send it along.
		w.now, err = l.get(ctx, k)
		return w, err
	}
	return w, nil
}

// maxPut is how many items BatchWriteItem takes. Source: BatchWriteItem in the
// Amazon DynamoDB API Reference.
const maxPut = 25

// putAll puts up to maxPut items, unconditionally, for as long as some of them
// are taken within the options' patience.
func (l *DynamoDB) putAll(ctx context.Context, items []types.WriteRequest) error {
	until := time.Now().Add(l.opts.Patience)
	for n := 1; ; n++ {
		var out *dynamodb.BatchWriteItemOutput
		_, err := l.call(ctx, "BatchWriteItem", func(ctx context.Context) (err error) {
			out, err = l.api.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{
				RequestItems: map[string][]types.WriteRequest{l.table: items},
			})
			return err
		})
		if err != nil {
			return err
		}
		rest := out.UnprocessedItems[l.table]
		if len(rest) == 0 {
			return nil
		}
		if len(rest) < len(items) {
			until, n = time.Now().Add(l.opts.Patience), 1
		}
		items = rest
		if err := l.waitFor(ctx, "BatchWriteItem", n, until); err != nil {
			return err
		}
	}
}
