// Package awsconf makes the one SDK configuration that every client of Relock
// uses: the environment's credentials, Region, endpoint, proxy and CA bundle; one
// attempt a call, but for a wrong clock; our name in the user agent.
package awsconf

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
)

// maxIdle is how many idle connections to one host are kept: the SDK's 10 would
// make most of the calls in flight open a connection of their own.
const maxIdle = 128

// ErrNoRegion says that no Region is configured.
var ErrNoRegion = errors.New("no AWS Region: set --region, AWS_REGION, or a Region in the AWS profile")

// ErrMFA says that the AWS profile takes a code that only a person has.
var ErrMFA = errors.New("the AWS profile asks for an MFA code (mfa_serial), and Relock never asks for one")

// Options for Load. The zero value takes everything from the environment.
type Options struct {
	// Region wins over the environment's.
	Region string
	// Version is ours, for the user agent.
	Version string
}

// Load reads the environment and the shared AWS files (AWS_PROFILE,
// AWS_ENDPOINT_URL, AWS_CA_BUNDLE, HTTPS_PROXY and so on). Every client made from
// the result makes each call once, and once more to correct its clock: Relock owns
// trying again, or the SDK's retries would slip past the limiter.
func Load(ctx context.Context, o Options) (aws.Config, error) {
	// A plain *http.Client would make the SDK refuse AWS_CA_BUNDLE.
	client := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConns, t.MaxIdleConnsPerHost = maxIdle, maxIdle
	})
	opts := []func(*config.LoadOptions) error{
		config.WithHTTPClient(client),
		config.WithRetryer(func() aws.Retryer { return onceForTheClock{} }),
		// The SDK would write its warnings to standard error, past our log and
		// into the live block.
		config.WithLogger(logging.Nop{}),
		config.WithAPIOptions([]func(*middleware.Stack) error{awsmiddleware.AddUserAgentKeyValue("relock", o.Version)}),
	}
	if o.Region != "" {
		opts = append(opts, config.WithRegion(o.Region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, opts...)
	if _, mfa := errors.AsType[config.AssumeRoleTokenProviderNotSetError](err); mfa {
		return aws.Config{}, fmt.Errorf("reading the AWS configuration: %w", ErrMFA)
	}
	if err != nil {
		return aws.Config{}, fmt.Errorf("reading the AWS configuration: %w", err)
	}
	if cfg.Region == "" {
		return aws.Config{}, ErrNoRegion
	}
	// Only now: while it loads, the SDK has to find a client that takes a CA
	// bundle.
	cfg.HTTPClient = wholeBody{cfg.HTTPClient}
	return cfg, nil
}

// Identity is who the credentials belong to.
type Identity struct {
	Account, ARN string
	// Skew is how far our clock is ahead of AWS's, to about a second; negative is
	// behind, 0 not known.
	Skew time.Duration
}

// WhoAmI asks STS, which needs no permission. The answer tells early and clearly
// that credentials are missing or expired.
func WhoAmI(ctx context.Context, cfg aws.Config) (Identity, error) {
	return whoAmI(ctx, sts.NewFromConfig(cfg))
}

func whoAmI(ctx context.Context, client *sts.Client) (Identity, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return Identity{}, err
	}
	skew, _ := awsmiddleware.GetAttemptSkew(out.ResultMetadata)
	return Identity{aws.ToString(out.Account), aws.ToString(out.Arn), -skew}, nil
}
