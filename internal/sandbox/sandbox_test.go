package sandbox_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"go.uber.org/goleak"

	"relock/internal/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start serves a sandbox over HTTP until the test ends.
func start(t testing.TB, cfg sandbox.Config) (*sandbox.Server, string) {
	t.Helper()
	s, err := sandbox.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	t.Cleanup(func() {
		_ = s.Close(context.Background())
		srv.CloseClientConnections()
		srv.Close()
	})
	return s, srv.URL
}

// client is the real SDK's, without retries.
func client(t testing.TB, url string, change ...func(*sqs.Options)) *sqs.Client {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return sqs.New(sqs.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(url), Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider(sandbox.DemoAccessKeyID, sandbox.DemoSecretAccessKey, ""),
		HTTPClient:  &http.Client{Transport: transport, Timeout: 30 * time.Second},
	}, change...)
}
