package sqs

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestErrors is AWS's answer to each breach of a rule.
func TestErrors(t *testing.T) {
	t.Parallel()
	const (
		invalid = "InvalidParameterValueException InvalidParameterValue: "
		absent  = "MissingRequiredParameterException MissingParameter: The request must contain the parameter "
		batch   = " AWS.SimpleQueueService."
	)
	mib := strings.Repeat("x", maxPayload)
	entries := func(n int, body string) []object {
		var out []object
		for i := range n {
			out = append(out, object{"Id": fmt.Sprint(i), "MessageBody": body, "ReceiptHandle": "x", "VisibilityTimeout": 1})
		}
		return out
	}
	text := func(s string) object { return object{"DataType": "String", "StringValue": s} }
	tests := []struct {
		name, op string
		in       object
		want     string // code, query code, message; may end with * for "and so on"
	}{
		{"no such queue", "SendMessage", object{"QueueUrl": "http://sqs.test/123456789012/none", "MessageBody": "x"}, "QueueDoesNotExist AWS.SimpleQueueService.NonExistentQueue: The specified queue does not exist."},
		{"another account", "SendMessage", object{"QueueUrl": "http://sqs.test/000000000000/q", "MessageBody": "x"}, "QueueDoesNotExist AWS.SimpleQueueService.NonExistentQueue: The specified queue does not exist."},
		{"no queue's address", "SendMessage", object{"QueueUrl": "http://sqs.test/q", "MessageBody": "x"}, "InvalidAddress : The address http://sqs.test/q is not valid for this endpoint."},
		{"no queue", "ReceiveMessage", object{}, absent + "QueueUrl."},
		{"no such name", "GetQueueUrl", object{"QueueName": "none"}, "QueueDoesNotExist*"},
		{"wrong type", "ReceiveMessage", object{"QueueUrl": 7}, "SerializationException : number can not be converted to string*"},

		{"no body", "SendMessage", object{}, absent + "MessageBody."},
		{"empty body", "SendMessage", object{"MessageBody": ""}, absent + "MessageBody."},
		{"body too long", "SendMessage", object{"MessageBody": mib + "x"}, invalid + "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes."},
		{"body and attributes too long", "SendMessage", object{"MessageBody": mib, "MessageAttributes": object{"a": text("b")}}, invalid + "One or more*"},
		{"control character", "SendMessage", object{"MessageBody": "a\x08b"}, "InvalidMessageContents : Invalid characters found.*"},
		{"noncharacter", "SendMessage", object{"MessageBody": "a\uFFFEb"}, "InvalidMessageContents*"},
		{"delay", "SendMessage", object{"MessageBody": "x", "DelaySeconds": 901}, invalid + "Value 901 for parameter DelaySeconds is invalid.*"},
		{"deduplication on a standard queue", "SendMessage", object{"MessageBody": "x", "MessageDeduplicationId": "d"}, invalid + "Value d for parameter MessageDeduplicationId is invalid.*"},
		{"attribute without type", "SendMessage", object{"MessageBody": "x", "MessageAttributes": object{"a": object{"StringValue": "b"}}}, invalid + "The message (user) attribute 'a' must contain a non-empty message attribute type."},
		{"attribute of an unknown type", "SendMessage", object{"MessageBody": "x", "MessageAttributes": object{"a": object{"DataType": "Date", "StringValue": "b"}}}, invalid + "The message (user) attribute 'a' has an invalid message attribute type*"},
		{"empty attribute", "SendMessage", object{"MessageBody": "x", "MessageAttributes": object{"a": text("")}}, invalid + "Message (user) attribute 'a' must contain a non-empty value of type 'String'."},
		{"attribute's name", "SendMessage", object{"MessageBody": "x", "MessageAttributes": object{"aws.a": text("b")}}, invalid + "The message attribute name 'aws.a' is invalid.*"},
		{"number", "SendMessage", object{"MessageBody": "x", "MessageAttributes": object{"a": object{"DataType": "Number", "StringValue": "b"}}}, invalid + "Can't cast the value of message (user) attribute 'a' to a number."},
		{"eleven attributes", "SendMessage", object{"MessageBody": "x", "MessageAttributes": object{
			"a": text("x"), "b": text("x"), "c": text("x"), "d": text("x"), "e": text("x"), "f": text("x"), "g": text("x"), "h": text("x"), "i": text("x"), "j": text("x"), "k": text("x"),
		}}, invalid + "Number of message attributes [11] exceeds the allowed maximum [10]."},
		{"system attribute", "SendMessage", object{"MessageBody": "x", "MessageSystemAttributes": object{"Mine": text("x")}}, invalid + "Message system attribute name 'Mine' is invalid."},

		{"empty batch", "SendMessageBatch", object{"Entries": []object{}}, "EmptyBatchRequest" + batch + "EmptyBatchRequest: There should be at least one SendMessageBatchRequestEntry in the request."},
		{"eleven entries", "SendMessageBatch", object{"Entries": entries(11, "x")}, "TooManyEntriesInBatchRequest" + batch + "TooManyEntriesInBatchRequest: Maximum number of entries per request are 10. You have sent 11."},
		{"eleven deletes", "DeleteMessageBatch", object{"Entries": entries(11, "x")}, "TooManyEntriesInBatchRequest*"},
		{"eleven changes", "ChangeMessageVisibilityBatch", object{"Entries": entries(11, "x")}, "TooManyEntriesInBatchRequest*"},
		{"same ID twice", "DeleteMessageBatch", object{"Entries": []object{{"Id": "a"}, {"Id": "a"}}}, "BatchEntryIdsNotDistinct" + batch + "BatchEntryIdsNotDistinct: Id a repeated."},
		{"ID with a colon", "SendMessageBatch", object{"Entries": []object{{"Id": "a:b", "MessageBody": "x"}}}, "InvalidBatchEntryId" + batch + "InvalidBatchEntryId: A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."},
		{"ID of 81", "SendMessageBatch", object{"Entries": []object{{"Id": strings.Repeat("a", 81), "MessageBody": "x"}}}, "InvalidBatchEntryId*"},
		{"empty ID", "SendMessageBatch", object{"Entries": []object{{"Id": "", "MessageBody": "x"}}}, "InvalidBatchEntryId*"},
		{"no ID", "SendMessageBatch", object{"Entries": []object{{"MessageBody": "x"}}}, absent + "SendMessageBatchRequestEntry.Id."},
		{"batch too long", "SendMessageBatch", object{"Entries": entries(2, mib[:maxPayload/2+1])}, "BatchRequestTooLong" + batch + "BatchRequestTooLong: Batch requests cannot be longer than 1048576 bytes. You have sent 1048578 bytes."},

		{"eleven messages", "ReceiveMessage", object{"MaxNumberOfMessages": 11}, invalid + "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."},
		{"no messages", "ReceiveMessage", object{"MaxNumberOfMessages": 0}, invalid + "Value 0 for parameter MaxNumberOfMessages is invalid.*"},
		{"wait of 21", "ReceiveMessage", object{"WaitTimeSeconds": 21}, invalid + "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided."},
		{"visibility of 12 h and 1 s", "ReceiveMessage", object{"VisibilityTimeout": 43201}, invalid + "Value 43201 for parameter VisibilityTimeout is invalid. Reason: Must be >= 0 and <= 43200, if provided."},

		{"no handle", "DeleteMessage", object{}, absent + "ReceiptHandle."},
		{"no handle of ours", "DeleteMessage", object{"ReceiptHandle": "abc"}, `ReceiptHandleIsInvalid : The input receipt handle "abc" is not a valid receipt handle.`},
		{"no visibility", "ChangeMessageVisibility", object{"ReceiptHandle": "$HANDLE"}, absent + "VisibilityTimeout."},
		{"visibility too long", "ChangeMessageVisibility", object{"ReceiptHandle": "$HANDLE", "VisibilityTimeout": 43201}, invalid + "Value 43201 for parameter VisibilityTimeout*"},
		{"another queue's handle", "ChangeMessageVisibility", object{"ReceiptHandle": "$OTHER", "VisibilityTimeout": 1}, "ReceiptHandleIsInvalid*"},
		{"a handle cut short", "DeleteMessage", object{"ReceiptHandle": "$CUT"}, "ReceiptHandleIsInvalid*"},
		{"a handle changed", "DeleteMessage", object{"ReceiptHandle": "$CHANGED"}, "ReceiptHandleIsInvalid*"},
		{"a deleted message's handle", "ChangeMessageVisibility", object{"ReceiptHandle": "$DELETED", "VisibilityTimeout": 1}, invalid + "Value $DELETED for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change."},

		{"queue's name", "CreateQueue", object{"QueueName": "a.b"}, invalid + "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"},
		{"FIFO queue's name", "CreateQueue", object{"QueueName": "a", "Attributes": object{"FifoQueue": "true"}}, invalid + "The name of a FIFO queue can only include*"},
		{"suffix without FifoQueue", "CreateQueue", object{"QueueName": "a.fifo"}, invalid + "Can only include*"},
		{"other attributes", "CreateQueue", object{"QueueName": "q", "Attributes": object{"DelaySeconds": "1"}}, "QueueNameExists QueueAlreadyExists: A queue already exists with the same name and a different value for attribute DelaySeconds"},
		{"unknown attribute", "SetQueueAttributes", object{"Attributes": object{"Colour": "red"}}, "InvalidAttributeName : Unknown Attribute Colour."},
		{"attribute out of range", "SetQueueAttributes", object{"Attributes": object{"VisibilityTimeout": "43201"}}, "InvalidAttributeValue : Invalid value for the parameter VisibilityTimeout."},
		{"size out of range", "SetQueueAttributes", object{"Attributes": object{"MaximumMessageSize": "1048577"}}, "InvalidAttributeValue*"},
		{"FIFO later", "SetQueueAttributes", object{"Attributes": object{"FifoQueue": "true"}}, "InvalidAttributeName : Unknown Attribute FifoQueue."},
		{"asking for an unknown attribute", "GetQueueAttributes", object{"AttributeNames": []string{"Colour"}}, "InvalidAttributeName : Unknown Attribute Colour."},
		{"two encryptions", "SetQueueAttributes", object{"Attributes": object{"KmsMasterKeyId": "alias/k", "SqsManagedSseEnabled": "true"}}, "InvalidAttributeName : You can use one type*"},
		{"redrive to nowhere", "SetQueueAttributes", object{"Attributes": object{"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:123456789012:none","maxReceiveCount":3}`}}, invalid + `Value {"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:123456789012:none","maxReceiveCount":3} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.`},
		{"redrive to no ARN", "SetQueueAttributes", object{"Attributes": object{"RedrivePolicy": `{"deadLetterTargetArn":"dummy","maxReceiveCount":42}`}}, invalid + `Value {"deadLetterTargetArn":"dummy","maxReceiveCount":42} for parameter RedrivePolicy is invalid. Reason: Invalid value for deadLetterTargetArn.`},
		{"redrive after none", "SetQueueAttributes", object{"Attributes": object{"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:123456789012:other","maxReceiveCount":0}`}}, "*Reason: Invalid value for maxReceiveCount: 0, valid values are from 1 to 1000 both inclusive."},
		{"redrive to a FIFO queue", "SetQueueAttributes", object{"Attributes": object{"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:123456789012:f.fifo","maxReceiveCount":3}`}}, "*Reason: Dead-letter queue must be same type of queue as the source."},
		{"page size", "ListQueues", object{"MaxResults": 1001}, invalid + "*"},

		{"no group", "SendMessage", object{"QueueUrl": "$FIFO", "MessageBody": "x"}, absent + "MessageGroupId."},
		{"no group in a batch", "SendMessageBatch", object{"QueueUrl": "$FIFO", "Entries": []object{{"Id": "a", "MessageBody": "x"}}}, invalid + "The request must contain the parameter MessageGroupId."},
		{"no deduplication", "SendMessage", object{"QueueUrl": "$FIFO", "MessageBody": "x", "MessageGroupId": "g"}, invalid + "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"},
		{"delay in a FIFO queue", "SendMessage", object{"QueueUrl": "$FIFO", "MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "d", "DelaySeconds": 2}, invalid + "Value 2 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type."},
	}

	r := newRig(t, Config{})
	url := r.queue("q", nil)
	other := r.queue("other", nil)
	fifo := r.queue("f.fifo", map[string]string{"FifoQueue": "true"})
	hold := func(url string) string {
		r.send(url, "x")
		return r.receive(url, nil)[0].handle
	}
	handle, otherHandle, deleted := hold(url), hold(other), hold(url)
	r.must("DeleteMessage", object{"QueueUrl": url, "ReceiptHandle": deleted})
	changed := "B" + handle[1:]
	fill := strings.NewReplacer("$HANDLE", handle, "$OTHER", otherHandle, "$CUT", handle[:len(handle)-4], "$CHANGED", changed, "$DELETED", deleted, "$FIFO", fifo)
	before := r.depth("q")

	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := object{}
			if strings.Contains(tt.op, "Message") || strings.Contains(tt.op, "Attributes") {
				in["QueueUrl"] = url
			}
			if tt.name == "no queue" {
				delete(in, "QueueUrl")
			}
			for k, v := range tt.in {
				if s, ok := v.(string); ok {
					v = fill.Replace(s)
				}
				in[k] = v
			}
			_, e := r.call(tt.op, in)
			if e == nil {
				t.Fatal("no error")
			}
			got := e.Code + " " + e.QueryCode + ": " + e.Message
			want := fill.Replace(tt.want)
			switch {
			case strings.HasPrefix(want, "*"):
				if !strings.HasSuffix(got, want[1:]) {
					t.Errorf("got  %s\nwant %s", got, want)
				}
			case strings.HasSuffix(want, "*"):
				if !strings.HasPrefix(got, want[:len(want)-1]) {
					t.Errorf("got  %s\nwant %s", got, want)
				}
			case got != want:
				t.Error(cmp.Diff(want, got))
			}
		})
	}
	if after := r.depth("q"); after != before {
		t.Errorf("refused requests changed the queue from %+v to %+v", before, after)
	}
}

// In a batch, one bad entry does not hold up the others.
func TestBatchEntries(t *testing.T) {
	t.Parallel()
	r := newRig(t, Config{})
	url := r.queue("q", map[string]string{"MaximumMessageSize": "1024"})
	out := r.must("SendMessageBatch", object{"QueueUrl": url, "Entries": []object{
		{"Id": "good", "MessageBody": "x"},
		{"Id": "control", "MessageBody": "\x00"},
		{"Id": "long", "MessageBody": strings.Repeat("x", 1025)},
		{"Id": "delay", "MessageBody": "x", "DelaySeconds": 1000},
		{"Id": "also-good", "MessageBody": strings.Repeat("x", 1024)},
	}})
	if got, want := ids(out["Successful"]), "good also-good"; got != want {
		t.Errorf("successful: %s, want %s", got, want)
	}
	if got, want := codes(out["Failed"]), "control:InvalidMessageContents long:InvalidParameterValue delay:InvalidParameterValue"; got != want {
		t.Errorf("failed: %s, want %s", got, want)
	}

	m := r.receive(url, nil)
	del := func() object {
		return r.must("DeleteMessageBatch", object{"QueueUrl": url, "Entries": []object{
			{"Id": "a", "ReceiptHandle": m[0].handle}, {"Id": "b", "ReceiptHandle": "nonsense"}, {"Id": "c", "ReceiptHandle": m[1].handle},
		}})
	}
	out = del()
	if got := ids(out["Successful"]) + " / " + codes(out["Failed"]); got != "a c / b:ReceiptHandleIsInvalid" {
		t.Errorf("delete: %s", got)
	}
	if d := r.depth("q"); d != (Depth{}) {
		t.Errorf("depth %+v", d)
	}
	out = del()
	if got := ids(out["Successful"]); got != "a c" {
		t.Errorf("deleting again: %s", got)
	}
	out = r.must("ChangeMessageVisibilityBatch", object{"QueueUrl": url, "Entries": []object{
		{"Id": "a", "ReceiptHandle": m[0].handle, "VisibilityTimeout": 1}, {"Id": "b", "ReceiptHandle": m[1].handle},
	}})
	if got := codes(out["Failed"]); got != "a:InvalidParameterValue b:MissingParameter" {
		t.Errorf("change: %s", got)
	}
}

func ids(v any) string {
	var out []string
	for _, e := range v.([]any) {
		out = append(out, e.(object)["Id"].(string))
	}
	return strings.Join(out, " ")
}

func codes(v any) string {
	var out []string
	for _, e := range v.([]any) {
		e := e.(object)
		out = append(out, e["Id"].(string)+":"+e["Code"].(string))
	}
	return strings.Join(out, " ")
}

func TestFIFO(t *testing.T) {
	t.Parallel()
	r := newRig(t, Config{})
	url := r.queue("f.fifo", map[string]string{"FifoQueue": "true", "ContentBasedDeduplication": "true"})
	got := r.must("GetQueueAttributes", object{"QueueUrl": url, "AttributeNames": []string{"FifoQueue"}})
	if diff := cmp.Diff(object{"Attributes": object{"FifoQueue": "true"}}, got); diff != "" {
		t.Error(diff)
	}
	sent := map[string]object{}
	for _, m := range [][2]string{{"a", "1"}, {"b", "2"}, {"a", "3"}, {"a", "3"}} {
		out := r.must("SendMessage", object{"QueueUrl": url, "MessageBody": m[1], "MessageGroupId": m[0]})
		if old, ok := sent[m[1]]; ok && (old["MessageId"] != out["MessageId"] || old["SequenceNumber"] != out["SequenceNumber"]) {
			t.Errorf("a duplicate got another ID: %v, %v", old, out)
		}
		sent[m[1]] = out
	}
	first := r.receive(url, object{"MaxNumberOfMessages": 1})
	if first[0].body != "1" {
		t.Fatalf("received %+v", first)
	}
	if got := r.bodies(url, nil); got != "2" { // the group a waits for 1
		t.Errorf("received %q while 1 is in flight", got)
	}
	r.must("DeleteMessage", object{"QueueUrl": url, "ReceiptHandle": first[0].handle})
	if got := r.bodies(url, object{"VisibilityTimeout": 0}); got != "3" {
		t.Errorf("received %q after 1 was deleted", got)
	}
	if _, e := r.call("DeleteMessage", object{"QueueUrl": url, "ReceiptHandle": r.receive(url, object{"VisibilityTimeout": 0})[0].handle}); e == nil || !strings.HasSuffix(e.Message, "The receipt handle has expired.") {
		t.Errorf("deleting with an expired handle: %v", e)
	}
}
