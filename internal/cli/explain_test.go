package cli

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"

	"relock/internal/intake"
	"relock/internal/queue"
	"relock/internal/sqlite"
)

// failed is how the SDK wraps an answer of AWS or the lack of one.
func failed(err error) error {
	return fmt.Errorf("asking: %w", &smithy.OperationError{ServiceID: "STS", OperationName: "GetCallerIdentity", Err: err})
}

func unanswered(err error) error {
	return failed(&smithyhttp.RequestSendError{Err: &url.Error{Op: "Post", URL: "https://sts.example/", Err: err}})
}

func TestExplain(t *testing.T) {
	t.Parallel()
	imds := &smithy.OperationError{ServiceID: "ec2imds", OperationName: "GetMetadata", Err: errors.New("access disabled")}
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"plain": {errors.New("no"), "no"},
		"a full disk": {
			fmt.Errorf("writing the evidence: %w", &fs.PathError{Op: "write", Path: "evidence.html", Err: syscall.ENOSPC}),
			"writing the evidence: writing evidence.html: the disk is full: free some space, then run the same command again",
		},
		"a full disk that says what to do": {
			&intake.ListError{Kind: intake.ErrTemp, Reason: "the list of rejected rows cannot be written", Remedy: "free space", Err: &fs.PathError{Op: "write", Path: "rejects.csv", Err: syscall.ENOSPC}},
			"the list of rejected rows cannot be written: writing rejects.csv: the disk is full; free space",
		},
		"AWS's code": {
			failed(&smithy.GenericAPIError{Code: "ExpiredToken", Message: "It is expired."}),
			"asking: STS GetCallerIdentity: ExpiredToken: It is expired.\n  the AWS credentials have expired: renew them (for example `aws sso login`)",
		},
		"a wrong clock": {
			failed(&smithy.GenericAPIError{Code: "SignatureDoesNotMatch", Message: "Signature expired: 20261129T072000Z is now earlier than 20261129T073000Z (20261129T073500Z - 5 min.)"}),
			"asking: STS GetCallerIdentity: SignatureDoesNotMatch: Signature expired: 20261129T072000Z is now earlier than 20261129T073000Z (20261129T073500Z - 5 min.)\n  set the machine's clock, with NTP: it is 15 min 0 s behind AWS's",
		},
		"a code without a remedy": {
			failed(&smithy.GenericAPIError{Code: "Odd"}),
			"asking: STS GetCallerIdentity: Odd",
		},
		"no credentials": {
			failed(fmt.Errorf("get identity: %w", &credentialsError{err: fmt.Errorf("no role, %w", imds)})),
			"asking: there are no AWS credentials: not in the environment, not in a profile, and the machine has no role\n  set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws sso login`",
		},
		"credentials that fail": {
			failed(&credentialsError{err: errors.New("the SSO session has expired")}),
			"asking: there are no usable AWS credentials: the SSO session has expired\n  set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws sso login`",
		},
		"refused": {
			unanswered(&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}),
			`asking: STS GetCallerIdentity: no answer: Post "https://sts.example/": dial: connect: connection refused` +
				"\n  nothing listens there: check the endpoint (AWS_ENDPOINT_URL) and the proxy (HTTPS_PROXY)",
		},
		"unknown name": {
			unanswered(&net.DNSError{Err: "no such host", Name: "sts.example", IsNotFound: true}),
			`asking: STS GetCallerIdentity: no answer: Post "https://sts.example/": lookup sts.example: no such host` +
				"\n  the name is unknown: check the Region, the endpoint (AWS_ENDPOINT_URL) and the network",
		},
		"unknown issuer": {
			unanswered(x509.UnknownAuthorityError{}),
			`asking: STS GetCallerIdentity: no answer: Post "https://sts.example/": x509: certificate signed by unknown authority` +
				"\n  the certificate's issuer is unknown here: set AWS_CA_BUNDLE to your company's CA file",
		},
		"timeout": {
			unanswered(context.DeadlineExceeded),
			`asking: STS GetCallerIdentity: no answer: Post "https://sts.example/": context deadline exceeded` +
				"\n  nothing answered in time: check the network, the proxy (HTTPS_PROXY) and the endpoint (AWS_ENDPOINT_URL)",
		},
		"HTTP where HTTPS is meant": {
			unanswered(http.ErrSchemeMismatch),
			`asking: STS GetCallerIdentity: no answer: Post "https://sts.example/": http: server gave HTTP response to HTTPS client` +
				"\n  the endpoint speaks HTTP, not HTTPS: begin AWS_ENDPOINT_URL with http://, if you trust the way to it",
		},
		"an endpoint that is none": {
			unanswered(errors.New(`unsupported protocol scheme ""`)),
			`asking: STS GetCallerIdentity: no answer: Post "https://sts.example/": unsupported protocol scheme ""` +
				"\n  check the endpoint (AWS_ENDPOINT_URL), the proxy (HTTPS_PROXY) and the network",
		},
		"interrupted": {
			unanswered(context.Canceled),
			`asking: STS GetCallerIdentity: no answer: Post "https://sts.example/": context canceled`,
		},
		"a key of the queue": {
			failed(&smithy.GenericAPIError{Code: "KMS.DisabledException"}),
			"asking: STS GetCallerIdentity: KMS.DisabledException\n  the queue's KMS key: it has to be enabled, and grant kms:GenerateDataKey and kms:Decrypt to these credentials",
		},
		"another server": {
			failed(&smithy.GenericAPIError{Code: "UnknownOperationException"}),
			"asking: STS GetCallerIdentity: UnknownOperationException\n  check the endpoint (AWS_ENDPOINT_URL): it does not know the operation",
		},
		"no queue": {
			fmt.Errorf("reading: %w: %w", queue.ErrNoQueue, &smithy.OperationError{
				ServiceID: "SQS", OperationName: "GetQueueAttributes", Err: &smithy.GenericAPIError{Code: "AWS.SimpleQueueService.NonExistentQueue"},
			}),
			"reading: the queue does not exist\n  check the URL given with --queue, the account and the Region (--queue-region); Relock never creates an SQS queue: deploy/ has one, with its dead-letter queue",
		},
		"a file that says what to do": {
			fmt.Errorf("%w: %w", queue.ErrNoQueue, &sqlite.Error{Path: "queue.db", Op: "opening", Kind: sqlite.ErrNoFile}),
			"the queue does not exist: opening queue.db: the file does not exist: check the folder's name, or run `enqueue`, which creates it",
		},
		"profile": {
			fmt.Errorf("reading: %w", config.SharedConfigProfileNotExistError{Profile: "corp"}),
			"reading: failed to get shared config profile, corp\n  there is no profile corp in ~/.aws/config: check AWS_PROFILE",
		},
		"two failures": {
			errors.Join(failed(&smithy.GenericAPIError{Code: "One"}), failed(&smithy.GenericAPIError{Code: "Two"})),
			"asking: STS GetCallerIdentity: One\nasking: STS GetCallerIdentity: Two",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := plain(tt.err)
			if r := remedy(tt.err); r != "" {
				got += "\n  " + r
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
