package queuetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"relock/internal/queue"
)

var queues atomic.Int64

// OverSQS makes queues with dead-letter queues in whatever the client talks to,
// and deletes them when the test ends: for Suite.New.
func OverSQS(client *sqs.Client) func(t testing.TB, maxReceives int) Queue {
	return func(t testing.TB, maxReceives int) Queue {
		t.Helper()
		ctx := t.Context()
		name := fmt.Sprintf("queuetest-%s-%d", strconv.FormatUint(rand.Uint64(), 36), queues.Add(1))
		dead := createQueue(t, client, name+"-dead", nil)
		out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
			QueueUrl: &dead, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameQueueArn},
		})
		if err != nil {
			t.Fatal(err)
		}
		url := createQueue(t, client, name, map[string]string{
			"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":"%d"}`, out.Attributes["QueueArn"], maxReceives),
		})
		open := func() queue.Transport {
			q, err := queue.OpenSQS(ctx, client, url, nil)
			if err != nil {
				t.Fatal(err)
			}
			return q
		}
		return Queue{T: open(), Other: open(), Dead: func(ctx context.Context) ([]string, error) {
			return drain(ctx, client, dead)
		}}
	}
}

func createQueue(t testing.TB, client *sqs.Client, name string, attributes map[string]string) (url string) {
	t.Helper()
	out, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := client.DeleteQueue(context.WithoutCancel(t.Context()), &sqs.DeleteQueueInput{QueueUrl: out.QueueUrl})
		if err != nil {
			t.Logf("deleting queue %s: %v", name, err)
		}
	})
	return *out.QueueUrl
}

// drain reads a dead-letter queue until it has nothing more.
func drain(ctx context.Context, client *sqs.Client, url string) (bodies []string, err error) {
	for {
		out, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &url, MaxNumberOfMessages: queue.MaxBatch, WaitTimeSeconds: 1, VisibilityTimeout: 60,
		})
		if err != nil {
			return bodies, err
		}
		if len(out.Messages) == 0 {
			return bodies, nil
		}
		for _, m := range out.Messages {
			bodies = append(bodies, aws.ToString(m.Body))
			_, e := client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle})
			err = errors.Join(err, e)
		}
		if err != nil {
			return bodies, err
		}
	}
}
