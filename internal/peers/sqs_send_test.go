package peers

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const mib = 1 << 20

// sendBehaviours: what a message may be.
var sendBehaviours = []behaviour[*sqsEnv]{
	{
		"a body of exactly 1 MiB", "comes back whole",
		documented("SQS API Reference, SendMessage; SQS Developer Guide, message quotas"),
		func(e *sqsEnv) string {
			q := e.queue()
			body := strings.Repeat("0123456789abcdef", mib/16)
			if err := e.trySend(q, body); err != nil {
				return told(err)
			}
			if got := e.get(q, 60); *got.Body != body {
				return fmt.Sprintf("comes back as %d bytes", len(*got.Body))
			}
			return "comes back whole"
		},
	},
	{
		"a body of 1 MiB and one byte", "InvalidParameterValue",
		documented("SQS API Reference, SendMessage"),
		func(e *sqsEnv) string { return told(e.trySend(e.queue(), strings.Repeat("x", mib+1))) },
	},
	{
		"a body over the queue's own MaximumMessageSize", "InvalidParameterValue",
		documented("SQS API Reference, CreateQueue, MaximumMessageSize"),
		func(e *sqsEnv) string {
			return told(e.trySend(e.queue("MaximumMessageSize", "1024"), strings.Repeat("x", 1025)))
		},
	},
	{
		"an empty body", "MissingParameter",
		seen("SQS API Reference, SendMessage, has the minimum of one character, and no code"),
		func(e *sqsEnv) string { return told(e.trySend(e.queue(), "")) },
	},
	{
		"characters that are permitted, up to U+FFFD", "come back unchanged",
		documented("SQS API Reference, SendMessage"),
		func(e *sqsEnv) string { return back(e, "a\tb\nc\rd <&>\"' é \ud7ff \ue000 \ufffd") },
	},
	{
		"characters that are permitted, over U+FFFF", "come back unchanged",
		documented("SQS API Reference, SendMessage"),
		func(e *sqsEnv) string { return back(e, "\U00010000 🙂 \U0010ffff") },
	},
	{
		"characters that are not: U+0001, U+000B, U+001F, U+FFFE, U+FFFF", "InvalidMessageContents",
		documented("SQS API Reference, SendMessage, InvalidMessageContents"),
		func(e *sqsEnv) string {
			q := e.queue()
			return toldAll(e.trySend(q, "a\u0001b"), e.trySend(q, "a\u000bb"), e.trySend(q, "a\u001fb"), e.trySend(q, "a\ufffeb"), e.trySend(q, "a\uffffb"))
		},
	},
	{
		"a delay of 901 seconds", "InvalidParameterValue",
		documented("SQS API Reference, SendMessage, DelaySeconds"),
		func(e *sqsEnv) string {
			_, err := e.c.SendMessage(e.ctx, &sqs.SendMessageInput{QueueUrl: e.queue(), MessageBody: new("x"), DelaySeconds: 901})
			return told(err)
		},
	},
	{
		"a delay of two seconds", "not there at once, there after it",
		documented("SQS API Reference, SendMessage, DelaySeconds"),
		func(e *sqsEnv) string {
			q := e.queue()
			sent := time.Now()
			if _, err := e.c.SendMessage(e.ctx, &sqs.SendMessageInput{QueueUrl: q, MessageBody: new("x"), DelaySeconds: 2}); err != nil {
				return told(err)
			}
			e.get(q, 60)
			if time.Since(sent) < 1900*time.Millisecond {
				return fmt.Sprintf("there after %v", time.Since(sent))
			}
			return "not there at once, there after it"
		},
	},
	{
		"a message's attributes", "come back with name, type and value",
		documented("SQS API Reference, SendMessage and ReceiveMessage"),
		func(e *sqsEnv) string {
			q := e.queue()
			in := map[string]types.MessageAttributeValue{
				"colour": {DataType: new("String"), StringValue: new("réd")},
				"size":   {DataType: new("Number.int"), StringValue: new("12")},
				"raw":    {DataType: new("Binary"), BinaryValue: []byte{0, 1, 255}},
			}
			if _, err := e.c.SendMessage(e.ctx, &sqs.SendMessageInput{QueueUrl: q, MessageBody: new("x"), MessageAttributes: in}); err != nil {
				return told(err)
			}
			got := e.get(q, 60).MessageAttributes
			for name, want := range in {
				g := got[name]
				if g.DataType == nil || *g.DataType != *want.DataType || string(g.BinaryValue) != string(want.BinaryValue) ||
					want.StringValue != nil && (g.StringValue == nil || *g.StringValue != *want.StringValue) {
					return "come back changed: " + name
				}
			}
			return "come back with name, type and value"
		},
	},
	{
		"eleven attributes of a message", "InvalidParameterValue",
		documented("SQS Developer Guide, message metadata: up to 10"),
		func(e *sqsEnv) string {
			in := map[string]types.MessageAttributeValue{}
			for i := range 11 {
				in[fmt.Sprintf("a%d", i)] = types.MessageAttributeValue{DataType: new("String"), StringValue: new("x")}
			}
			_, err := e.c.SendMessage(e.ctx, &sqs.SendMessageInput{QueueUrl: e.queue(), MessageBody: new("x"), MessageAttributes: in})
			return told(err)
		},
	},
	{
		"a message group in a standard queue", "accepted, and comes back",
		documented("SQS Developer Guide, fair queues; SQS API Reference, SendMessage, MessageGroupId"),
		func(e *sqsEnv) string {
			q := e.queue()
			if _, err := e.c.SendMessage(e.ctx, &sqs.SendMessageInput{QueueUrl: q, MessageBody: new("x"), MessageGroupId: new("tenant-1")}); err != nil {
				return told(err)
			}
			if got := e.get(q, 60).Attributes[string(types.MessageSystemAttributeNameMessageGroupId)]; got != "tenant-1" {
				return "accepted, and does not come back"
			}
			return "accepted, and comes back"
		},
	},
	{
		"a deduplication ID in a standard queue", "InvalidParameterValue",
		seen("SQS API Reference, SendMessage, MessageDeduplicationId, has that it is for FIFO queues only"),
		func(e *sqsEnv) string {
			_, err := e.c.SendMessage(e.ctx, &sqs.SendMessageInput{QueueUrl: e.queue(), MessageBody: new("x"), MessageDeduplicationId: new("d")})
			return told(err)
		},
	},
}

// back sends a body and says how it comes back.
func back(e *sqsEnv, body string) string {
	q := e.queue()
	if err := e.trySend(q, body); err != nil {
		return told(err)
	}
	if got := *e.get(q, 60).Body; got != body {
		return fmt.Sprintf("come back as %q", got)
	}
	return "come back unchanged"
}

// batchBehaviours: batches.
var batchBehaviours = []behaviour[*sqsEnv]{
	{
		"an empty batch", "EmptyBatchRequest (AWS.SimpleQueueService.EmptyBatchRequest)",
		documented("SQS API Reference, SendMessageBatch"),
		func(e *sqsEnv) string {
			_, err := e.c.SendMessageBatch(e.ctx, &sqs.SendMessageBatchInput{QueueUrl: e.queue(), Entries: []types.SendMessageBatchRequestEntry{}})
			return told(err)
		},
	},
	{
		"a batch of eleven", "TooManyEntriesInBatchRequest (AWS.SimpleQueueService.TooManyEntriesInBatchRequest)",
		documented("SQS API Reference, SendMessageBatch"),
		func(e *sqsEnv) string {
			_, err := e.batch(e.queue(), entries(11)...)
			return told(err)
		},
	},
	{
		"a batch with an ID twice", "BatchEntryIdsNotDistinct (AWS.SimpleQueueService.BatchEntryIdsNotDistinct)",
		documented("SQS API Reference, SendMessageBatch"),
		func(e *sqsEnv) string {
			list := entries(2)
			list[1].Id = list[0].Id
			_, err := e.batch(e.queue(), list...)
			return told(err)
		},
	},
	{
		"entry IDs with a colon, of 81 characters, and empty", "InvalidBatchEntryId (AWS.SimpleQueueService.InvalidBatchEntryId)",
		documented("SQS API Reference, SendMessageBatchRequestEntry, Id"),
		func(e *sqsEnv) string {
			q := e.queue()
			var errs []error
			for _, id := range []string{"a:b", strings.Repeat("a", 81), ""} {
				list := entries(1)
				list[0].Id = &id
				_, err := e.batch(q, list...)
				errs = append(errs, err)
			}
			return toldAll(errs...)
		},
	},
	{
		"a batch of 1 MiB and two bytes", "BatchRequestTooLong (AWS.SimpleQueueService.BatchRequestTooLong)",
		documented("SQS API Reference, SendMessageBatch"),
		func(e *sqsEnv) string {
			list := entries(2)
			half := strings.Repeat("x", mib/2+1)
			list[0].MessageBody, list[1].MessageBody = &half, &half
			_, err := e.batch(e.queue(), list...)
			return told(err)
		},
	},
	{
		"a batch of exactly 1 MiB", "none failed",
		documented("SQS API Reference, SendMessageBatch"),
		func(e *sqsEnv) string {
			list := entries(2)
			half := strings.Repeat("x", mib/2)
			list[0].MessageBody, list[1].MessageBody = &half, &half
			out, err := e.batch(e.queue(), list...)
			if err != nil {
				return told(err)
			}
			return failed(out.Failed)
		},
	},
	{
		"a batch with one bad entry of three", "2 sent; InvalidMessageContents, the sender's fault",
		documented("SQS API Reference, SendMessageBatch and BatchResultErrorEntry"),
		func(e *sqsEnv) string {
			list := entries(3)
			list[1].MessageBody = new("\u0001")
			out, err := e.batch(e.queue(), list...)
			if err != nil {
				return told(err)
			}
			return fmt.Sprintf("%d sent; %s", len(out.Successful), failed(out.Failed))
		},
	},
	{
		"the reply to a batch of ten", "names every entry, with an ID and the body's MD5",
		documented("SQS API Reference, SendMessageBatch"),
		func(e *sqsEnv) string {
			out, err := e.batch(e.queue(), entries(10)...)
			if err != nil {
				return told(err)
			}
			seen := map[string]bool{}
			for _, s := range out.Successful {
				seen[*s.Id] = s.MessageId != nil && s.MD5OfMessageBody != nil
			}
			if len(seen) != 10 {
				return fmt.Sprintf("names %d entries", len(seen))
			}
			for _, well := range seen {
				if !well {
					return "names every entry, not all with ID and MD5"
				}
			}
			return "names every entry, with an ID and the body's MD5"
		},
	},
	{
		"deleting in a batch with one handle of nonsense", "1 deleted; ReceiptHandleIsInvalid, the sender's fault",
		documented("SQS API Reference, DeleteMessageBatch"),
		func(e *sqsEnv) string {
			q := e.queue()
			e.send(q, "x")
			m := e.get(q, 600)
			out, err := e.c.DeleteMessageBatch(e.ctx, &sqs.DeleteMessageBatchInput{QueueUrl: q, Entries: []types.DeleteMessageBatchRequestEntry{
				{Id: new("a"), ReceiptHandle: m.ReceiptHandle}, {Id: new("b"), ReceiptHandle: new("nonsense")},
			}})
			if err != nil {
				return told(err)
			}
			return fmt.Sprintf("%d deleted; %s", len(out.Successful), failed(out.Failed))
		},
	},
	{
		"changing visibility in a batch with one handle of nonsense", "1 changed; ReceiptHandleIsInvalid, the sender's fault",
		documented("SQS API Reference, ChangeMessageVisibilityBatch"),
		func(e *sqsEnv) string {
			q := e.queue()
			e.send(q, "x")
			m := e.get(q, 600)
			out, err := e.c.ChangeMessageVisibilityBatch(e.ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: q, Entries: []types.ChangeMessageVisibilityBatchRequestEntry{
				{Id: new("a"), ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: 60}, {Id: new("b"), ReceiptHandle: new("nonsense"), VisibilityTimeout: 60},
			}})
			if err != nil {
				return told(err)
			}
			return fmt.Sprintf("%d changed; %s", len(out.Successful), failed(out.Failed))
		},
	},
}
