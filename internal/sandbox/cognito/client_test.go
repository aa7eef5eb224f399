package cognito_test

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

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

// direct calls an operation without HTTP, for tests in fake time. It returns
// the reply as JSON has it, or the error's "Code: message".
func direct(t testing.TB, c *cognito.Cognito, op string, in any) (map[string]any, string) {
	t.Helper()
	return directAs(t, c, "AKIATEST", op, in)
}

func directAs(t testing.TB, c *cognito.Cognito, caller, op string, in any) (map[string]any, string) {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	h := c.Service().Operations[op]
	if h == nil {
		t.Fatalf("there is no operation %s", op)
	}
	out, err := h(t.Context(), &wire.Call{
		Service: "cognito-idp", Operation: op, Region: region, At: time.Now(), Body: body, Caller: wire.Caller{AccessKeyID: caller},
	})
	if err != nil {
		return nil, err.Error()
	}
	b, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]any{}
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m, ""
}

// obj is a request or a part of one.
type obj = map[string]any

// reset resets a user of the test's pool and returns the error's text.
func reset(t testing.TB, c *cognito.Cognito, name string) string {
	t.Helper()
	_, e := direct(t, c, "AdminResetUserPassword", obj{"UserPoolId": poolID, "Username": name})
	return e
}
