package peers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// sqsEnv is one behaviour's view of a server: queues of its own.
type sqsEnv struct {
	*testing.T
	ctx    context.Context
	c      *sqs.Client
	url    string // of the server
	prefix string // of the names of its queues
	queues int
}

func newSQSEnv(t *testing.T, url string, c *sqs.Client) *sqsEnv {
	sum := sha256.Sum256([]byte(t.Name()))
	return &sqsEnv{T: t, ctx: t.Context(), c: c, url: url, prefix: hex.EncodeToString(sum[:6])}
}

// name is a name that no other queue has.
func (e *sqsEnv) name() string {
	e.queues++
	return e.prefix + "-" + strconv.Itoa(e.queues)
}

// queue makes a queue; attributes come in pairs.
func (e *sqsEnv) queue(attributes ...string) *string {
	e.Helper()
	url, err := e.create(e.name(), attributes...)
	if err != nil {
		e.Fatalf("creating a queue: %v", err)
	}
	return url
}

func (e *sqsEnv) create(name string, attributes ...string) (*string, error) {
	out, err := e.c.CreateQueue(e.ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: pairs(attributes)})
	if err != nil {
		return nil, err
	}
	return out.QueueUrl, nil
}

func pairs(list []string) map[string]string {
	m := map[string]string{}
	for i := 0; i+1 < len(list); i += 2 {
		m[list[i]] = list[i+1]
	}
	return m
}

func (e *sqsEnv) set(queue *string, attributes ...string) error {
	_, err := e.c.SetQueueAttributes(e.ctx, &sqs.SetQueueAttributesInput{QueueUrl: queue, Attributes: pairs(attributes)})
	return err
}

func (e *sqsEnv) attribute(queue *string, name types.QueueAttributeName) string {
	e.Helper()
	out, err := e.c.GetQueueAttributes(e.ctx, &sqs.GetQueueAttributesInput{QueueUrl: queue, AttributeNames: []types.QueueAttributeName{name}})
	if err != nil {
		e.Fatalf("reading %s: %v", name, err)
	}
	return out.Attributes[string(name)]
}

// arn is the queue's ARN.
func (e *sqsEnv) arn(queue *string) string {
	e.Helper()
	return e.attribute(queue, types.QueueAttributeNameQueueArn)
}

func (e *sqsEnv) send(queue *string, bodies ...string) {
	e.Helper()
	for _, b := range bodies {
		if err := e.trySend(queue, b); err != nil {
			e.Fatalf("sending: %v", err)
		}
	}
}

func (e *sqsEnv) trySend(queue *string, body string) error {
	_, err := e.c.SendMessage(e.ctx, &sqs.SendMessageInput{QueueUrl: queue, MessageBody: &body})
	return err
}

// receive is one ReceiveMessage; wait and visibility are in seconds, and 0 leaves
// them to the queue.
func (e *sqsEnv) receive(queue *string, most, wait, visibility int32) []types.Message {
	e.Helper()
	out, err := e.c.ReceiveMessage(e.ctx, &sqs.ReceiveMessageInput{
		QueueUrl: queue, MaxNumberOfMessages: most, WaitTimeSeconds: wait, VisibilityTimeout: visibility,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		MessageAttributeNames:       []string{"All"},
	})
	if err != nil {
		e.Fatalf("receiving: %v", err)
	}
	return out.Messages
}

// patience bounds the waiting for what has to come.
const patience = 20 * time.Second

// get receives one message, however long it takes to become visible.
func (e *sqsEnv) get(queue *string, visibility int32) types.Message {
	e.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if m := e.receive(queue, 1, 2, visibility); len(m) == 1 {
			return m[0]
		}
	}
	e.Fatalf("no message within %v", patience)
	return types.Message{}
}

func (e *sqsEnv) delete(queue, handle *string) error {
	_, err := e.c.DeleteMessage(e.ctx, &sqs.DeleteMessageInput{QueueUrl: queue, ReceiptHandle: handle})
	return err
}

func (e *sqsEnv) change(queue, handle *string, visibility int32) error {
	_, err := e.c.ChangeMessageVisibility(e.ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: queue, ReceiptHandle: handle, VisibilityTimeout: visibility})
	return err
}

// until waits for a moment; the servers' clocks are real.
func until(at time.Time) { time.Sleep(time.Until(at)) }

// receives is the receive count that a message carries.
func receives(m types.Message) string {
	return m.Attributes[string(types.MessageSystemAttributeNameApproximateReceiveCount)]
}

// depth is the three counts of a queue.
func (e *sqsEnv) depth(queue *string) string {
	e.Helper()
	return fmt.Sprintf("%s visible, %s in flight, %s delayed",
		e.attribute(queue, types.QueueAttributeNameApproximateNumberOfMessages),
		e.attribute(queue, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible),
		e.attribute(queue, types.QueueAttributeNameApproximateNumberOfMessagesDelayed))
}

// entries are n entries of a batch with the bodies "0" to n-1.
func entries(n int) []types.SendMessageBatchRequestEntry {
	var list []types.SendMessageBatchRequestEntry
	for i := range n {
		list = append(list, types.SendMessageBatchRequestEntry{Id: new(strconv.Itoa(i)), MessageBody: new(strconv.Itoa(i))})
	}
	return list
}

func (e *sqsEnv) batch(queue *string, list ...types.SendMessageBatchRequestEntry) (*sqs.SendMessageBatchOutput, error) {
	return e.c.SendMessageBatch(e.ctx, &sqs.SendMessageBatchInput{QueueUrl: queue, Entries: list})
}

// failed says what a batch reply holds of each failed entry.
func failed(list []types.BatchResultErrorEntry) string {
	var all []string
	for _, f := range list {
		whose := "the server's fault"
		if f.SenderFault {
			whose = "the sender's fault"
		}
		all = append(all, fmt.Sprintf("%s, %s", *f.Code, whose))
	}
	if all == nil {
		return "none failed"
	}
	return once(all)
}
