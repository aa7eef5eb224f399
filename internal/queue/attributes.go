package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// ErrFIFO says that the queue is a FIFO queue.
var ErrFIFO = errors.New("the queue is a FIFO queue; use a standard queue: " +
	"Relock keeps duplicates out with its ledger, and a FIFO queue would only make one message group wait for another")

// Attributes says how a queue is set up.
type Attributes struct {
	ARN string
	// Retention is how long a message is kept before SQS drops it.
	Retention time.Duration
	// MaxMessageSize is the largest body, in bytes.
	MaxMessageSize int
	// DeadLetterARN and MaxReceives come from the redrive policy; empty and
	// zero where the queue has none.
	DeadLetterARN string
	MaxReceives   int
	// Encrypted is whether SQS encrypts the messages at rest.
	Encrypted bool
}

func (q *SQS) readAttributes(ctx context.Context) error {
	out, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &q.url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})
	q.observe(opAttributes, err, 0)
	if err != nil {
		return fmt.Errorf("reading the attributes of queue %s: %w", q.url, known(err))
	}
	a := out.Attributes
	if a["FifoQueue"] == "true" || strings.HasSuffix(q.url, ".fifo") {
		return fmt.Errorf("queue %s: %w", q.url, ErrFIFO)
	}
	q.attrs = attributes(a)
	if err := q.readRedrive(ctx, a["RedrivePolicy"]); err != nil {
		return fmt.Errorf("queue %s: %w", q.url, err)
	}
	return nil
}

func (q *SQS) readRedrive(ctx context.Context, policy string) error {
	if policy == "" {
		return nil
	}
	// maxReceiveCount is a number or a string, as whoever set it wrote it.
	var p struct {
		Target string          `json:"deadLetterTargetArn"`
		Max    json.RawMessage `json:"maxReceiveCount"`
	}
	if err := json.Unmarshal([]byte(policy), &p); err != nil {
		return fmt.Errorf("reading the redrive policy: %w", err)
	}
	q.attrs.DeadLetterARN = p.Target
	q.attrs.MaxReceives = atoi(strings.Trim(string(p.Max), `"`))
	at, err := ParseURL(q.url)
	if err != nil {
		return err
	}
	dead, err := at.sibling(p.Target)
	if err != nil {
		return fmt.Errorf("the redrive policy: %w", err)
	}
	_, err = q.client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &dead.Name, QueueOwnerAWSAccountId: &dead.Account})
	q.observe(opURL, err, 0)
	if _, ok := errors.AsType[*types.QueueDoesNotExist](err); ok { // not to be taken for ErrNoQueue
		return fmt.Errorf("its redrive policy names the dead-letter queue %s, which does not exist; make it, or take the redrive policy away", p.Target)
	}
	if err != nil {
		return fmt.Errorf("finding the dead-letter queue %s: %w", p.Target, err)
	}
	q.dlqURL = dead.String()
	return nil
}

// atoi reads a number that the server wrote; what is not one is zero.
func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
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
	q.observe(opAttributes, err, 0)
	if err != nil {
		return Attributes{}, fmt.Errorf("reading the attributes of the dead-letter queue: %w", known(err))
	}
	return attributes(out.Attributes), nil
}
