package preflight

import (
	"context"
	"errors"
	"time"

	"github.com/aws/smithy-go"

	"relock/internal/job"
	"relock/internal/pace"
	"relock/internal/reset"
)

// patiently asks until there is an answer, a refusal, or askTimeout is over: a
// question that was throttled, or that the server failed at, is asked again.
func patiently(ctx context.Context, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	for try := 1; ; try++ {
		err := ask(ctx)
		if err == nil || !worthAsking(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pace.Backoff(try, 100*time.Millisecond, time.Second)):
		}
	}
}

// worthAsking reports whether the same question may have an answer in a moment.
func worthAsking(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || reset.Cause(err).Reason == job.HaltUnsupported {
		return false
	}
	switch api.ErrorCode() {
	case "TooManyRequestsException", "ThrottlingException", "Throttling", "RequestThrottled", "InternalErrorException", "InternalFailure", "ServiceException", "ServiceUnavailable":
		return true
	default:
		return api.ErrorFault() == smithy.FaultServer
	}
}
