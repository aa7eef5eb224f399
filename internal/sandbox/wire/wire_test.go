package wire

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relock/internal/sandbox/fault"
)

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
		{"query without a signature", ask{unsigned: true, contentType: "application/x-www-form-urlencoded", body: "Action=Echo"}, 403, "text/xml", "",
			`<ErrorResponse xmlns="http://webservices.amazon.com/AWSFault/2005-15-09"><Error><Type>Sender</Type><Code>MissingAuthenticationToken</Code><Message>Missing Authentication Token</Message></Error><RequestId>$ID</RequestId></ErrorResponse>`},
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
