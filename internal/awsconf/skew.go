package awsconf

import (
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
)

// onceForTheClock makes each call once, and once more where AWS has refused the
// signature and its answer's Date says that our clock is wrong: the SDK signs with
// the clock corrected from then on. A call that was refused so did nothing.
type onceForTheClock struct{ aws.NopRetryer }

// IsErrorRetryable implements aws.Retryer. The SDK marks such an error, for it knows
// the Date (aws/retry, wrapAsClockSkew).
func (onceForTheClock) IsErrorRetryable(err error) bool {
	_, answered := errors.AsType[smithy.APIError](err)
	marked, ok := errors.AsType[interface {
		error
		RetryableError() bool
	}](err)
	return answered && ok && marked.RetryableError()
}

// MaxAttempts implements aws.Retryer.
func (onceForTheClock) MaxAttempts() int { return 2 }

// RetryDelay implements aws.Retryer.
func (onceForTheClock) RetryDelay(int, error) (time.Duration, error) { return 0, nil }
