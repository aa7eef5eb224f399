package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"relock/internal/job"
	"relock/internal/preflight"
	"relock/internal/reset"
)

// credentials are the SDK's, whose failures have a type of ours: the SDK's own
// say it in words only.
type credentials struct{ next aws.CredentialsProvider }

// Retrieve implements aws.CredentialsProvider.
func (c credentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	got, err := c.next.Retrieve(ctx)
	if err != nil && !errors.Is(ctx.Err(), context.Canceled) {
		err = &credentialsError{err, c.ProviderSources()}
	}
	return got, err
}

// ProviderSources implements aws.CredentialProviderSource.
func (c credentials) ProviderSources() []aws.CredentialSource {
	if p, ok := c.next.(aws.CredentialProviderSource); ok {
		return p.ProviderSources()
	}
	return nil
}

// refresh makes the next call fetch new credentials.
func (c credentials) refresh() {
	if cache, ok := c.next.(*aws.CredentialsCache); ok {
		cache.Invalidate()
	}
}

// envExpiration is when the credentials in the environment end, as `aws configure
// export-credentials --format env` writes it.
const envExpiration = "AWS_CREDENTIAL_EXPIRATION"

// lifetime is what is known of the end of the credentials, and of who renews them. A
// role of the machine, the container or the cluster is renewed by the SDK, as is a
// role that is assumed with other credentials: nothing is known of the end of those.
func (c credentials) lifetime(ctx context.Context) preflight.Credentials {
	got, err := c.next.Retrieve(ctx)
	if err != nil {
		return preflight.Credentials{}
	}
	l := preflight.Credentials{Temporary: got.CanExpire, Expires: got.Expires}
	switch from := c.ProviderSources(); {
	case slices.Contains(from, aws.CredentialSourceSTSAssumeRole), slices.Contains(from, aws.CredentialSourceSTSAssumeRoleWebID),
		slices.Contains(from, aws.CredentialSourceHTTP), slices.Contains(from, aws.CredentialSourceIMDS):
		return preflight.Credentials{}
	case slices.Contains(from, aws.CredentialSourceProcess):
		l.Renewal = "the SDK runs the profile's credential_process again then, which must not need you (an MFA code, a browser)"
	case slices.Contains(from, aws.CredentialSourceSSO), slices.Contains(from, aws.CredentialSourceSSOLegacy):
		l.Renewal = "the SDK renews them for as long as the session of `aws sso login` lasts, which is not known here"
	case slices.Contains(from, aws.CredentialSourceLogin):
		l.Renewal = "the SDK renews them for as long as the session of `aws login` lasts, which is not known here"
	case !got.CanExpire && got.SessionToken != "":
		l.Temporary = true
		if slices.Contains(from, aws.CredentialSourceEnvVars) {
			l.Expires, _ = time.Parse(time.RFC3339, os.Getenv(envExpiration)) // or it is not known
		}
	}
	return l
}

// credentialsError says that there are no AWS credentials to call with.
type credentialsError struct {
	err  error
	from []aws.CredentialSource
}

func (e *credentialsError) Error() string {
	op, ok := errors.AsType[*smithy.OperationError](e.err)
	switch {
	// The machine's role is where the SDK looks last, so that it speaks of it
	// alone though nothing was found anywhere.
	case ok && op.Service() == "ec2imds":
		return "there are no AWS credentials: not in the environment, not in a profile, and the machine has no role"
	case errors.Is(e.err, context.DeadlineExceeded):
		return "there are no usable AWS credentials: they did not come in time"
	case ok:
		return "there are no usable AWS credentials: " + operation(op)
	}
	return "there are no usable AWS credentials: " + strings.TrimPrefix(e.err.Error(), "failed to refresh cached credentials, ")
}

func (e *credentialsError) Unwrap() error { return e.err }

// remedy is what to do, by where the credentials should have come from.
func (e *credentialsError) remedy() string {
	from := func(s ...aws.CredentialSource) bool {
		return slices.ContainsFunc(e.from, func(c aws.CredentialSource) bool { return slices.Contains(s, c) })
	}
	switch {
	case from(aws.CredentialSourceSTSAssumeRole, aws.CredentialSourceSTSAssumeRoleWebID):
		return e.roleRemedy()
	case from(aws.CredentialSourceSSO, aws.CredentialSourceSSOLegacy):
		return "begin a session with `aws sso login" + profileFlag() + "`, and run the same command again"
	case from(aws.CredentialSourceLogin):
		return "begin a session with `aws login" + profileFlag() + "`, and run the same command again"
	case from(aws.CredentialSourceProcess):
		return "run the profile's credential_process (in ~/.aws/config) by hand: it has to end with 0 and to print credentials as JSON"
	case from(aws.CredentialSourceHTTP):
		return "check the role of the task or the pod: its credentials endpoint (AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI) gives none"
	default:
		return "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws sso login`"
	}
}

// roleRemedy is for a role that could not be assumed.
func (e *credentialsError) roleRemedy() string {
	op, ok := errors.AsType[*smithy.OperationError](e.err)
	if !ok {
		return "check the profile and the file of its web identity token"
	}
	switch h := reset.Cause(op); {
	case h.Reason == job.HaltAccessDenied:
		return "these credentials may not assume the role: it takes sts:AssumeRole, and the role's trust policy"
	case h.Reason != "":
		return "the credentials that the role is assumed with: " + h.Fix()
	}
	return networkRemedy(op)
}

// profileFlag is what the AWS CLI is given for the profile in use.
func profileFlag() string {
	if p := os.Getenv("AWS_PROFILE"); p != "" {
		return fmt.Sprintf(" --profile %s", p)
	}
	return ""
}
