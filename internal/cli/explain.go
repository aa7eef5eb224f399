package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/aws/smithy-go"

	"relock/internal/ledger"
	"relock/internal/queue"
	"relock/internal/sqlite"
)

// explain adds to an error what its reader can do about it, where we know.
func explain(err error) string {
	text := strings.TrimSpace(err.Error())
	if remedy := remedyFor(err); remedy != "" {
		return text + "\n  " + remedy
	}
	return text
}

func remedyFor(err error) string {
	switch {
	case errors.Is(err, sqlite.ErrNoFile):
		return "run enqueue first, and give both programs the same --queue and --ledger"
	case errors.Is(err, queue.ErrNoQueue):
		return "check the URL given with --queue, the account and the Region; Relock never creates an SQS queue: deploy/ has one, with its dead-letter queue"
	case errors.Is(err, ledger.ErrNoLedger):
		return "run enqueue first, and give both programs the same --ledger"
	case errors.Is(err, context.DeadlineExceeded):
		return "nothing answered in time: check the network, the proxy (HTTPS_PROXY) and the endpoint (AWS_ENDPOINT_URL)"
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return apiRemedy(api.ErrorCode())
	}
	if file, ok := errors.AsType[*fs.PathError](err); ok && file.Path != "" && file.Path == os.Getenv("AWS_CA_BUNDLE") {
		return "AWS_CA_BUNDLE names that file: mend its path, or unset it"
	}
	text := err.Error()
	for part, remedy := range map[string]string{
		"get credentials":           credentialsRemedy,
		"failed to refresh cached":  credentialsRemedy,
		"no EC2 IMDS role found":    credentialsRemedy,
		"connection refused":        "nothing listens there: check the endpoint (AWS_ENDPOINT_URL) and the proxy (HTTPS_PROXY)",
		"no such host":              "the name is unknown: check the Region, the endpoint (AWS_ENDPOINT_URL) and the network",
		"certificate signed by unk": "the certificate's issuer is unknown: set AWS_CA_BUNDLE to your company's CA file",
		"Proxy Authentication Requ": "the proxy wants a user and a password: write them into HTTPS_PROXY, as in http://USER:PASSWORD@HOST:PORT",
		"get shared config profile": "there is no such profile in ~/.aws/config: check AWS_PROFILE",
	} {
		if strings.Contains(text, part) {
			return remedy
		}
	}
	return ""
}

const credentialsRemedy = "there are no usable AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws sso login`"

func apiRemedy(code string) string {
	switch code {
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired":
		return "the AWS credentials have expired: renew them (for example `aws sso login`) and run the same command again"
	case "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidSignatureException":
		return "AWS does not accept these credentials: check AWS_PROFILE or the access key, and the clock of this machine"
	case "AccessDenied", "AccessDeniedException", "AWS.SimpleQueueService.AccessDenied":
		return "the credentials lack a permission: deploy/ lists what each program needs"
	default:
		return ""
	}
}
