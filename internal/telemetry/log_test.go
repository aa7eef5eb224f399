package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// answered is an error that AWS answered, as the SDK returns it.
func answered(code, text string) error {
	return &smithy.OperationError{ServiceID: "DynamoDB", OperationName: "PutItem", Err: &awshttp.ResponseError{
		ResponseError: &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: http.StatusBadRequest}},
			Err:      &smithy.GenericAPIError{Code: code, Message: text},
		},
		RequestID: "req-7",
	}}
}

func unanswered(err error) error {
	return &smithy.OperationError{ServiceID: "SQS", OperationName: "ReceiveMessage", Err: &smithyhttp.RequestSendError{
		Err: &url.Error{Op: "Post", URL: "https://secret.example/person-ana", Err: err},
	}}
}

// The texts of others are left out, and nothing of ours is.
func TestBrief(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"reading the job: DynamoDB PutItem: ValidationException (request req-7)": fmt.Errorf("reading the job: %w", answered("ValidationException", "person-ana is wrong")),
		"receiving: SQS ReceiveMessage: connection refused":                      fmt.Errorf("receiving: %w", unanswered(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED})),
		"SQS ReceiveMessage: no answer in time":                                  unanswered(context.DeadlineExceeded),
		"SQS ReceiveMessage: no such host":                                       unanswered(&net.DNSError{Name: "secret.example", IsNotFound: true}),
		"SQS ReceiveMessage: no answer":                                          unanswered(errors.New("person-ana")),
		"two: DynamoDB PutItem: A (request req-7); SQS ReceiveMessage: cancelled": fmt.Errorf("two: %w; %w",
			answered("A", "person-ana"), unanswered(context.Canceled)),
		"proxy: connection refused":       fmt.Errorf("proxy: %w", &url.Error{Op: "Post", URL: "http://u:person-ana@p", Err: syscall.ECONNREFUSED}),
		"the disk is full":                errors.New("the disk is full"),
		"a claim: the lease has moved on": fmt.Errorf("a claim: %w", errors.New("the lease has moved on")),
	} {
		got := Brief(err)
		if got != want || strings.Contains(got, "person-ana") {
			t.Errorf("%v\n is %q\nwant %q", err, got, want)
		}
	}
}

// Whoever asks for usernames gets the whole text.
func TestLoggedErrors(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json"} {
		for _, full := range []bool{false, true} {
			var b strings.Builder
			log, err := NewLogger(&b, format, slog.LevelInfo, full)
			if err != nil {
				t.Fatal(err)
			}
			log.Warn("failed", "error", answered("ValidationException", "person-ana is wrong"), "n", 7, slog.Group("g", "error", unanswered(errors.New("person-ana"))))
			if got := strings.Contains(b.String(), "person-ana"); got != full || !strings.Contains(b.String(), "ValidationException") {
				t.Errorf("%s, full %v: %s", format, full, b.String())
			}
		}
	}
}
