package queue

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// DeadLetterAttributes says how the dead-letter queue is set up, without its own
// redrive policy, or ErrNoDeadLetter. It takes sqs:GetQueueAttributes on that
// queue, which no other call of a sender does.
func (q *SQS) DeadLetterAttributes(ctx context.Context) (Attributes, error) {
	if q.dlqURL == "" {
		return Attributes{}, ErrNoDeadLetter
	}
	out, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &q.dlqURL, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})
	q.observe("GetQueueAttributes", err, 0)
	if err != nil {
		return Attributes{}, fmt.Errorf("reading the attributes of the dead-letter queue: %w", known(err))
	}
	return attributes(out.Attributes), nil
}

// attributes reads what SQS answers, but for the redrive policy.
func attributes(a map[string]string) Attributes {
	return Attributes{
		ARN:            a["QueueArn"],
		Retention:      time.Duration(atoi(a["MessageRetentionPeriod"])) * time.Second,
		MaxMessageSize: atoi(a["MaximumMessageSize"]),
		Encrypted:      a["KmsMasterKeyId"] != "" || a["SqsManagedSseEnabled"] == "true",
	}
}
