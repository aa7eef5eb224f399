package queuetest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"go.uber.org/goleak"

	"relock/internal/queue/queuefake"
	"relock/internal/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func client(t testing.TB, url string) *sqs.Client {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return sqs.New(sqs.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(url), Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider(sandbox.DemoAccessKeyID, sandbox.DemoSecretAccessKey, ""),
		HTTPClient:  &http.Client{Transport: transport, Timeout: time.Minute},
	})
}

func TestSandbox(t *testing.T) {
	s, err := sandbox.New(sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(func() {
		_ = s.Close(context.Background())
		server.CloseClientConnections()
		server.Close()
	})
	Suite{New: OverSQS(client(t, server.URL))}.Run(t)
}

func TestQueueFake(t *testing.T) {
	Suite{
		Bubble:  true,
		Lenient: []Leniency{GarbageHandles},
		New: func(_ testing.TB, maxReceives int) Queue {
			q := queuefake.New()
			q.MaxReceives = maxReceives
			return Queue{T: q, Dead: func(context.Context) ([]string, error) { return q.Dead(), nil }}
		},
	}.Run(t)
}

// peers are servers that we did not write, and where each differs from what
// AWS's documents say of SQS.
var peers = map[string][]Leniency{
	"aws":    nil,
	"fauxqs": {DepthLags, GarbageHandles, LostPolls, NarrowText, StaleChanges},
	"moto":   {Duplicates, LostPolls, OldHandlesWork, StaleChanges},
}

// TestPeer runs over a server that we did not write.
func TestPeer(t *testing.T) {
	url, server := os.Getenv("RELOCK_TEST_SQS"), os.Getenv("RELOCK_TEST_SQS_SERVER")
	if url == "" {
		t.Skip("set RELOCK_TEST_SQS to the URL of an SQS, and RELOCK_TEST_SQS_SERVER to what it is: aws, fauxqs or moto")
	}
	lenient, ok := peers[server]
	if !ok {
		t.Fatalf("RELOCK_TEST_SQS_SERVER is %q: want aws, fauxqs or moto", server)
	}
	Suite{New: OverSQS(client(t, url)), Lenient: lenient}.Run(t)
}
