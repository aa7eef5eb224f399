// Package wire is the sandbox's side of the AWS wire protocols: it finds service
// and operation in a request, checks the signature's form and scope, hands a
// Call to the service and writes the reply or AWS's error.
package wire

import (
	"context"
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
	// UserID is the unique ID of the caller, as in SenderId and GetCallerIdentity.
	UserID string
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
	// Endpoint is the server's address as the client wrote it, for example
	// "http://127.0.0.1:4566": queue URLs begin with it.
	Endpoint string
	// HTTP is the request, for protocols that put parameters into the path. Its
	// body is spent.
	HTTP *http.Request

	// DropReply asks the server to close the connection instead of answering:
	// the call took effect, and the client will not know it.
	DropReply bool
	// Note is what the inspection log keeps of the call beside its operation and
	// error code, for example the user it named. Set by the service.
	Note string
	// Category is what the inspection counts throttled calls by, for example
	// "UserAccountRecovery". Set by the service.
	Category string

	server *Server
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

	// Unsigned lists the operations that take no credentials, by the noAuth trait
	// of AWS's model; their signatures, if any, are not looked at.
	Unsigned []string

	// Namespace goes before the error's code in __type, for example
	// "com.amazonaws.sqs#"; usually empty.
	Namespace string
	// QueryErrors says that errors carry x-amzn-query-error, as SQS's do.
	QueryErrors bool
	// ThrottleError and InternalError are what the faults of those names answer
	// with. They default to ThrottlingException and InternalFailure.
	ThrottleError, InternalError *Error
	// Protocol is how the service is called if not by X-Amz-Target; nil is AWS
	// JSON. The service is then found by the signing name in the credential scope.
	Protocol Protocol
}

// Error is an error as AWS writes it on the wire.
type Error struct {
	// Code is the shape's name: "TooManyRequestsException".
	Code string
	// QueryCode, where set, is sent in x-amzn-query-error, as SQS does.
	QueryCode string
	// Message is AWS's text.
	Message string
	// Extra members of the reply's body, for example ReasonCode.
	Extra map[string]any
	// Status is the HTTP status; 0 is 400.
	Status int
}

// Error is the code and the message.
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

// Authorize asks the server's policy whether the caller may do action (for
// example "sqs:SendMessage") on resource (an ARN). Services call it once the
// resource is known; without a policy everything is allowed.
func (c *Call) Authorize(action, resource string) error {
	if c.server == nil || c.server.cfg.Authorize == nil {
		return nil
	}
	if e := c.server.cfg.Authorize(c.Caller, action, resource); e != nil {
		return e
	}
	return nil
}
