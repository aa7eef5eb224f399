package wire

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// rig is a server with a service of each protocol: "echo" (JSON 1.0 with query
// errors, like SQS), "plain" (JSON 1.1), "form" (query), "rest".
type rig struct {
	*Server
	mu      sync.Mutex
	records []Record
	ran     int // handlers carried out
}

// did is how many handlers were carried out, and what was recorded.
func (r *rig) did() (int, []Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ran, r.records
}

func (r *rig) run() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ran++
}

func newRig(cfg Config) *rig {
	r := &rig{}
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return noon }
	}
	cfg.Observe = func(rec Record) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.records = append(r.records, rec)
	}
	r.Server = NewServer(cfg)
	echo := func(_ context.Context, c *Call) (any, error) {
		r.run()
		c.Note, c.Category = "noted", "cat"
		var in struct{ Fail, Drop, Bad string }
		if len(c.Body) > 0 && c.Body[0] == '{' {
			if err := c.Decode(&in); err != nil {
				return nil, err
			}
		}
		c.DropReply = in.Drop != ""
		switch {
		case in.Bad != "":
			return nil, errors.New("a bug")
		case in.Fail != "":
			return nil, &Error{Code: in.Fail, QueryCode: "Old." + in.Fail, Message: "as asked", Extra: map[string]any{"More": 1}}
		}
		return map[string]string{"Operation": c.Operation, "Region": c.Region, "ARN": c.Caller.ARN, "Endpoint": c.Endpoint}, nil
	}
	ops := map[string]Handler{"Echo": echo, "Open": echo}
	r.Register(&Service{SigningName: "echo", TargetPrefix: "Echo", JSONVersion: "1.0", QueryErrors: true, Namespace: "com.echo#", UnknownOperation: "InvalidAction", Operations: ops, Unsigned: []string{"Open"}})
	r.Register(&Service{SigningName: "plain", TargetPrefix: "Plain", JSONVersion: "1.1", Operations: ops, ThrottleError: Errorf("TooManyRequestsException", "Rate exceeded")})
	xmlOut := func(context.Context, *Call) (any, error) {
		r.run()
		return struct{ Account string }{"1"}, nil
	}
	r.Register(&Service{SigningName: "form", Operations: map[string]Handler{"Echo": xmlOut}, Protocol: QueryXML{Namespace: "urn:x"}})
	r.Register(&Service{SigningName: "rest", Operations: map[string]Handler{"GetIt": echo}, Protocol: RESTJSON{Routes: map[string]string{"GET /v2/it": "GetIt"}}})
	return r
}

// ask is a request and how it is signed.
type ask struct {
	method, path, target, contentType, body string
	service, region                         string // of the signature
	key, secret, token                      string
	at                                      time.Time
	unsigned                                bool
	spoil                                   func(*http.Request) // after signing
}

func (a ask) request(t testing.TB, base string) *http.Request {
	t.Helper()
	or := func(s *string, d string) {
		if *s == "" {
			*s = d
		}
	}
	or(&a.method, "POST")
	or(&a.path, "/")
	or(&a.service, "echo")
	or(&a.region, "eu-west-1")
	or(&a.key, DemoAccessKeyID)
	or(&a.secret, DemoSecretAccessKey)
	if a.at.IsZero() {
		a.at = noon
	}
	r, err := http.NewRequestWithContext(t.Context(), a.method, base+a.path, strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	if a.target != "" {
		r.Header.Set("X-Amz-Target", a.target)
		or(&a.contentType, "application/x-amz-json-1.0")
	}
	if a.contentType != "" {
		r.Header.Set("Content-Type", a.contentType)
	}
	if !a.unsigned {
		sum := sha256.Sum256([]byte(a.body))
		creds := aws.Credentials{AccessKeyID: a.key, SecretAccessKey: a.secret, SessionToken: a.token}
		if err := v4.NewSigner().SignHTTP(t.Context(), creds, r, hex.EncodeToString(sum[:]), a.service, a.region, a.at); err != nil {
			t.Fatal(err)
		}
	}
	if a.spoil != nil {
		a.spoil(r)
	}
	return r
}

// do serves a request without a network.
func (r *rig) do(t testing.TB, a ask) *http.Response {
	t.Helper()
	req := a.request(t, "http://127.0.0.1:4566")
	req.RequestURI = req.URL.RequestURI()
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	return w.Result()
}

func text(t testing.TB, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
