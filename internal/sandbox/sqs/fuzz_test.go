package sqs

import (
	"encoding/json"
	"errors"
	"testing"
	"unicode/utf8"

	"relock/internal/sandbox/wire"
)

// FuzzSend sends any body to the operations that read the most. Whatever comes
// is answered; every entry of a batch is answered once; what was accepted can be
// received as it was sent.
func FuzzSend(f *testing.F) {
	const url = `"QueueUrl":"http://sqs.test/123456789012/q"`
	for _, s := range []string{
		`{` + url + `,"MessageBody":"x"}`,
		`{` + url + `,"MessageBody":"é\u0000","MessageAttributes":{"a":{"DataType":"Number","StringValue":"1"},"b":{"DataType":"Binary.x","BinaryValue":"AA=="}}}`,
		`{` + url + `,"Entries":[{"Id":"a","MessageBody":"x","DelaySeconds":1},{"Id":"b","MessageBody":"y","MessageSystemAttributes":{"AWSTraceHeader":{"DataType":"String","StringValue":"t"}}}]}`,
		`{` + url + `,"Entries":[{"Id":"a","ReceiptHandle":"x","VisibilityTimeout":1e1}]}`,
		`{` + url + `,"MaxNumberOfMessages":10,"WaitTimeSeconds":0,"AttributeNames":["All"]}`,
		`{"QueueUrl":"//"}`,
		`[`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := newRig(t, Config{})
		r.queue("q", nil)
		for _, op := range []string{"SendMessage", "SendMessageBatch", "DeleteMessageBatch", "ChangeMessageVisibilityBatch", "ReceiveMessage"} {
			var in struct {
				Entries         []struct{ Id string }
				WaitTimeSeconds int
			}
			if op == "ReceiveMessage" && json.Unmarshal(body, &in) == nil && in.WaitTimeSeconds > 0 {
				continue
			}
			before := r.depth("q")
			result, err := r.ops[op](t.Context(), &wire.Call{Operation: op, Region: "eu-west-1", Body: body})
			after := r.depth("q")
			if err != nil {
				if _, ok := errors.AsType[*wire.Error](err); !ok {
					t.Fatalf("%s: %v", op, err)
				}
				if before != after {
					t.Fatalf("%s failed with %v and changed the queue from %+v to %+v", op, err, before, after)
				}
				continue
			}
			text, err := json.Marshal(result)
			if err != nil {
				t.Fatalf("%s: %v", op, err)
			}
			if sent, ok := result.(sendBatchOutput); ok {
				_ = json.Unmarshal(body, &in)
				if len(sent.Successful)+len(sent.Failed) != len(in.Entries) || after.Visible+after.Delayed-before.Visible-before.Delayed != len(sent.Successful) {
					t.Fatalf("%d entries, reply %s, queue from %+v to %+v", len(in.Entries), text, before, after)
				}
			}
		}
		messages, err := r.Messages("q", 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range messages {
			if m.Body == "" || !utf8.ValidString(m.Body) || !permitted(m.Body) {
				t.Fatalf("the queue holds %q", m.Body)
			}
		}
	})
}

// FuzzHandle decodes any receipt handle: it is refused, or says exactly what was
// put into it.
func FuzzHandle(f *testing.F) {
	f.Add(handle{1, 2, 3, 4}.encode(5))
	f.Add("")
	f.Add("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==")
	f.Fuzz(func(t *testing.T, s string) {
		if h, ok := decodeHandle(s, 5); ok && h.encode(5) != s {
			t.Fatalf("%q is %+v, which is written %q", s, h, h.encode(5))
		}
	})
}
