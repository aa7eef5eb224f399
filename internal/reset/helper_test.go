package reset

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

const pool = "eu-west-1_AbCdEf123"

// signed is credentials that every server here accepts.
func signed(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "secret"}, nil
}

// api is the real SDK client of an endpoint, without keep-alive so that nothing
// is left at the end of a test.
func api(t *testing.T, endpoint string, change ...func(*cip.Options)) *cip.Client {
	t.Helper()
	tr := &http.Transport{DisableKeepAlives: true}
	t.Cleanup(tr.CloseIdleConnections)
	o := cip.Options{
		Region: "eu-west-1", BaseEndpoint: &endpoint, Retryer: aws.NopRetryer{},
		Credentials: aws.CredentialsProviderFunc(signed), HTTPClient: &http.Client{Transport: tr},
	}
	for _, f := range change {
		f(&o)
	}
	return cip.New(o)
}

// server answers every call with h.
func server(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// client is a Client of a server that answers with h.
func client(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	return New(api(t, server(t, h)), 5*time.Second, nil)
}

// quiet is a log that nobody reads.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
