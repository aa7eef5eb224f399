// Package wire is the sandbox's side of the AWS wire protocols: it finds service
// and operation in a request, checks the signature's form and scope, hands a
// Call to the service and writes the reply or AWS's error.
package wire

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Caller is who signed a request.
type Caller struct {
	// AccessKeyID is the key that the signature's scope names.
	AccessKeyID string
	// AccountID and ARN are what STS would say of the caller.
	AccountID, ARN string
}

// Call is one request for one operation.
type Call struct {
	Service   string // signing name: "sqs", "cognito-idp", "sts", "servicequotas", "ses", "dynamodb"
	Operation string // "AdminResetUserPassword"
	Region    string
	Caller    Caller
	RequestID string
	// At is when the request arrived, by the server's clock.
	At   time.Time
	Body []byte

	// DropReply asks the server to close the connection instead of answering:
	// the call took effect, and the client will not know it.
	DropReply bool
	// Note is what the inspection log keeps of the call beside its operation and
	// error code, for example the user it named. Set by the service.
	Note string
}

// Handler carries out one operation. The result is marshalled as JSON; nil is
// an empty object. An error that is not an *Error is a 500 InternalFailure.
type Handler func(ctx context.Context, c *Call) (any, error)

// Service is a set of operations behind one X-Amz-Target prefix.
type Service struct {
	// SigningName is the service's name in the credential scope.
	SigningName string
	// TargetPrefix is what comes before the dot in X-Amz-Target.
	TargetPrefix string
	// JSONVersion is "1.0" or "1.1".
	JSONVersion string
	// UnknownOperation is the code of the error for an operation that AWS has
	// not, for example "UnknownOperationException" or "InvalidAction".
	UnknownOperation string
	// Operations by name.
	Operations map[string]Handler
}

// Error is an error as AWS writes it on the wire.
type Error struct {
	// Code is the shape's name: "TooManyRequestsException".
	Code string
	// QueryCode, where set, is sent in x-amzn-query-error, as SQS does.
	QueryCode string
	// Message is AWS's text.
	Message string
	// Status is the HTTP status; 0 is 400.
	Status int
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Code, e.Message) }

// Errorf makes an Error with status 400.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// HTTPStatus is the status to send.
func (e *Error) HTTPStatus() int {
	if e.Status == 0 {
		return http.StatusBadRequest
	}
	return e.Status
}

// Decode reads the body into v, as strictly as AWS does: a wrong JSON type is a
// SerializationException, a member that the shape lacks is ignored.
func (c *Call) Decode(v any) error {
	body := c.Body
	if len(body) == 0 {
		body = []byte("{}")
	}
	if err := json.Unmarshal(body, v); err != nil {
		return &Error{Code: "SerializationException", Message: err.Error()}
	}
	return nil
}
