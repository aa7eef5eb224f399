package cognito_test

import (
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/smithy-go"
	"go.uber.org/goleak"

	"relock/internal/sandbox/cognito"
	"relock/internal/sandbox/wire"
)

const (
	region = "eu-west-1"
	poolID = "eu-west-1_AbCdEf123"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// unlimited is every quota off, for tests of something else.
func unlimited() map[cognito.Category]cognito.Limit {
	out := map[cognito.Category]cognito.Limit{}
	for _, c := range cognito.Categories() {
		out[c] = cognito.Limit{Unlimited: true}
	}
	return out
}

// sdk serves c over HTTP and returns AWS's own client for it.
func sdk(t *testing.T, c *cognito.Cognito) *cip.Client {
	t.Helper()
	srv := wire.NewServer(wire.Config{Region: region})
	svc := c.Service()
	srv.Register(&svc)
	ts := httptest.NewServer(srv)
	t.Cleanup(func() {
		srv.Close()
		ts.CloseClientConnections()
		ts.Close()
	})
	return cip.New(cip.Options{
		Region:       region,
		BaseEndpoint: aws.String(ts.URL),
		Credentials:  credentials.NewStaticCredentialsProvider(wire.DemoAccessKeyID, wire.DemoSecretAccessKey, ""),
		Retryer:      aws.NopRetryer{},
		HTTPClient:   ts.Client(),
	})
}

// newPool makes a Cognito without quotas and one pool in it.
func newPool(t *testing.T, cfg cognito.PoolConfig) (*cognito.Cognito, *cognito.Pool) {
	t.Helper()
	c := cognito.New(cognito.Config{Quotas: unlimited()})
	if cfg.ID == "" {
		cfg.ID = poolID
	}
	p, err := c.AddPool(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c, p
}

// codeOf is an error's "Code: message".
func codeOf(err error) string {
	if err == nil {
		return ""
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	return err.Error()
}

func add(t *testing.T, p *cognito.Pool, seeds ...cognito.Seed) {
	t.Helper()
	for _, s := range seeds {
		if err := p.Seed(s); err != nil {
			t.Fatal(err)
		}
	}
}
