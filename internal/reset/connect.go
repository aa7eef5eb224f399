package reset

import (
	"context"
	"errors"
	"net"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// connecting reports whether a call that sent nothing failed on its way to the
// server (name, connection, TLS, proxy, time) rather than inside the SDK.
func connecting(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return true
	}
	if _, ok := errors.AsType[*smithyhttp.RequestSendError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		return true
	}
	_, ok := errors.AsType[net.Error](err)
	return ok
}

// unsigned reports whether a call failed because there were no credentials to
// sign it with: the error of another operation is inside (AssumeRole, the
// instance's metadata), or the SDK never came to connect and no server answered.
func unsigned(err error, sent bool) bool {
	if op, ok := errors.AsType[*smithy.OperationError](err); ok {
		if _, nested := errors.AsType[*smithy.OperationError](op.Err); nested {
			return true
		}
	}
	_, answered := errors.AsType[smithy.APIError](err)
	return !sent && !answered && !connecting(err)
}
