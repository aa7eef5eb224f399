package ledger

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"relock/internal/pace"
)

// answer is what the error of a call means.
type answer uint8

const (
	// refused: there is no point in trying again.
	refused answer = iota
	// condition: the condition of a write does not hold.
	condition
	// throttled: nothing happened; again, later.
	throttled
	// unanswered: it may have taken effect; again.
	unanswered
)

// classify is the one place that reads DynamoDB's errors. Source: "Error handling
// with DynamoDB" in the Amazon DynamoDB Developer Guide.
func classify(err error) answer {
	if _, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return condition
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok && !nested(err) {
		switch api.ErrorCode() {
		case "ProvisionedThroughputExceededException", "ThrottlingException", "Throttling",
			"RequestLimitExceeded", "RequestThrottledException", "TooManyRequestsException":
			return throttled
		case "InternalServerError", "InternalFailure", "ServiceUnavailable", "RequestTimeout", "RequestTimeoutException":
			return unanswered
		}
		if res, ok := errors.AsType[*awshttp.ResponseError](err); ok && res.HTTPStatusCode() >= http.StatusInternalServerError {
			return unanswered
		}
		return refused
	}
	if nested(err) {
		return refused // there are no credentials to sign with
	}
	if _, ok := errors.AsType[*smithyhttp.RequestSendError](err); ok {
		return unanswered
	}
	if _, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		return unanswered // the answer cannot be read
	}
	if _, ok := errors.AsType[net.Error](err); ok || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return unanswered
	}
	return refused
}

// nested reports whether the error is that of another operation inside: of the
// one that fetches credentials.
func nested(err error) bool {
	op, ok := errors.AsType[*smithy.OperationError](err)
	if !ok {
		return false
	}
	_, ok = errors.AsType[*smithy.OperationError](op.Err)
	return ok
}

// Bounds of the wait between two tries.
const (
	backoffMin = 25 * time.Millisecond
	backoffMax = time.Second
)

// backoff waits before try number n, from 1, and reports whether ctx is still
// alive.
func backoff(ctx context.Context, n int) bool {
	t := time.NewTimer(pace.Backoff(n, backoffMin, backoffMax))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// call makes a call until it is answered, for as long as the options' patience
// and ctx allow. Time in which the process was suspended is nobody's patience: a
// try that took much longer than it may has the patience begin again, once. It says
// whether a try went unanswered, and so may have taken effect whatever the last one
// says.
func (l *DynamoDB) call(ctx context.Context, op string, do func(context.Context) error) (unsure bool, err error) {
	until := time.Now().Add(l.opts.Patience)
	for n, suspended := 1, false; ; n++ {
		began := time.Now()
		one, cancel := context.WithTimeout(ctx, l.opts.CallTimeout)
		err := do(one)
		cancel()
		if !suspended && time.Since(began) > 2*l.opts.CallTimeout {
			suspended, until = true, time.Now().Add(l.opts.Patience)
		}
		if err == nil {
			return unsure, nil
		}
		kind := classify(err)
		unsure = unsure || kind == unanswered
		if kind == refused || kind == condition {
			return unsure, l.callError(op, err)
		}
		if !time.Now().Before(until) || !backoff(ctx, n) {
			if cause := context.Cause(ctx); cause != nil && kind == unanswered {
				err = cause
			}
			return unsure, l.callError(op, err)
		}
	}
}

// callError is the failure of a call in our own words: a message of AWS's can
// quote a key, and a key holds a username.
type callError struct {
	op, table string
	err       error
}

func (l *DynamoDB) callError(op string, err error) error { return &callError{op, l.table, err} }

func (e *callError) Unwrap() error { return e.err }

func (e *callError) Error() string {
	what := fmt.Sprintf("%s on the DynamoDB table %s", e.op, e.table)
	api, ok := errors.AsType[smithy.APIError](e.err)
	if !ok || nested(e.err) {
		return fmt.Sprintf("%s: %v", what, e.err)
	}
	switch code := api.ErrorCode(); code {
	case "ResourceNotFoundException":
		return fmt.Sprintf("%s: there is no such table in this account and Region", what)
	case "AccessDeniedException":
		return fmt.Sprintf("%s: access denied: the credentials lack dynamodb:%s on the table", what, e.op)
	case "ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded":
		return fmt.Sprintf("%s: throttled for too long (%s): raise the table's capacity, or use on-demand", what, code)
	default:
		id := ""
		if res, ok := errors.AsType[*awshttp.ResponseError](e.err); ok && res.ServiceRequestID() != "" {
			id = ", request " + res.ServiceRequestID()
		}
		return fmt.Sprintf("%s: %s%s", what, code, id)
	}
}

// hasCode reports whether err is an answer of DynamoDB's with this code.
func hasCode(err error, code string) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && api.ErrorCode() == code
}
