package peers

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// receiveBehaviours: receiving, visibility, handles.
var receiveBehaviours = []behaviour[*sqsEnv]{
	{
		"receiving more than ten, waiting over 20 s, invisible over 12 h", "InvalidParameterValue",
		documented("SQS API Reference, ReceiveMessage"),
		func(e *sqsEnv) string {
			q := e.queue()
			_, err1 := e.c.ReceiveMessage(e.ctx, &sqs.ReceiveMessageInput{QueueUrl: q, MaxNumberOfMessages: 11})
			_, err2 := e.c.ReceiveMessage(e.ctx, &sqs.ReceiveMessageInput{QueueUrl: q, WaitTimeSeconds: 21})
			_, err3 := e.c.ReceiveMessage(e.ctx, &sqs.ReceiveMessageInput{QueueUrl: q, VisibilityTimeout: 43201})
			return toldAll(err1, err2, err3)
		},
	},
	{
		"how many come where none is asked for, and where ten are", "1, then no more than 10 at once until all came",
		documented("SQS API Reference, ReceiveMessage, MaxNumberOfMessages"),
		func(e *sqsEnv) string {
			q := e.queue()
			if _, err := e.batch(q, entries(10)...); err != nil {
				return told(err)
			}
			if _, err := e.batch(q, entries(3)...); err != nil {
				return told(err)
			}
			first := len(e.receive(q, 0, 2, 600))
			rest, most := 0, 0
			for end := time.Now().Add(patience); rest < 12 && time.Now().Before(end); {
				n := len(e.receive(q, 10, 2, 600))
				rest, most = rest+n, max(most, n)
			}
			if first != 1 || most > 10 || rest != 12 {
				return fmt.Sprintf("%d, then %d, at most %d at once", first, rest, most)
			}
			return "1, then no more than 10 at once until all came"
		},
	},
	{
		"the system attributes of a message", "all four",
		documented("SQS API Reference, ReceiveMessage, MessageSystemAttributeNames"),
		func(e *sqsEnv) string {
			q := e.queue()
			e.send(q, "x")
			m := e.get(q, 60)
			var missing []string
			for _, a := range []types.MessageSystemAttributeName{"SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp"} {
				if m.Attributes[string(a)] == "" {
					missing = append(missing, string(a))
				}
			}
			if missing != nil {
				return "without " + strings.Join(missing, ", ")
			}
			return "all four"
		},
	},
	{
		"a message whose visibility of two seconds ran out", "comes again after it, with receive count 2 and another handle",
		documented("SQS Developer Guide, visibility timeout; SQS API Reference, ReceiveMessage"),
		func(e *sqsEnv) string {
			q := e.queue()
			e.send(q, "x")
			one := e.get(q, 2)
			at := time.Now()
			two := e.get(q, 60)
			switch {
			case time.Since(at) < 1500*time.Millisecond:
				return fmt.Sprintf("comes again after %v", time.Since(at))
			case receives(one) != "1" || receives(two) != "2":
				return "counts " + receives(one) + " and " + receives(two)
			case *one.ReceiptHandle == *two.ReceiptHandle:
				return "comes again after it, with the same handle"
			case *one.MessageId != *two.MessageId:
				return "comes again after it, with another ID"
			}
			return "comes again after it, with receive count 2 and another handle"
		},
	},
	{
		"the counts of a queue after a visibility of one second ran out", "1 visible, 0 in flight, 0 delayed",
		documented("SQS API Reference, GetQueueAttributes; SQS Developer Guide, visibility timeout"),
		func(e *sqsEnv) string {
			q := e.queue()
			e.send(q, "x")
			e.get(q, 1)
			for end := time.Now().Add(5 * time.Second); ; {
				got := e.depth(q)
				if got == "1 visible, 0 in flight, 0 delayed" || time.Now().After(end) {
					return got
				}
				until(time.Now().Add(200 * time.Millisecond)) // between looks
			}
		},
	},
	{
		"a receive that waits three seconds at an empty queue", "answers after them, with none",
		documented("SQS Developer Guide, short and long polling"),
		func(e *sqsEnv) string { return polled(e, e.queue(), 3, 2900*time.Millisecond) },
	},
	{
		"the queue's own ReceiveMessageWaitTimeSeconds", "answers after them, with none",
		documented("SQS API Reference, CreateQueue, ReceiveMessageWaitTimeSeconds"),
		func(e *sqsEnv) string {
			return polled(e, e.queue("ReceiveMessageWaitTimeSeconds", "3"), 0, 2900*time.Millisecond)
		},
	},
	{
		"a message sent during a receive that waits 20 seconds", "ends it",
		documented("SQS Developer Guide, short and long polling"),
		func(e *sqsEnv) string {
			q := e.queue()
			got := make(chan int)
			at := time.Now()
			go func() {
				out, err := e.c.ReceiveMessage(e.ctx, &sqs.ReceiveMessageInput{QueueUrl: q, WaitTimeSeconds: 20})
				if err != nil {
					got <- -1
					return
				}
				got <- len(out.Messages)
			}()
			until(at.Add(500 * time.Millisecond)) // the poll has begun by then, or finds the message at once: it ends early both ways
			e.send(q, "x")
			if n := <-got; n != 1 {
				return fmt.Sprintf("brings %d messages", n)
			}
			if time.Since(at) > 15*time.Second {
				return "does not end it"
			}
			return "ends it"
		},
	},
	{
		"deleting with the handle of an earlier receive", "accepted",
		documented("SQS API Reference, DeleteMessage: \"the request succeeds, but the message might not be deleted\""),
		func(e *sqsEnv) string {
			q := e.queue()
			e.send(q, "x")
			old := e.get(q, 1)
			e.get(q, 60)
			return told(e.delete(q, old.ReceiptHandle))
		},
	},
	{
		"deleting twice", "accepted",
		documented("SQS Developer Guide, best practices: DeleteMessage is idempotent"),
		func(e *sqsEnv) string {
			q := e.queue()
			e.send(q, "x")
			m := e.get(q, 60)
			return toldAll(e.delete(q, m.ReceiptHandle), e.delete(q, m.ReceiptHandle))
		},
	},
	{
		"deleting after the visibility ran out", "accepted, and the message is gone",
		seen("SQS API Reference, DeleteMessage, promises nothing"),
		func(e *sqsEnv) string {
			q := e.queue()
			e.send(q, "x")
			m := e.get(q, 1)
			until(time.Now().Add(1200 * time.Millisecond))
			if err := e.delete(q, m.ReceiptHandle); err != nil {
				return told(err)
			}
			if d := e.depth(q); d != "0 visible, 0 in flight, 0 delayed" {
				return "accepted, and then " + d
			}
			return "accepted, and the message is gone"
		},
	},
	{
		"a handle of nonsense, deleted and changed", "ReceiptHandleIsInvalid",
		documented("SQS API Reference, DeleteMessage and ChangeMessageVisibility"),
		func(e *sqsEnv) string {
			q := e.queue()
			return toldAll(e.delete(q, new("nonsense")), e.change(q, new("nonsense"), 10))
		},
	},
	{
		"visibility set to 0", "comes again at once, with receive count 2",
		documented("SQS API Reference, ChangeMessageVisibility; SQS Developer Guide, visibility timeout"),
		func(e *sqsEnv) string {
			q := e.queue()
			e.send(q, "x")
			if err := e.change(q, e.get(q, 600).ReceiptHandle, 0); err != nil {
				return told(err)
			}
			m := e.receive(q, 1, 10, 600)
			if len(m) != 1 {
				return "does not come again"
			}
			return "comes again at once, with receive count " + receives(m[0])
		},
	},
	{
		"visibility of three seconds extended to 600", "does not come again",
		documented("SQS API Reference, ChangeMessageVisibility"),
		func(e *sqsEnv) string {
			q := e.queue()
			e.send(q, "x")
			if err := e.change(q, e.get(q, 3).ReceiptHandle, 600); err != nil {
				return told(err)
			}
			if len(e.receive(q, 1, 5, 600)) != 0 {
				return "comes again"
			}
			return "does not come again"
		},
	},
	{
		"visibility of 12 h and a second", "InvalidParameterValue",
		documented("SQS API Reference, ChangeMessageVisibility, VisibilityTimeout"),
		func(e *sqsEnv) string {
			q := e.queue()
			e.send(q, "x")
			return told(e.change(q, e.get(q, 60).ReceiptHandle, 43201))
		},
	},
	{
		"visibility that would end over 12 h after the receive", "InvalidParameterValue",
		documented("SQS Developer Guide, visibility timeout: 12 hours from the time that the message is received"),
		func(e *sqsEnv) string {
			q := e.queue()
			e.send(q, "x")
			m := e.get(q, 600)
			until(time.Now().Add(1200 * time.Millisecond))
			return told(e.change(q, m.ReceiptHandle, 43200))
		},
	},
	{
		"changing the visibility of a message that was deleted", "InvalidParameterValue",
		seen("\"Message does not exist or is not available for visibility timeout change\"; the API reference names MessageNotInflight and ReceiptHandleIsInvalid"),
		func(e *sqsEnv) string {
			q := e.queue()
			e.send(q, "x")
			m := e.get(q, 60)
			if err := e.delete(q, m.ReceiptHandle); err != nil {
				return told(err)
			}
			return told(e.change(q, m.ReceiptHandle, 60))
		},
	},
	{
		"changing the visibility of a message that is visible again", "MessageNotInflight (AWS.SimpleQueueService.MessageNotInflight)",
		documented("SQS API Reference, ChangeMessageVisibility, MessageNotInflight"),
		func(e *sqsEnv) string {
			q := e.queue()
			e.send(q, "x")
			m := e.get(q, 1)
			until(time.Now().Add(1200 * time.Millisecond))
			return told(e.change(q, m.ReceiptHandle, 60))
		},
	},
	{
		"a request without a signature", "MissingAuthenticationToken",
		documented("SQS API Reference, common errors"),
		func(e *sqsEnv) string {
			return unsigned(e.ctx, e.url, "application/x-amz-json-1.0", "AmazonSQS.ListQueues", `{}`)
		},
	},
}

// polled says whether a receive at an empty queue waited.
func polled(e *sqsEnv, queue *string, wait int32, least time.Duration) string {
	at := time.Now()
	switch n, took := len(e.receive(queue, 1, wait, 0)), time.Since(at); {
	case n > 0:
		return fmt.Sprintf("brings %d", n)
	case took < least:
		return "answers early"
	}
	return "answers after them, with none"
}
