package wire

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

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
