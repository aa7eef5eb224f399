package ledger_test

import (
	"flag"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// client is a client of a server: each call once, as the ledger wants it. wrap,
// if not nil, sees every request.
func client(t testing.TB, endpoint string, wrap func(http.RoundTripper) http.RoundTripper) *dynamodb.Client {
	t.Helper()
	tr := http.DefaultTransport.(*http.Transport).Clone()
	tr.MaxIdleConnsPerHost, tr.MaxIdleConns = 128, 128
	t.Cleanup(tr.CloseIdleConnections)
	var rt http.RoundTripper = tr
	if wrap != nil {
		rt = wrap(tr)
	}
	return dynamodb.New(dynamodb.Options{
		Region: "eu-west-1", BaseEndpoint: &endpoint, Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		HTTPClient:  &http.Client{Transport: rt},
	})
}

var tables atomic.Int64

// newTable names a table that no test has used.
func newTable() string { return fmt.Sprintf("relock-%d", tables.Add(1)) }

// tripper is a function that makes round trips.
type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// oneByOne lets one request through at a time.
func oneByOne(rt http.RoundTripper) http.RoundTripper {
	var mu sync.Mutex
	return tripper(func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		return rt.RoundTrip(r)
	})
}

// rapidly sets how many histories rapid plays, and about how long they are: a
// server takes its time.
func rapidly(t *testing.T, checks, steps int) {
	t.Helper()
	for name, n := range map[string]int{"rapid.checks": checks, "rapid.steps": steps} {
		f := flag.Lookup(name)
		before := f.Value.String()
		if err := f.Value.Set(strconv.Itoa(n)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Value.Set(before) })
	}
}
