package peers

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"go.uber.org/goleak"

	"relock/internal/peers/servers"
	"relock/internal/sandbox"
	"relock/internal/sandbox/cognito"
)

// TestMain runs as many behaviours side by side as there are: they wait for the
// servers' clocks and cost no CPU.
func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		if err := flag.Set(f.Name, "32"); err != nil {
			panic(err)
		}
	}
	goleak.VerifyTestMain(m)
}

var update = flag.Bool("update", false, "write the tables of docs/sandbox.md")

// Names of the servers.
const (
	theSandbox = "sandbox"
	fauxqs     = "fauxqs"
	moto       = "moto"
)

// starters start the servers; all know the demo's access key.
var starters = map[string]func(testing.TB) string{
	theSandbox: startSandbox, fauxqs: servers.StartFauxqs, moto: servers.StartMoto,
}

func startSandbox(t testing.TB) string {
	t.Helper()
	_, url := newSandbox(t)
	return url
}

func newSandbox(t testing.TB) (*sandbox.Server, string) {
	t.Helper()
	quotas := map[cognito.Category]cognito.Limit{}
	for _, c := range cognito.Categories() {
		quotas[c] = cognito.Limit{Unlimited: true} // the others have none
	}
	s, err := sandbox.New(sandbox.Config{Cognito: cognito.Config{Quotas: quotas}})
	if err != nil {
		t.Fatal(err)
	}
	url, err := s.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return s, url
}

// config is an SDK configuration for a server, with one attempt a call.
func config(t testing.TB, url string) aws.Config {
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return aws.Config{
		Region: "eu-west-1", BaseEndpoint: &url,
		Credentials: credentials.NewStaticCredentialsProvider(sandbox.DemoAccessKeyID, sandbox.DemoSecretAccessKey, ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
		HTTPClient:  &http.Client{Transport: transport, Timeout: time.Minute},
	}
}

// told says what the SDK made of a reply: "accepted", or the error's Go type and
// code, which differ where the server sends x-amzn-query-error.
func told(err error) string {
	if err == nil {
		return "accepted"
	}
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		if r, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
			return fmt.Sprintf("HTTP %d, and nothing that the SDK understands", r.HTTPStatusCode())
		}
		return err.Error()
	}
	name := strings.TrimPrefix(fmt.Sprintf("%T", api), "*types.")
	switch _, generic := errors.AsType[*smithy.GenericAPIError](err); {
	case generic:
		return api.ErrorCode()
	case name == api.ErrorCode():
		return name
	}
	return name + " (" + api.ErrorCode() + ")"
}

// toldAll joins what is told of several errors, once where they all agree.
func toldAll(errs ...error) string {
	var all []string
	for _, err := range errs {
		all = append(all, told(err))
	}
	return once(all)
}

// once joins observations; all alike are said once.
func once(all []string) string {
	for _, s := range all {
		if s != all[0] {
			return strings.Join(all, ", ")
		}
	}
	return all[0]
}

// unsigned makes a call without a signature, and says the error's code. AWS's
// pages have it with and without the suffix Exception.
func unsigned(ctx context.Context, url, contentType, target, body string) string {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/", strings.NewReader(body))
	if err != nil {
		return err.Error()
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("X-Amz-Target", target)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = resp.Body.Close() }() // only read
	if resp.StatusCode == http.StatusOK {
		return "accepted"
	}
	var reply struct {
		Type string `json:"__type"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&reply); err != nil {
		return resp.Status + " and no JSON"
	}
	return strings.TrimSuffix(reply.Type[strings.LastIndex(reply.Type, "#")+1:], "Exception")
}
