package peers

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

func redrive(arn, count string) string {
	return fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%s}`, arn, count)
}

// redriveBehaviours: dead-letter queues.
var redriveBehaviours = []behaviour[*sqsEnv]{
	{
		"the third receive where maxReceiveCount is 2", "2 receives, then the message is in the dead-letter queue, same ID and time of sending",
		documented("SQS Developer Guide, dead-letter queues: moved when ReceiveCount exceeds maxReceiveCount; the original enqueue time is kept"),
		func(e *sqsEnv) string {
			dead := e.queue()
			q := e.queue("RedrivePolicy", redrive(e.arn(dead), "2"))
			e.send(q, "x")
			m := e.get(q, 1)
			n := 1
			for end := time.Now().Add(patience); time.Now().Before(end); {
				got := e.receive(q, 1, 2, 1)
				n += len(got)
				if len(got) == 0 && e.depth(q) == "0 visible, 0 in flight, 0 delayed" {
					break
				}
			}
			d := e.receive(dead, 1, 5, 60)
			switch {
			case len(d) == 0:
				return fmt.Sprintf("%d receives, and nothing in the dead-letter queue", n)
			case *d[0].MessageId != *m.MessageId:
				return fmt.Sprintf("%d receives, then the message is in the dead-letter queue with another ID", n)
			case d[0].Attributes["SentTimestamp"] != m.Attributes["SentTimestamp"]:
				return fmt.Sprintf("%d receives, then the message is in the dead-letter queue with another time of sending", n)
			}
			return fmt.Sprintf("%d receives, then the message is in the dead-letter queue, same ID and time of sending", n)
		},
	},
	{
		"where a dead letter came from", "DeadLetterQueueSourceArn is the source",
		documented("SQS API Reference, ReceiveMessage, MessageSystemAttributeNames"),
		func(e *sqsEnv) string {
			dead := e.queue()
			q := e.queue("RedrivePolicy", redrive(e.arn(dead), "1"))
			e.send(q, "x")
			if err := e.change(q, e.get(q, 600).ReceiptHandle, 0); err != nil {
				return told(err)
			}
			if n := len(e.receive(q, 1, 2, 600)); n != 0 {
				return "it stays in the source"
			}
			switch e.get(dead, 60).Attributes["DeadLetterQueueSourceArn"] {
			case e.arn(q):
				return "DeadLetterQueueSourceArn is the source"
			case "":
				return "no DeadLetterQueueSourceArn"
			}
			return "DeadLetterQueueSourceArn is another"
		},
	},
	{
		"listing the sources of a dead-letter queue", "the source",
		documented("SQS API Reference, ListDeadLetterSourceQueues"),
		func(e *sqsEnv) string {
			dead := e.queue()
			q := e.queue("RedrivePolicy", redrive(e.arn(dead), "2"))
			out, err := e.c.ListDeadLetterSourceQueues(e.ctx, &sqs.ListDeadLetterSourceQueuesInput{QueueUrl: dead})
			switch {
			case err != nil:
				return told(err)
			case len(out.QueueUrls) == 1 && out.QueueUrls[0] == *q:
				return "the source"
			}
			return fmt.Sprintf("%d queues", len(out.QueueUrls))
		},
	},
	{
		"a dead-letter queue that does not exist", "InvalidParameterValue",
		seen("\"Dead letter target does not exist.\""),
		func(e *sqsEnv) string {
			q := e.queue()
			return told(e.set(q, "RedrivePolicy", redrive(e.arn(q)+"-none", "3")))
		},
	},
	{
		"maxReceiveCount of 0 and of 1001", "InvalidParameterValue",
		seen("\"valid values are from 1 to 1000 both inclusive\""),
		func(e *sqsEnv) string {
			arn, q := e.arn(e.queue()), e.queue()
			return toldAll(e.set(q, "RedrivePolicy", redrive(arn, "0")), e.set(q, "RedrivePolicy", redrive(arn, "1001")))
		},
	},
	{
		"a FIFO queue as the dead-letter queue of a standard one", "InvalidParameterValue",
		documented("SQS API Reference, SetQueueAttributes, RedrivePolicy: of a standard queue it has to be a standard queue"),
		func(e *sqsEnv) string {
			fifo, err := e.create(e.name()+".fifo", "FifoQueue", "true")
			if err != nil {
				return told(err)
			}
			return told(e.set(e.queue(), "RedrivePolicy", redrive(e.arn(fifo), "3")))
		},
	},
	{
		"maxReceiveCount written as text", "accepted",
		seen("AWS's own examples write both"),
		func(e *sqsEnv) string {
			arn := e.arn(e.queue())
			return told(e.set(e.queue(), "RedrivePolicy", redrive(arn, `"3"`)))
		},
	},
}
