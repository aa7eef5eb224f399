package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
)

// credentials are the SDK's, whose failures have a type of ours: the SDK's own
// say it in words only.
type credentials struct{ next aws.CredentialsProvider }

// Retrieve implements aws.CredentialsProvider.
func (c credentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	got, err := c.next.Retrieve(ctx)
	if err != nil && ctx.Err() == nil {
		err = &credentialsError{err}
	}
	return got, err
}

// refresh makes the next call fetch new credentials.
func (c credentials) refresh() {
	if cache, ok := c.next.(*aws.CredentialsCache); ok {
		cache.Invalidate()
	}
}

// credentialsError says that there are no AWS credentials to call with.
type credentialsError struct{ err error }

func (e *credentialsError) Error() string {
	// The machine's role is where the SDK looks last, so that it speaks of it
	// alone though nothing was found anywhere.
	if op, ok := errors.AsType[*smithy.OperationError](e.err); ok && op.Service() == "ec2imds" {
		return "there are no AWS credentials: not in the environment, not in a profile, and the machine has no role"
	}
	return fmt.Sprintf("there are no usable AWS credentials: %v", e.err)
}

func (e *credentialsError) Unwrap() error { return e.err }
