package wire

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"relock/internal/sandbox/fault"
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

func TestReplies(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		ask         ask
		status      int
		contentType string
		queryError  string
		body        string
	}{
		{"JSON 1.0", ask{target: "Echo.Echo", body: "{}"}, 200, "application/x-amz-json-1.0", "",
			`{"ARN":"arn:aws:iam::123456789012:user/` + DemoAccessKeyID + `","Endpoint":"http://127.0.0.1:4566","Operation":"Echo","Region":"eu-west-1"}`},
		{"an empty body", ask{target: "Echo.Echo"}, 200, "application/x-amz-json-1.0", "",
			`{"ARN":"arn:aws:iam::123456789012:user/` + DemoAccessKeyID + `","Endpoint":"http://127.0.0.1:4566","Operation":"Echo","Region":"eu-west-1"}`},
		{"an error with a query code", ask{target: "Echo.Echo", body: `{"Fail":"Oops"}`}, 400, "application/x-amz-json-1.0", "Old.Oops;Sender",
			`{"More":1,"__type":"com.echo#Oops","message":"as asked"}`},
		{"an error without", ask{target: "Plain.Echo", service: "plain", body: `{"Fail":"Oops"}`}, 400, "application/x-amz-json-1.1", "",
			`{"More":1,"__type":"Oops","message":"as asked"}`},
		{"a bug", ask{target: "Echo.Echo", body: `{"Bad":"x"}`}, 500, "application/x-amz-json-1.0", "InternalFailure;Receiver",
			`{"__type":"com.echo#InternalFailure","message":"The request processing has failed because of an unknown error, exception or failure."}`},
		{"an unsigned operation", ask{target: "Echo.Open", unsigned: true}, 200, "application/x-amz-json-1.0", "",
			`{"ARN":"","Endpoint":"http://127.0.0.1:4566","Operation":"Open","Region":"eu-west-1"}`},
		{"query", ask{service: "form", contentType: "application/x-www-form-urlencoded", body: "Action=Echo&Version=1"}, 200, "text/xml", "",
			`<EchoResponse xmlns="urn:x"><EchoResult><Account>1</Account></EchoResult><ResponseMetadata><RequestId>$ID</RequestId></ResponseMetadata></EchoResponse>`},
		{"query, unknown action", ask{service: "form", contentType: "application/x-www-form-urlencoded", body: "Action=No<pe"}, 400, "text/xml", "",
			`<ErrorResponse xmlns="urn:x"><Error><Type>Sender</Type><Code>UnknownOperationException</Code><Message>The action or operation requested is invalid. Verify that the action is typed correctly: &#34;No&lt;pe&#34;.</Message></Error><RequestId>$ID</RequestId></ErrorResponse>`},
		{"REST", ask{method: "GET", path: "/v2/it", service: "rest"}, 200, "application/json", "",
			`{"ARN":"arn:aws:iam::123456789012:user/` + DemoAccessKeyID + `","Endpoint":"http://127.0.0.1:4566","Operation":"GetIt","Region":"eu-west-1"}`},
		{"an unknown operation", ask{target: "Echo.Nope"}, 400, "application/x-amz-json-1.0", "InvalidAction;Sender",
			`{"__type":"com.echo#InvalidAction","message":"The action or operation requested is invalid. Verify that the action is typed correctly: \"Nope\"."}`},
		{"an unknown service", ask{target: "Nobody.Echo"}, 400, "application/x-amz-json-1.0", "",
			`{"__type":"UnknownOperationException","message":"The action or operation requested is invalid. Verify that the action is typed correctly: \"Echo\"."}`},
		{"another content type", ask{target: "Echo.Echo", contentType: "application/json"}, 400, "application/x-amz-json-1.0", "",
			`{"__type":"UnknownOperationException","message":"The action or operation requested is invalid. Verify that the action is typed correctly: \"Echo\"."}`},
		{"no JSON", ask{target: "Plain.Echo", service: "plain", body: `{"Fail":`}, 400, "application/x-amz-json-1.1", "",
			`{"__type":"SerializationException","message":"the request body is not JSON: unexpected end of JSON input"}`},
		{"a wrong type", ask{target: "Plain.Echo", service: "plain", body: `{"Fail":1}`}, 400, "application/x-amz-json-1.1", "",
			`{"__type":"SerializationException","message":"number can not be converted to string (member Fail)"}`},
		{"invalid UTF-8", ask{target: "Plain.Echo", service: "plain", body: "{\"Fail\":\"\xff\"}"}, 400, "application/x-amz-json-1.1", "",
			`{"__type":"SerializationException","message":"the request body is not valid UTF-8"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			resp := newRig(Config{}).do(t, tt.ask)
			id := resp.Header.Get("x-amzn-RequestId")
			if len(id) != 36 {
				t.Errorf("request ID %q", id)
			}
			body := strings.ReplaceAll(text(t, resp), id, "$ID")
			if diff := cmp.Diff(tt.body, body); diff != "" {
				t.Error(diff)
			}
			if resp.StatusCode != tt.status || resp.Header.Get("Content-Type") != tt.contentType || resp.Header.Get("x-amzn-query-error") != tt.queryError {
				t.Errorf("status %d, type %q, query error %q", resp.StatusCode, resp.Header.Get("Content-Type"), resp.Header.Get("x-amzn-query-error"))
			}
		})
	}
}

func TestSignatures(t *testing.T) {
	t.Parallel()
	header := func(old, new string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, new, 1))
		}
	}
	known := Config{KnownKeysOnly: true, Keys: map[string]Key{
		"AKIAEXPIRED": {Secret: "s", Expired: true}, "ASIATOKEN": {Secret: "s", Token: "token", ARN: "arn:aws:sts::1:assumed-role/r/s"}, "AKIANOSECRET": {},
	}}
	tests := []struct {
		name string
		cfg  Config
		ask  ask
		want string // code; "" is success
	}{
		{"right", Config{}, ask{}, ""},
		{"any key", Config{}, ask{key: "AKIAANY", secret: "any"}, ""},
		{"a known key without a secret", known, ask{key: "AKIANOSECRET", secret: "any"}, ""},
		{"with a token", known, ask{key: "ASIATOKEN", secret: "s", token: "token"}, ""},
		{"a further Region", Config{Regions: []string{"us-east-1"}}, ask{region: "us-east-1"}, ""},
		{"14 minutes late", Config{}, ask{at: noon.Add(-14 * time.Minute)}, ""},
		{"any time", Config{AnyTime: true}, ask{at: noon.Add(-14 * time.Hour * 24)}, ""},
		{"a query", Config{}, ask{path: "/?b=1&a=x%20y&a=%2F"}, ""},

		{"none", Config{}, ask{unsigned: true}, "MissingAuthenticationTokenException"},
		{"an unknown key", known, ask{key: "AKIAANY", secret: "any"}, "UnrecognizedClientException"},
		{"a wrong token", known, ask{key: "ASIATOKEN", secret: "s", token: "another"}, "UnrecognizedClientException"},
		{"an expired key", known, ask{key: "AKIAEXPIRED", secret: "s"}, "ExpiredTokenException"},
		{"a wrong secret", Config{}, ask{secret: "wrong"}, "InvalidSignatureException"},
		{"a changed body", Config{}, ask{spoil: func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("[]")) }, body: "{}"}, "InvalidSignatureException"},
		{"a changed host", Config{}, ask{spoil: func(r *http.Request) { r.Host = "elsewhere" }}, "InvalidSignatureException"},
		{"another service", Config{}, ask{service: "plain"}, "InvalidSignatureException"},
		{"another Region", Config{}, ask{region: "us-east-1"}, "InvalidSignatureException"},
		{"16 minutes late", Config{}, ask{at: noon.Add(-16 * time.Minute)}, "InvalidSignatureException"},
		{"16 minutes early", Config{}, ask{at: noon.Add(16 * time.Minute)}, "InvalidSignatureException"},
		{"another day in the scope", Config{}, ask{spoil: header("/20261123/", "/20261122/")}, "InvalidSignatureException"},
		{"host is not signed", Config{}, ask{spoil: header("host;", "")}, "InvalidSignatureException"},
		{"no date", Config{}, ask{spoil: func(r *http.Request) { r.Header.Del("X-Amz-Date") }}, "IncompleteSignatureException"},
		{"no date but words", Config{}, ask{spoil: func(r *http.Request) { r.Header.Set("X-Amz-Date", "20261123 today") }}, "IncompleteSignatureException"},
		{"another algorithm", Config{}, ask{spoil: header("AWS4-HMAC-SHA256", "AWS5")}, "IncompleteSignatureException"},
		{"no scope", Config{}, ask{spoil: header("/aws4_request", "")}, "IncompleteSignatureException"},
		{"no signature", Config{}, ask{spoil: header("Signature=", "Sig=")}, "IncompleteSignatureException"},
		{"no credential", Config{}, ask{spoil: header("Credential=", "Cred=")}, "IncompleteSignatureException"},
		{"no signed headers", Config{}, ask{spoil: header("SignedHeaders=", "Headers=")}, "IncompleteSignatureException"},
		{"basic", Config{}, ask{unsigned: true, spoil: func(r *http.Request) { r.SetBasicAuth("a", "b") }}, "IncompleteSignatureException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.ask.target = "Echo.Echo"
			r := newRig(tt.cfg)
			resp := r.do(t, tt.ask)
			var out struct {
				Type string `json:"__type"`
			}
			if err := json.Unmarshal([]byte(text(t, resp)), &out); err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimPrefix(out.Type, "com.echo#"); got != tt.want {
				t.Fatalf("got %q, want %q", got, tt.want)
			}
			if ok := tt.want == ""; (r.ran == 1) != ok {
				t.Errorf("the call was carried out %d times", r.ran)
			}
		})
	}
}

// The signature covers the headers that it names.
func TestSignedHeader(t *testing.T) {
	t.Parallel()
	r := newRig(Config{})
	resp := r.do(t, ask{target: "Echo.Open", body: "{}", spoil: func(r *http.Request) { r.Header.Set("X-Amz-Target", "Echo.Echo") }})
	if got := text(t, resp); !strings.Contains(got, "InvalidSignatureException") || resp.StatusCode != http.StatusForbidden {
		t.Errorf("%d %s", resp.StatusCode, got)
	}
}

func TestSetKey(t *testing.T) {
	t.Parallel()
	r := newRig(Config{})
	r.SetKey(DemoAccessKeyID, Key{Expired: true})
	if got := text(t, r.do(t, ask{target: "Plain.Echo", service: "plain"})); got != `{"__type":"ExpiredTokenException","message":"The security token included in the request is expired"}` {
		t.Errorf("an expired key: %s", got)
	}
	r.SetKey(DemoAccessKeyID, Key{Secret: DemoSecretAccessKey})
	if resp := r.do(t, ask{target: "Plain.Echo", service: "plain"}); resp.StatusCode != 200 {
		t.Errorf("renewed: %s", text(t, resp))
	}
}

func TestBodyCap(t *testing.T) {
	t.Parallel()
	for _, chunked := range []bool{false, true} {
		r := newRig(Config{MaxBody: 100})
		for n, want := range map[int]int{100: 200, 101: 413} {
			resp := r.do(t, ask{target: "Echo.Echo", body: strings.Repeat(" ", n-2) + "{}", spoil: func(r *http.Request) {
				if chunked {
					r.ContentLength = -1
					r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "content-length;", "", 1))
				}
			}, key: "AKIAANY"})
			if resp.StatusCode != want {
				t.Errorf("chunked %v, %d bytes: %d, want %d: %s", chunked, n, resp.StatusCode, want, text(t, resp))
			}
		}
	}
}

func TestAuthorize(t *testing.T) {
	t.Parallel()
	var asked []string
	s := NewServer(Config{Authorize: func(c Caller, action, resource string) *Error {
		asked = append(asked, c.AccessKeyID+" "+action+" "+resource)
		return Errorf("AccessDeniedException", "no")
	}})
	c := &Call{server: s, Caller: Caller{AccessKeyID: "K"}}
	err := c.Authorize("sqs:SendMessage", "arn")
	if e, ok := errors.AsType[*Error](err); !ok || e.Code != "AccessDeniedException" || len(asked) != 1 || asked[0] != "K sqs:SendMessage arn" {
		t.Errorf("%v, asked %v", err, asked)
	}
	if err := (&Call{}).Authorize("a", "b"); err != nil {
		t.Errorf("without a policy: %v", err)
	}
}

func TestRecords(t *testing.T) {
	t.Parallel()
	faults := fault.New(1)
	r := newRig(Config{Faults: faults})
	if err := faults.Set(fault.Rule{Name: fault.Throttle, Service: "plain", Rate: 1, Skip: 1}); err != nil {
		t.Fatal(err)
	}
	for _, a := range []ask{
		{target: "Plain.Echo", service: "plain"}, {target: "Plain.Echo", service: "plain"},
		{target: "Echo.Echo", body: `{"Fail":"Oops"}`}, {target: "Echo.Echo", unsigned: true}, {target: "Nobody.Op"},
	} {
		r.do(t, a)
	}
	want := []Record{
		{Service: "plain", Operation: "Echo", AccessKeyID: DemoAccessKeyID, Note: "noted", Category: "cat", Status: 200},
		{Service: "plain", Operation: "Echo", AccessKeyID: DemoAccessKeyID, Code: "TooManyRequestsException", Status: 400, Throttled: true},
		{Service: "echo", Operation: "Echo", AccessKeyID: DemoAccessKeyID, Note: "noted", Category: "cat", Code: "Oops", Status: 400},
		{Service: "echo", Operation: "Echo", Code: "MissingAuthenticationTokenException", Status: 403},
		{Code: "UnknownOperationException", Status: 400},
	}
	ids := map[string]bool{}
	for i := range r.records {
		ids[r.records[i].RequestID] = true
		r.records[i].RequestID, r.records[i].At = "", time.Time{}
	}
	if diff := cmp.Diff(want, r.records); diff != "" || len(ids) != len(want) {
		t.Errorf("%d IDs\n%s", len(ids), diff)
	}
}

func TestMounts(t *testing.T) {
	t.Parallel()
	r := newRig(Config{})
	r.Mount("thing", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Method+" "+r.URL.Path) }))
	tests := []struct {
		path, origin, want string
		status             int
	}{
		{"/_sandbox/thing/a/b", "", "GET /a/b", 200},
		{"/_sandbox/thing", "", "GET ", 200},
		{"/_sandbox/other", "", "404 page not found\n", 404},
		{"/_sandbox/thing", "https://evil.example", "the sandbox's inspection is not for web pages\n", 403},
		{"/_sandbox/", "", "thing\n", 200},
	}
	for _, tt := range tests {
		resp := r.do(t, ask{method: "GET", path: tt.path, unsigned: true, spoil: func(r *http.Request) {
			if tt.origin != "" {
				r.Header.Set("Origin", tt.origin)
			}
		}})
		if got := text(t, resp); got != tt.want || resp.StatusCode != tt.status {
			t.Errorf("%s from %q: %d %q", tt.path, tt.origin, resp.StatusCode, got)
		}
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	a, b := NewServer(Config{Seed: 5}), NewServer(Config{Seed: 5})
	seen := map[string]bool{}
	for range 1000 {
		id := a.NewID()
		if id != b.NewID() {
			t.Fatal("the same seed made another ID")
		}
		seen[id] = true
	}
	if len(seen) != 1000 {
		t.Errorf("%d different IDs of 1000", len(seen))
	}
	if first, second := NewServer(Config{}), NewServer(Config{}); first.NewID() == second.NewID() {
		t.Error("two servers without a seed made the same ID")
	}
}

// FuzzRequest sends anything at all: the server answers, and never carries out
// a call whose signature is not the known key's.
func FuzzRequest(f *testing.F) {
	f.Add("Echo.Echo", "application/x-amz-json-1.0", "AWS4-HMAC-SHA256 Credential=AKIA/20261123/eu-west-1/echo/aws4_request, SignedHeaders=host, Signature=00", "20261123T120000Z", "/", []byte("{}"))
	f.Add("", "", "AWS4-HMAC-SHA256 Credential=AKIA/20261123/eu-west-1/form/aws4_request,SignedHeaders=host,Signature=00", "20261123T120000Z", "/?a=%zz", []byte("Action=Echo"))
	f.Add("Plain.Echo", "application/x-amz-json-1.1", "AWS4-HMAC-SHA256 Credential=/////,SignedHeaders=;;,Signature=x", "20261123", "/a%2fb", []byte{0xff})
	f.Fuzz(func(t *testing.T, target, contentType, auth, date, path string, body []byte) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1"+path, bytes.NewReader(body))
		if err != nil {
			return
		}
		if strings.HasPrefix(req.URL.Path, "/_sandbox/") {
			return
		}
		req.Header = http.Header{"X-Amz-Target": {target}, "Content-Type": {contentType}, "Authorization": {auth}, "X-Amz-Date": {date}}
		r := newRig(Config{KnownKeysOnly: true, Keys: map[string]Key{"AKIA": {Secret: "never guessed"}}})
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		if op := strings.TrimPrefix(target, "Echo."); r.ran > 0 && op != "Open" {
			t.Fatalf("the call was carried out: %d", w.Code)
		}
		if w.Code < 400 && r.ran == 0 {
			t.Fatalf("answered %d without a call", w.Code)
		}
		if strings.HasPrefix(w.Header().Get("Content-Type"), "application/x-amz-json") && !json.Valid(w.Body.Bytes()) {
			t.Fatalf("answered %q", w.Body)
		}
	})
}
