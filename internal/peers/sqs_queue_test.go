package peers

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"relock/internal/queue"
)

const noQueue = "QueueDoesNotExist (AWS.SimpleQueueService.NonExistentQueue)"

// queueBehaviours: queues and their attributes.
var queueBehaviours = []behaviour[*sqsEnv]{
	{
		"a queue that does not exist", noQueue,
		documented("SQS API Reference, common errors of the operations; SQS Developer Guide, AWS JSON protocol FAQs (x-amzn-query-error)"),
		func(e *sqsEnv) string {
			made := *e.queue()
			gone := new(strings.TrimSuffix(made, "-1") + "-9")
			_, err1 := e.c.GetQueueUrl(e.ctx, &sqs.GetQueueUrlInput{QueueName: new(e.prefix + "-9")})
			_, err2 := e.c.ReceiveMessage(e.ctx, &sqs.ReceiveMessageInput{QueueUrl: gone})
			_, err3 := e.batch(gone, entries(1)...)
			_, err4 := e.c.GetQueueAttributes(e.ctx, &sqs.GetQueueAttributesInput{QueueUrl: gone, AttributeNames: []types.QueueAttributeName{"All"}})
			return toldAll(err1, err2, err3, err4, e.delete(gone, new("AQEB")), e.trySend(gone, "x"))
		},
	},
	{
		"creating a queue again with the same attributes", "the same URL",
		documented("SQS API Reference, CreateQueue"),
		func(e *sqsEnv) string {
			name := e.name()
			one, err1 := e.create(name, "VisibilityTimeout", "40")
			two, err2 := e.create(name, "VisibilityTimeout", "40")
			if err := errors.Join(err1, err2); err != nil {
				return toldAll(err1, err2)
			}
			if *one != *two {
				return "another URL"
			}
			return "the same URL"
		},
	},
	{
		"creating a queue again with other attributes", "QueueNameExists (QueueAlreadyExists)",
		documented("SQS API Reference, CreateQueue, QueueNameExists"),
		func(e *sqsEnv) string {
			name := e.name()
			_, err1 := e.create(name, "VisibilityTimeout", "40")
			if err1 != nil {
				return told(err1)
			}
			_, err := e.create(name, "VisibilityTimeout", "41")
			return told(err)
		},
	},
	{
		"queue names with a dot, of 81 characters, or empty", "InvalidParameterValue, InvalidParameterValue, MissingParameter",
		documented("SQS API Reference, CreateQueue, QueueName"),
		func(e *sqsEnv) string {
			_, err1 := e.create(e.name() + ".x")
			_, err2 := e.create(strings.Repeat("q", 81))
			_, err3 := e.create("")
			return toldAll(err1, err2, err3)
		},
	},
	{
		"the suffix .fifo without FifoQueue, and FifoQueue without the suffix", "InvalidParameterValue",
		documented("SQS API Reference, CreateQueue, QueueName"),
		func(e *sqsEnv) string {
			_, err1 := e.create(e.name() + ".fifo")
			_, err2 := e.create(e.name(), "FifoQueue", "true")
			return toldAll(err1, err2)
		},
	},
	{
		"a FIFO queue", "made, and Relock refuses it",
		documented("SQS API Reference, CreateQueue; docs/architecture.md"),
		func(e *sqsEnv) string {
			url, err := e.create(e.name()+".fifo", "FifoQueue", "true")
			if err != nil {
				return told(err)
			}
			if _, err = queue.OpenSQS(e.ctx, e.c, *url, nil); !errors.Is(err, queue.ErrFIFO) {
				return fmt.Sprintf("made, and Relock says %v", err)
			}
			return "made, and Relock refuses it"
		},
	},
	{
		"the attributes of a new queue", "delay 0, size 1048576, retention 345600, wait 0, visibility 30",
		documented("SQS API Reference, CreateQueue, Attributes"),
		func(e *sqsEnv) string {
			q := e.queue()
			return fmt.Sprintf("delay %s, size %s, retention %s, wait %s, visibility %s",
				e.attribute(q, "DelaySeconds"), e.attribute(q, "MaximumMessageSize"), e.attribute(q, "MessageRetentionPeriod"),
				e.attribute(q, "ReceiveMessageWaitTimeSeconds"), e.attribute(q, "VisibilityTimeout"))
		},
	},
	{
		"setting attributes out of their ranges", "InvalidAttributeValue",
		documented("SQS API Reference, SetQueueAttributes, Attributes"),
		func(e *sqsEnv) string {
			q := e.queue()
			return toldAll(e.set(q, "VisibilityTimeout", "43201"), e.set(q, "DelaySeconds", "901"), e.set(q, "ReceiveMessageWaitTimeSeconds", "21"),
				e.set(q, "MessageRetentionPeriod", "59"), e.set(q, "MaximumMessageSize", "1023"), e.set(q, "MaximumMessageSize", "1048577"),
				e.set(q, "VisibilityTimeout", "soon"))
		},
	},
	{
		"an attribute that does not exist, set and asked for", "InvalidAttributeName",
		documented("SQS API Reference, SetQueueAttributes and GetQueueAttributes"),
		func(e *sqsEnv) string {
			q := e.queue()
			_, err := e.c.GetQueueAttributes(e.ctx, &sqs.GetQueueAttributesInput{QueueUrl: q, AttributeNames: []types.QueueAttributeName{"Colour"}})
			return toldAll(e.set(q, "Colour", "red"), err)
		},
	},
	{
		"attributes asked for by name", "those alone",
		documented("SQS API Reference, GetQueueAttributes"),
		func(e *sqsEnv) string {
			out, err := e.c.GetQueueAttributes(e.ctx, &sqs.GetQueueAttributesInput{QueueUrl: e.queue(), AttributeNames: []types.QueueAttributeName{"VisibilityTimeout", "QueueArn"}})
			if err != nil {
				return told(err)
			}
			if len(out.Attributes) != 2 || out.Attributes["VisibilityTimeout"] != "30" {
				return fmt.Sprintf("%d attributes", len(out.Attributes))
			}
			return "those alone"
		},
	},
	{
		"the three counts of a queue", "2 visible, 1 in flight, 1 delayed",
		documented("SQS API Reference, GetQueueAttributes"),
		func(e *sqsEnv) string {
			q := e.queue()
			e.send(q, "a", "b", "c")
			if _, err := e.c.SendMessage(e.ctx, &sqs.SendMessageInput{QueueUrl: q, MessageBody: new("d"), DelaySeconds: 900}); err != nil {
				return told(err)
			}
			e.get(q, 600)
			return e.depth(q)
		},
	},
	{
		"listing queues by prefix, two a page", "2 and a token, then 1",
		documented("SQS API Reference, ListQueues"),
		func(e *sqsEnv) string {
			for range 3 {
				e.queue()
			}
			in := &sqs.ListQueuesInput{QueueNamePrefix: &e.prefix, MaxResults: new(int32(2))}
			one, err := e.c.ListQueues(e.ctx, in)
			if err != nil {
				return told(err)
			}
			if one.NextToken == nil {
				return fmt.Sprintf("%d and no token", len(one.QueueUrls))
			}
			in.NextToken = one.NextToken
			two, err := e.c.ListQueues(e.ctx, in)
			if err != nil {
				return told(err)
			}
			return fmt.Sprintf("%d and a token, then %d", len(one.QueueUrls), len(two.QueueUrls))
		},
	},
	{
		"purging a queue twice within 60 seconds", "accepted, PurgeQueueInProgress (AWS.SimpleQueueService.PurgeQueueInProgress)",
		documented("SQS API Reference, PurgeQueue"),
		func(e *sqsEnv) string {
			q := e.queue()
			_, err1 := e.c.PurgeQueue(e.ctx, &sqs.PurgeQueueInput{QueueUrl: q})
			_, err2 := e.c.PurgeQueue(e.ctx, &sqs.PurgeQueueInput{QueueUrl: q})
			return toldAll(err1, err2)
		},
	},
	{
		"creating a queue within 60 seconds of its deletion", "QueueDeletedRecently (AWS.SimpleQueueService.QueueDeletedRecently)",
		documented("SQS API Reference, DeleteQueue and CreateQueue"),
		func(e *sqsEnv) string {
			name := e.name()
			q, err := e.create(name)
			if err != nil {
				return told(err)
			}
			if _, err := e.c.DeleteQueue(e.ctx, &sqs.DeleteQueueInput{QueueUrl: q}); err != nil {
				return told(err)
			}
			_, err = e.create(name)
			return told(err)
		},
	},
}
