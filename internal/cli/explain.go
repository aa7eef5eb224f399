package cli

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go"

	"relock/internal/awsconf"
	"relock/internal/intake"
	"relock/internal/job"
	"relock/internal/queue"
	"relock/internal/reset"
	"relock/internal/sqlite"
)

// plain is the error's text without the words of the SDK that help nobody: the
// status, the request ID, "operation error".
func plain(err error) string {
	text := err.Error()
	if file, ok := errors.AsType[*fs.PathError](err); ok && errors.Is(err, syscall.ENOSPC) {
		text = strings.Replace(text, file.Error(), fmt.Sprintf("writing %s: the disk is full", file.Path), 1)
		if _, says := errors.AsType[*intake.ListError](err); !says {
			text += ": free some space, then run the same command again"
		}
	}
	for _, op := range operations(err) {
		words := operation(op)
		if errors.Is(err, queue.ErrNoQueue) {
			words = "" // our own words, which come before, say it all
		}
		// The wrapper's text contains that of what it wraps.
		if words == "" {
			text = strings.Replace(text, ": "+op.Error(), "", 1)
		}
		text = strings.Replace(text, op.Error(), words, 1)
	}
	return strings.TrimSpace(text)
}

// operations are the outermost failures of the SDK in an error's tree.
func operations(err error) []*smithy.OperationError {
	switch e := err.(type) { //nolint:errorlint // this walks the tree itself
	case *smithy.OperationError:
		return []*smithy.OperationError{e}
	case interface{ Unwrap() error }:
		return operations(e.Unwrap())
	case interface{ Unwrap() []error }:
		var all []*smithy.OperationError
		for _, inner := range e.Unwrap() {
			all = append(all, operations(inner)...)
		}
		return all
	default:
		return nil
	}
}

// operation is a failure of the SDK in few words.
func operation(op *smithy.OperationError) string {
	if e, ok := errors.AsType[*credentialsError](op); ok {
		return e.Error()
	}
	name := op.Service() + " " + op.Operation()
	if api, ok := errors.AsType[smithy.APIError](op); ok {
		return strings.TrimSuffix(fmt.Sprintf("%s: %s: %s", name, api.ErrorCode(), api.ErrorMessage()), ": ")
	}
	if send, ok := errors.AsType[sendError](op); ok {
		return fmt.Sprintf("%s: no answer: %v", name, errors.Unwrap(send))
	}
	if errors.Is(op, context.DeadlineExceeded) {
		return name + ": no answer in time"
	}
	return fmt.Sprintf("%s: %v", name, op.Unwrap())
}

// sendError is the SDK's error for a request that has no answer.
type sendError interface {
	error
	ConnectionError() bool
}

func isUnanswered(err error) bool {
	_, ok := errors.AsType[sendError](err)
	return ok
}

// remedy is what to do about an error, or empty where the error says it, or where
// we do not know. The first that fits counts.
func remedy(err error) string {
	if e, ok := errors.AsType[*sqlite.Error](err); ok && e.Kind != nil {
		return "" // it says so itself
	}
	if errors.Is(err, queue.ErrNoQueue) {
		return "check the URL given with --queue, the account and the Region (--queue-region); Relock never creates an SQS queue: deploy/ has one, with its dead-letter queue"
	}
	if e, ok := errors.AsType[*credentialsError](err); ok {
		return e.remedy()
	}
	if errors.Is(err, awsconf.ErrMFA) {
		profile := cmp.Or(os.Getenv("AWS_PROFILE"), "default")
		return fmt.Sprintf("let the AWS CLI ask for the code and take over the session, which lasts an hour unless duration_seconds of the profile says otherwise:\n    eval \"$(aws configure export-credentials --profile %s --format env)\"\n  or give the worker a role that needs no code", profile)
	}
	if e, ok := errors.AsType[config.SharedConfigAssumeRoleError](err); ok {
		return fmt.Sprintf("the profile %s is missing or has no credentials: check source_profile in ~/.aws/config", e.Profile)
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return answerRemedy(err, api.ErrorCode())
	}
	if e, ok := errors.AsType[config.SharedConfigProfileNotExistError](err); ok {
		return fmt.Sprintf("there is no profile %s in ~/.aws/config: check AWS_PROFILE", e.Profile)
	}
	if file, ok := errors.AsType[*fs.PathError](err); ok && file.Path != "" && file.Path == os.Getenv("AWS_CA_BUNDLE") {
		return "AWS_CA_BUNDLE names that file: mend its path, or unset it"
	}
	return networkRemedy(err)
}

// answerRemedy is the remedy for an answer of AWS's with this code.
func answerRemedy(err error, code string) string {
	if strings.HasPrefix(code, "KMS.") {
		return "the queue's KMS key: it has to be enabled, and grant kms:GenerateDataKey and kms:Decrypt to these credentials"
	}
	if code == "AWS.SimpleQueueService.AccessDenied" {
		return deniedRemedy
	}
	switch h := reset.Cause(err); h.Reason {
	case job.HaltCredentials, job.HaltClockSkew, job.HaltUnsupported:
		return h.Fix()
	case job.HaltAccessDenied:
		return deniedRemedy
	default:
		return ""
	}
}

const deniedRemedy = "the credentials lack a permission: README.md and deploy/ list what each program needs"

// networkRemedy is the remedy for an answer that never came.
func networkRemedy(err error) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "the certificate's issuer is unknown here: set AWS_CA_BUNDLE to your company's CA file"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "another server answered: check the endpoint (AWS_ENDPOINT_URL) and the proxy (HTTPS_PROXY)"
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return "the name is unknown: check the Region, the endpoint (AWS_ENDPOINT_URL) and the network"
	}
	timeout, ok := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there: check the endpoint (AWS_ENDPOINT_URL) and the proxy (HTTPS_PROXY)"
	// net/http has no type for a proxy's refusal, only its text.
	case strings.Contains(err.Error(), "Proxy Authentication Required"):
		return "the proxy wants a user and a password: write them into HTTPS_PROXY, as in http://USER:PASSWORD@HOST:PORT"
	case errors.Is(err, context.DeadlineExceeded), ok && timeout.Timeout():
		return "nothing answered in time: check the network, the proxy (HTTPS_PROXY) and the endpoint (AWS_ENDPOINT_URL)"
	case errors.Is(err, http.ErrSchemeMismatch):
		return "the endpoint speaks HTTP, not HTTPS: begin AWS_ENDPOINT_URL with http://, if you trust the way to it"
	case isUnanswered(err) && !errors.Is(err, context.Canceled):
		return "check the endpoint (AWS_ENDPOINT_URL), the proxy (HTTPS_PROXY) and the network"
	default:
		return ""
	}
}
