package sandbox_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"relock/internal/sandbox"
	"relock/internal/sandbox/fault"
	"relock/internal/sandbox/wire"
)

func newQueue(t testing.TB, c *sqs.Client, name string, attributes map[string]string) *string {
	t.Helper()
	out, err := c.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	return out.QueueUrl
}

// TestRoundTrip takes every kind of content through the real client, which
// verifies the checksums.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	_, url := start(t, sandbox.Config{})
	c := client(t, url)
	q := newQueue(t, c, "q", nil)
	if want := url + "/123456789012/q"; *q != want {
		t.Errorf("queue URL %s, want %s", *q, want)
	}
	bodies := []string{"x", "é 日本 \U0001F600", "a\tb\r\nc", `{"k":"<&>\u2028"}`, "\uFFFD", strings.Repeat("x", 1<<20)}
	for _, body := range bodies {
		sent, err := c.SendMessage(t.Context(), &sqs.SendMessageInput{
			QueueUrl: q, MessageBody: &body,
			MessageSystemAttributes: map[string]types.MessageSystemAttributeValue{"AWSTraceHeader": {DataType: aws.String("String"), StringValue: aws.String("Root=1")}},
		})
		if err != nil {
			t.Fatalf("sending %.20q: %v", body, err)
		}
		got, err := c.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
			QueueUrl: q, MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"}, MessageAttributeNames: []string{"All"},
		})
		if err != nil || len(got.Messages) != 1 {
			t.Fatalf("receiving %.20q: %v, %v", body, got, err)
		}
		m := got.Messages[0]
		if *m.Body != body || *m.MessageId != *sent.MessageId || m.Attributes["AWSTraceHeader"] != "Root=1" ||
			m.Attributes["ApproximateReceiveCount"] != "1" || !strings.HasPrefix(m.Attributes["SenderId"], "AIDA") {
			t.Errorf("%.20q came back as %.20q, attributes %v", body, *m.Body, m.Attributes)
		}
		if _, err := c.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: q, ReceiptHandle: m.ReceiptHandle}); err != nil {
			t.Fatal(err)
		}
	}
}

// The sums are those of AWS, recorded by LocalStack's tests against it.
func TestMessageAttributes(t *testing.T) {
	t.Parallel()
	_, url := start(t, sandbox.Config{})
	c := client(t, url)
	q := newQueue(t, c, "q", map[string]string{"VisibilityTimeout": "0"})
	str := func(s string) types.MessageAttributeValue {
		return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &s}
	}
	sent, err := c.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: q, MessageBody: aws.String("msg"), MessageAttributes: map[string]types.MessageAttributeValue{
		"Help.Me": str("Me"), "Hello": str("There"), "General": str("Kenobi"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if got := *sent.MD5OfMessageAttributes; got != "4c360f3fdafd970e05fae2f149d997f5" {
		t.Errorf("sum of the attributes sent: %s", got)
	}
	for _, tt := range []struct{ ask, names, sum string }{
		{"", "", ""}, {"All", "General Hello Help.Me", "4c360f3fdafd970e05fae2f149d997f5"}, {".*", "General Hello Help.Me", "4c360f3fdafd970e05fae2f149d997f5"},
		{"Foo", "", ""}, {"Hello General", "General Hello", "fca026605781cb4126a1e9044df24232"}, {"Hello Foo", "Hello", "a311262e065454b75da111d535b8dacd"},
		{"Hel.*", "Hello Help.Me", "83fee93c1bcd8b9a5a923ffacdc636c7"},
	} {
		got, err := c.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: q, MessageAttributeNames: strings.Fields(tt.ask)})
		if err != nil {
			t.Fatal(err)
		}
		m := got.Messages[0]
		var names []string
		for _, name := range []string{"General", "Hello", "Help.Me"} {
			if _, ok := m.MessageAttributes[name]; ok {
				names = append(names, name)
			}
		}
		if strings.Join(names, " ") != tt.names || aws.ToString(m.MD5OfMessageAttributes) != tt.sum {
			t.Errorf("asked for %q: %v, sum %s; want %q, %s", tt.ask, names, aws.ToString(m.MD5OfMessageAttributes), tt.names, tt.sum)
		}
	}
}

func TestQueueAttributes(t *testing.T) {
	t.Parallel()
	_, url := start(t, sandbox.Config{})
	c := client(t, url)
	newQueue(t, c, "dead", nil)
	policy := `{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:123456789012:dead","maxReceiveCount":20}`
	q := newQueue(t, c, "q", map[string]string{"VisibilityTimeout": "120", "KmsMasterKeyId": "alias/relock", "RedrivePolicy": policy})
	newQueue(t, c, "q", map[string]string{"VisibilityTimeout": "120"}) // the same again is the same queue
	if _, err := c.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: q, MessageBody: aws.String("x"), DelaySeconds: 900}); err != nil {
		t.Fatal(err)
	}
	got, err := c.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: q, AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"CreatedTimestamp", "LastModifiedTimestamp"} {
		if len(got.Attributes[name]) != 10 {
			t.Errorf("%s is %q", name, got.Attributes[name])
		}
		delete(got.Attributes, name)
	}
	want := map[string]string{
		"QueueArn": "arn:aws:sqs:eu-west-1:123456789012:q", "VisibilityTimeout": "120", "DelaySeconds": "0", "MaximumMessageSize": "1048576",
		"MessageRetentionPeriod": "345600", "ReceiveMessageWaitTimeSeconds": "0", "SqsManagedSseEnabled": "false", "KmsMasterKeyId": "alias/relock", "RedrivePolicy": policy,
		"ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesNotVisible": "0", "ApproximateNumberOfMessagesDelayed": "1",
	}
	if diff := cmp.Diff(want, got.Attributes); diff != "" {
		t.Error(diff)
	}
	sources, err := c.ListDeadLetterSourceQueues(t.Context(), &sqs.ListDeadLetterSourceQueuesInput{QueueUrl: aws.String(url + "/123456789012/dead")})
	if err != nil || len(sources.QueueUrls) != 1 || sources.QueueUrls[0] != *q {
		t.Errorf("sources %v, %v", sources, err)
	}
	if _, err := c.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: q, Attributes: map[string]string{"RedrivePolicy": "", "VisibilityTimeout": "5"}}); err != nil {
		t.Fatal(err)
	}
	got, err = c.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: q, AttributeNames: []types.QueueAttributeName{"RedrivePolicy", "VisibilityTimeout"}})
	if diff := cmp.Diff(map[string]string{"VisibilityTimeout": "5"}, got.Attributes); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestListQueues(t *testing.T) {
	t.Parallel()
	_, url := start(t, sandbox.Config{})
	c := client(t, url)
	for i := range 5 {
		newQueue(t, c, fmt.Sprintf("a%d", i), nil)
	}
	newQueue(t, c, "b", nil)
	var got []string
	pages := sqs.NewListQueuesPaginator(c, &sqs.ListQueuesInput{QueueNamePrefix: aws.String("a"), MaxResults: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(page.QueueUrls) > 2 {
			t.Errorf("a page of %d", len(page.QueueUrls))
		}
		for _, u := range page.QueueUrls {
			got = append(got, u[strings.LastIndex(u, "/")+1:])
		}
	}
	if diff := cmp.Diff([]string{"a0", "a1", "a2", "a3", "a4"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestTypedErrors: what the client makes of errors.
func TestTypedErrors(t *testing.T) {
	t.Parallel()
	s, url := start(t, sandbox.Config{})
	c := client(t, url)
	q := newQueue(t, c, "q", nil)
	none := aws.String(url + "/123456789012/none")
	send := func(url *string) error {
		_, err := c.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("x")})
		return err
	}
	code := func(err error) string {
		api, ok := errors.AsType[smithy.APIError](err)
		if !ok {
			t.Fatalf("%v is no API error", err)
		}
		return api.ErrorCode()
	}
	err := send(none)
	if _, ok := errors.AsType[*types.QueueDoesNotExist](err); !ok || code(err) != "AWS.SimpleQueueService.NonExistentQueue" {
		t.Errorf("no queue: %v", err)
	}
	for text, want := range map[string]string{
		"throttle@sqs=1":                  "RequestThrottled",
		"error-500@sqs=1":                 "InternalFailure",
		"error-503@sqs=1":                 "ServiceUnavailable",
		"expired-token@sqs=1":             "ExpiredToken",
		"access-denied@sqs.SendMessage=1": "AccessDenied",
		"unsupported@sqs.SendMessage=1":   "InvalidAction",
		"error@sqs=1,code=KmsThrottled,query-code=KMS.ThrottlingException": "KMS.ThrottlingException",
	} {
		rule, err := fault.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Faults().Set(rule); err != nil {
			t.Fatal(err)
		}
		if err := send(q); err == nil || code(err) != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	s.Faults().Clear()
	if err := send(q); err != nil {
		t.Errorf("after the faults: %v", err)
	}
}

// A body that does not match makes the client refuse the whole receive.
func TestCorruptBody(t *testing.T) {
	t.Parallel()
	s, url := start(t, sandbox.Config{Faults: []fault.Rule{{Name: fault.CorruptBody, Rate: 1, Count: 1}}})
	c := client(t, url)
	if err := s.SQS().Create("q", nil); err != nil {
		t.Fatal(err)
	}
	if err := s.SQS().Send("q", "a", "b"); err != nil {
		t.Fatal(err)
	}
	in := &sqs.ReceiveMessageInput{QueueUrl: aws.String(url + s.SQS().Path("q")), MaxNumberOfMessages: 10, VisibilityTimeout: 0}
	if out, err := c.ReceiveMessage(t.Context(), in); err == nil || !strings.Contains(err.Error(), "checksum") {
		t.Errorf("received %v, %v", out, err)
	}
	c = client(t, url, func(o *sqs.Options) { o.DisableMessageChecksumValidation = true })
	if out, err := c.ReceiveMessage(t.Context(), in); err != nil {
		t.Errorf("without validation: %v, %v", out, err)
	}
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	s, url := start(t, sandbox.Config{KnownKeysOnly: true, Keys: map[string]wire.Key{"AKIAOTHER": {}}})
	for _, tt := range []struct{ id, secret, want string }{
		{sandbox.DemoAccessKeyID, sandbox.DemoSecretAccessKey, ""},
		{sandbox.DemoAccessKeyID, "wrong", "SignatureDoesNotMatch"},
		{"AKIAOTHER", "any", ""},
		{"AKIANOBODY", "any", "InvalidClientTokenId"},
	} {
		c := client(t, url, func(o *sqs.Options) { o.Credentials = credentials.NewStaticCredentialsProvider(tt.id, tt.secret, "") })
		_, err := c.ListQueues(t.Context(), &sqs.ListQueuesInput{})
		got := ""
		if api, ok := errors.AsType[smithy.APIError](err); ok {
			got = api.ErrorCode()
		}
		if got != tt.want || (err != nil) != (tt.want != "") {
			t.Errorf("%s with %q: %v, want %q", tt.id, tt.secret, err, tt.want)
		}
	}
	want := map[string]int64{"": 2, "InvalidSignatureException": 1, "UnrecognizedClientException": 1}
	for code, n := range want {
		if got := s.Log().Count("sqs", "ListQueues", code); got != n {
			t.Errorf("%d calls with code %q, want %d", got, code, n)
		}
	}
}

// A reset after the call took effect: the client cannot know, the queue does.
func TestLostReply(t *testing.T) {
	t.Parallel()
	s, url := start(t, sandbox.Config{})
	c := client(t, url)
	q := newQueue(t, c, "q", nil)
	for name, want := range map[string]int{fault.ResetBefore: 0, fault.ResetAfter: 1} {
		if err := s.Faults().Set(fault.Rule{Name: name, Rate: 1}); err != nil {
			t.Fatal(err)
		}
		before, _ := s.SQS().Depth("q")
		_, err := c.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: q, MessageBody: aws.String("x")})
		if _, ok := errors.AsType[smithy.APIError](err); err == nil || ok {
			t.Errorf("%s: %v", name, err)
		}
		after, _ := s.SQS().Depth("q")
		if after.Visible-before.Visible != want {
			t.Errorf("%s: from %+v to %+v", name, before, after)
		}
	}
	for _, r := range s.Log().Calls("sqs", "SendMessage") {
		if !r.Dropped || time.Since(r.At) > time.Minute {
			t.Errorf("record %+v", r)
		}
	}
}

// TestQueryProtocol has a signed form answered in XML, and one with a wrong secret.
func TestQueryProtocol(t *testing.T) {
	t.Parallel()
	s, at := start(t, sandbox.Config{})
	if err := s.SQS().Create("q", nil); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		secret string
		status int
		want   string
	}{
		{sandbox.DemoSecretAccessKey, 200, "<SendMessageResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><SendMessageResult><MD5OfMessageBody>0cc175b9c0f1b6a831c399e269772661</MD5OfMessageBody><MessageId>"},
		{"wrong", 403, "<ErrorResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code>"},
	} {
		body := "Action=SendMessage&Version=2012-11-05&MessageBody=a&QueueUrl=" + url.QueryEscape(at+s.SQS().Path("q"))
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, at+s.SQS().Path("q"), strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		sum := sha256.Sum256([]byte(body))
		if err := v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: sandbox.DemoAccessKeyID, SecretAccessKey: tt.secret}, r, hex.EncodeToString(sum[:]), "sqs", "eu-west-1", time.Now()); err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != tt.status || !strings.HasPrefix(string(text), tt.want) {
			t.Errorf("with the secret %q: %d %s, %v", tt.secret, resp.StatusCode, text, err)
		}
	}
	if d, err := s.SQS().Depth("q"); err != nil || d.Visible != 1 {
		t.Errorf("%+v, %v", d, err)
	}
}
