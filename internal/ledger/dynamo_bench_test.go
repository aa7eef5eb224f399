package ledger_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/peers/servers"
)

// each runs f for 0 to n-1 with 16 goroutines, and returns the processor time of
// one.
func each(b *testing.B, n int, f func(i int) error) time.Duration {
	b.Helper()
	start := cpu()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := f(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return (cpu() - start) / time.Duration(n)
}

// BenchmarkDynamoDBClaimRecord compares, in pairs, the processor time of a claim
// and a record with that of the bare calls: one GetItem, two UpdateItem.
func BenchmarkDynamoDBClaimRecord(b *testing.B) {
	const targets = 1000
	c := client(b, servers.StartDynalite(b), nil)
	l, err := ledger.CreateDynamoDB(b.Context(), c, "relock", ledger.DynamoDBOptions{CreateTable: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	var ours, bare []time.Duration
	pair := 0
	for b.Loop() {
		pair++
		id := fmt.Sprintf("job-%d", pair)
		list := benchTargets(pair*targets, targets)
		if err := l.CreateJob(b.Context(), job.Job{ID: id, Pool: "eu-west-1_AbCdEf123"}); err != nil {
			b.Fatal(err)
		}
		if err := l.AddTargets(b.Context(), id, list); err != nil {
			b.Fatal(err)
		}
		runs := []func(){
			func() {
				ours = append(ours, each(b, targets, func(i int) error { return claimAndRecord(l, id, list[i].Username) }))
			},
			func() {
				bare = append(bare, each(b, targets, func(i int) error { return bareCalls(c, id, list[i].Username) }))
			},
		}
		runs[pair%2]()
		runs[(pair+1)%2]()
	}
	ratios := make([]float64, len(ours))
	for i := range ours {
		ratios[i] = float64(bare[i]) / float64(ours[i])
	}
	b.ReportMetric(float64(median(ours).Microseconds()), "cpu-µs/target")
	b.ReportMetric(float64(median(bare).Microseconds()), "cpu-µs/target-bare")
	b.ReportMetric(100*median(ratios), "%-of-bare")
}

func median[T time.Duration | float64](all []T) T {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

func claimAndRecord(l *ledger.DynamoDB, id string, u job.Username) error {
	ctx, k := context.Background(), ledger.Key{Job: id, Username: u}
	c, err := l.Claim(ctx, k, "worker-1", time.Minute)
	if err != nil || c.Status != ledger.Granted {
		return fmt.Errorf("status %d: %w", c.Status, err)
	}
	return l.Record(ctx, ledger.Record{
		Key: k, Owner: "worker-1", Attempt: c.Attempt, Outcome: job.Reset, Calls: 1,
		RequestID: "6a3e0f5a-5f0e-4a6e-9d2c-0d1e8f0b7c11", At: time.Now(),
	})
}

// bareCalls is what somebody would write who needs a read, a claim and an outcome.
func bareCalls(c *dynamodb.Client, id string, u job.Username) error {
	ctx := context.Background()
	s := func(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
	n := func(v int64) types.AttributeValue { return &types.AttributeValueMemberN{Value: fmt.Sprint(v)} }
	key := map[string]types.AttributeValue{"pk": s("bare#" + id + "#0"), "sk": s("eu-west-1_AbCdEf123#" + string(u))}
	if _, err := c.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("relock"), Key: key, ConsistentRead: aws.Bool(true)}); err != nil {
		return err
	}
	_, err := c.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: aws.String("relock"), Key: key,
		ConditionExpression:      aws.String("attribute_not_exists(pk)"),
		UpdateExpression:         aws.String("SET #owner = :owner, #until = :until, attempts = :attempts"),
		ExpressionAttributeNames: map[string]string{"#owner": "owner", "#until": "until"},
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":owner": s("worker-1"), ":until": n(time.Now().Add(time.Minute).UnixMilli()), ":attempts": n(1),
		},
	})
	if err != nil {
		return err
	}
	_, err = c.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: aws.String("relock"), Key: key,
		ConditionExpression:      aws.String("#owner = :owner AND attempts = :attempts"),
		UpdateExpression:         aws.String("SET outcome = :outcome, #at = :at, request_id = :request, calls = :calls REMOVE #owner, #until"),
		ExpressionAttributeNames: map[string]string{"#owner": "owner", "#until": "until", "#at": "at"},
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":owner": s("worker-1"), ":attempts": n(1), ":outcome": s("reset"), ":at": n(time.Now().UnixMilli()),
			":request": s("6a3e0f5a-5f0e-4a6e-9d2c-0d1e8f0b7c11"), ":calls": n(1),
		},
	})
	return err
}

// BenchmarkDynamoDBAddTargets lists the targets of one job, in calls of 2,000.
func BenchmarkDynamoDBAddTargets(b *testing.B) {
	const call = 2000
	l, err := ledger.CreateDynamoDB(b.Context(), client(b, servers.StartDynalite(b), nil), "relock", ledger.DynamoDBOptions{CreateTable: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	if err := l.CreateJob(b.Context(), job.Job{ID: "j", Pool: "eu-west-1_AbCdEf123"}); err != nil {
		b.Fatal(err)
	}
	start := cpu()
	listed := 0
	for b.Loop() {
		if err := l.AddTargets(b.Context(), "j", benchTargets(listed, call)); err != nil {
			b.Fatal(err)
		}
		listed += call
	}
	b.ReportMetric(float64((cpu()-start).Microseconds())/float64(listed), "cpu-µs/target")
	b.ReportMetric(float64(listed)/b.Elapsed().Seconds(), "targets/s")
}
