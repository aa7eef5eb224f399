package sqs

import (
	"errors"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"relock/internal/sandbox/wire"
)

// random is what differs from run to run in a reply.
var random = regexp.MustCompile(`(<(?:MessageId|ReceiptHandle|Name>SentTimestamp</Name><Value|Name>ApproximateFirstReceiveTimestamp</Name><Value)>)[^<]+`)

// form makes a call by the query protocol, to path, and returns the XML.
func (r *rig) form(path, body string) string {
	r.t.Helper()
	svc := r.Query()
	c := &wire.Call{
		Service: SigningName, Region: "eu-west-1", Body: []byte(body), Endpoint: "http://sqs.test", RequestID: "ID",
		Caller: wire.Caller{UserID: "AIDATEST"}, HTTP: httptest.NewRequest("POST", "http://sqs.test"+path, nil),
	}
	c.Operation = svc.Protocol.Operation(c.HTTP, c.Body)
	w := httptest.NewRecorder()
	result, err := svc.Operations[c.Operation](r.t.Context(), c)
	if e, ok := errors.AsType[*wire.Error](err); ok {
		svc.Protocol.Error(w, c, e)
	} else if err != nil {
		r.t.Fatalf("%s: %v", body, err)
	} else {
		svc.Protocol.Result(w, c, result)
	}
	return random.ReplaceAllString(w.Body.String(), "${1}*")
}

// TestQuery has forms and replies as SQS's API reference shows them for the version
// 2012-11-05.
func TestQuery(t *testing.T) {
	t.Parallel()
	r := newRig(t, Config{})
	for _, tt := range []struct{ name, path, form, want string }{
		{"a map", "/", "Action=CreateQueue&Version=2012-11-05&QueueName=q&Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=40&Attribute.2.Name=DelaySeconds&Attribute.2.Value=0", `
			<CreateQueueResponse><CreateQueueResult><QueueUrl>http://sqs.test/123456789012/q</QueueUrl></CreateQueueResult></CreateQueueResponse>`},
		{"a list of texts out", "/", "Action=ListQueues&QueueNamePrefix=q&MaxResults=10", `
			<ListQueuesResponse><ListQueuesResult><QueueUrl>http://sqs.test/123456789012/q</QueueUrl></ListQueuesResult></ListQueuesResponse>`},
		{"a list of texts in, a map out", "/", "Action=GetQueueAttributes&QueueUrl=http://sqs.test/123456789012/q&AttributeName.1=VisibilityTimeout&AttributeName.2=QueueArn", `
			<GetQueueAttributesResponse><GetQueueAttributesResult><Attribute><Name>QueueArn</Name><Value>arn:aws:sqs:eu-west-1:123456789012:q</Value></Attribute><Attribute><Name>VisibilityTimeout</Name><Value>40</Value></Attribute></GetQueueAttributesResult></GetQueueAttributesResponse>`},
		{"no result, and the queue in the path", "/123456789012/q", "Action=SetQueueAttributes&Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=50", `
			<SetQueueAttributesResponse></SetQueueAttributesResponse>`},
		{"a map of objects", "/123456789012/q", "Action=SendMessage&MessageBody=" + url.QueryEscape("a <&> é\r\n") + "&DelaySeconds=0&MessageAttribute.1.Name=k&MessageAttribute.1.Value.StringValue=v&MessageAttribute.1.Value.DataType=String&MessageAttribute.2.Name=b&MessageAttribute.2.Value.BinaryValue=AAEC&MessageAttribute.2.Value.DataType=Binary", `
			<SendMessageResponse><SendMessageResult><MD5OfMessageAttributes>be02e3abd71bdb706ac8ceaa4b750a75</MD5OfMessageAttributes><MD5OfMessageBody>8df973a7f3dcd9f322bc43a4bbc0cc56</MD5OfMessageBody><MessageId>*</MessageId></SendMessageResult></SendMessageResponse>`},
		{"a receive", "/123456789012/q", "Action=ReceiveMessage&MaxNumberOfMessages=10&VisibilityTimeout=30&WaitTimeSeconds=0&AttributeName.1=All&MessageAttributeName.1=All", `
			<ReceiveMessageResponse><ReceiveMessageResult><Message>
			<Attribute><Name>ApproximateFirstReceiveTimestamp</Name><Value>*</Value></Attribute><Attribute><Name>ApproximateReceiveCount</Name><Value>1</Value></Attribute><Attribute><Name>SenderId</Name><Value>AIDATEST</Value></Attribute><Attribute><Name>SentTimestamp</Name><Value>*</Value></Attribute>
			<Body>a &lt;&amp;&gt; é&#xD;&#xA;</Body><MD5OfBody>8df973a7f3dcd9f322bc43a4bbc0cc56</MD5OfBody><MD5OfMessageAttributes>be02e3abd71bdb706ac8ceaa4b750a75</MD5OfMessageAttributes>
			<MessageAttribute><Name>b</Name><Value><BinaryValue>AAEC</BinaryValue><DataType>Binary</DataType></Value></MessageAttribute><MessageAttribute><Name>k</Name><Value><DataType>String</DataType><StringValue>v</StringValue></Value></MessageAttribute>
			<MessageId>*</MessageId><ReceiptHandle>*</ReceiptHandle></Message></ReceiveMessageResult></ReceiveMessageResponse>`},
		{"nothing received", "/123456789012/q", "Action=ReceiveMessage", `
			<ReceiveMessageResponse><ReceiveMessageResult></ReceiveMessageResult></ReceiveMessageResponse>`},
		{"a batch, in the order of its numbers", "/123456789012/q", "Action=SendMessageBatch&SendMessageBatchRequestEntry.10.Id=z&SendMessageBatchRequestEntry.10.MessageBody=z&SendMessageBatchRequestEntry.2.Id=a&SendMessageBatchRequestEntry.2.MessageBody=a&SendMessageBatchRequestEntry.2.MessageAttribute.1.Name=k&SendMessageBatchRequestEntry.2.MessageAttribute.1.Value.StringValue=1&SendMessageBatchRequestEntry.2.MessageAttribute.1.Value.DataType=Number&SendMessageBatchRequestEntry.11.Id=bad&SendMessageBatchRequestEntry.11.MessageBody=%01", `
			<SendMessageBatchResponse><SendMessageBatchResult>
			<BatchResultErrorEntry><Code>InvalidMessageContents</Code><Id>bad</Id><Message>Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF</Message><SenderFault>true</SenderFault></BatchResultErrorEntry>
			<SendMessageBatchResultEntry><Id>a</Id><MD5OfMessageAttributes>6aa334dfd8bc61c9cf3e2031484834af</MD5OfMessageAttributes><MD5OfMessageBody>0cc175b9c0f1b6a831c399e269772661</MD5OfMessageBody><MessageId>*</MessageId></SendMessageBatchResultEntry>
			<SendMessageBatchResultEntry><Id>z</Id><MD5OfMessageBody>fbade9e36a3f36d3d676c1b808451dd7</MD5OfMessageBody><MessageId>*</MessageId></SendMessageBatchResultEntry>
			</SendMessageBatchResult></SendMessageBatchResponse>`},
		{"a queue that does not exist", "/", "Action=GetQueueUrl&QueueName=none", `
			<ErrorResponse><Error><Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code><Message>The specified queue does not exist.</Message></Error><RequestId>ID</RequestId></ErrorResponse>`},
		{"a number that is none", "/123456789012/q", "Action=ReceiveMessage&WaitTimeSeconds=x", `
			<ErrorResponse><Error><Type>Sender</Type><Code>SerializationException</Code><Message>string can not be converted to int64 (member WaitTimeSeconds)</Message></Error><RequestId>ID</RequestId></ErrorResponse>`},
		{"no form", "/?Action=ListQueues", "%", `
			<ErrorResponse><Error><Type>Sender</Type><Code>MalformedQueryString</Code><Message>The query string contains a syntax error</Message></Error><RequestId>ID</RequestId></ErrorResponse>`},
		{"a deep one", "/?Action=ListQueues", "a.b.c.d.e.f.g.h.i=1", `
			<ErrorResponse><Error><Type>Sender</Type><Code>MalformedQueryString</Code><Message>The parameter &#34;a.b.c.d.e.f.g.h.i&#34; is nested too deeply</Message></Error><RequestId>ID</RequestId></ErrorResponse>`},
		{"all in the URL", "/123456789012/q?Action=PurgeQueue&Version=2012-11-05", "", `
			<PurgeQueueResponse></PurgeQueueResponse>`},
	} {
		want := strings.NewReplacer("\n", "", "\t", "").Replace(tt.want)
		got := strings.NewReplacer(` xmlns="http://queue.amazonaws.com/doc/2012-11-05/"`, "", "<ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata>", "").Replace(r.form(tt.path, tt.form))
		if got != want {
			t.Errorf("%s: %s\n got %s\nwant %s", tt.name, tt.form, got, want)
		}
	}
}

// Whatever is sent as a form is answered.
func FuzzQuery(f *testing.F) {
	for _, s := range []string{
		"Action=SendMessage&QueueUrl=http://sqs.test/123456789012/q&MessageBody=x&MessageAttribute.1.Name=k&MessageAttribute.1.Value.StringValue=v",
		"Action=CreateQueue&QueueName=x&Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=40&Tag.1.Key=a&Tag.1.Value=b",
		"Action=DeleteMessageBatch&DeleteMessageBatchRequestEntry.1.Id=a&DeleteMessageBatchRequestEntry.1.ReceiptHandle=b",
		"Action=ReceiveMessage&a.1=&a.2.b=&.=&..=1&Value=&1=2",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		r := newRig(t, Config{})
		r.queue("q", nil)
		values, err := url.ParseQuery(body)
		if _, ok := r.ops[values.Get("Action")]; err != nil || !ok || values.Get("WaitTimeSeconds") > "0" {
			return
		}
		if out := r.form("/123456789012/q", body); !strings.HasPrefix(out, "<"+values.Get("Action")+"Response ") && !strings.HasPrefix(out, "<ErrorResponse ") {
			t.Errorf("%q: %s", body, out)
		}
	})
}
