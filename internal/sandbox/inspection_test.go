package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"relock/internal/sandbox"
	"relock/internal/sandbox/fault"
)

// look calls the inspection.
func look(t *testing.T, method, url, body string) (status int, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestInspection(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	s, url := start(t, sandbox.Config{LogTo: &file})
	c := client(t, url)
	q := newQueue(t, c, "q", nil)
	get := func(path string) string {
		t.Helper()
		status, text := look(t, "GET", url+"/_sandbox/"+path, "")
		if status != 200 {
			t.Fatalf("%s: %d %s", path, status, text)
		}
		return text
	}

	if status, text := look(t, "PUT", url+"/_sandbox/faults", `["throttle@sqs.SendMessage=1,count=1", {"name": "latency", "rate": 0.5, "latency": "fixed:1ms"}]`); status != 200 {
		t.Fatalf("faults: %d %s", status, text)
	}
	for range 3 {
		_, _ = c.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: q, MessageBody: aws.String("x")})
	}
	var faults []fault.Status
	if err := json.Unmarshal([]byte(get("faults")), &faults); err != nil {
		t.Fatal(err)
	}
	if len(faults) != 2 || faults[0].String() != "latency=0.5,fixed:1ms" || faults[1].Seen != 3 || faults[1].Struck != 1 {
		t.Errorf("faults %+v", faults)
	}

	var calls struct {
		Calls, Throttled []map[string]any
	}
	if err := json.Unmarshal([]byte(get("calls")), &calls); err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{
		{"service": "sqs", "operation": "CreateQueue", "caller": sandbox.DemoAccessKeyID, "count": 1.0},
		{"service": "sqs", "operation": "SendMessage", "caller": sandbox.DemoAccessKeyID, "count": 2.0},
		{"service": "sqs", "operation": "SendMessage", "caller": sandbox.DemoAccessKeyID, "code": "RequestThrottled", "count": 1.0},
	}
	if diff := cmp.Diff(want, calls.Calls); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]map[string]any{{"service": "sqs", "operation": "SendMessage", "caller": sandbox.DemoAccessKeyID, "count": 1.0}}, calls.Throttled); diff != "" {
		t.Error(diff)
	}

	if got, want := get("sqs"), `{"q":{"visible":2,"inFlight":0,"delayed":0}}`+"\n"; got != want {
		t.Errorf("queues %s, want %s", got, want)
	}
	var messages []struct{ Body, State string }
	if err := json.Unmarshal([]byte(get("sqs/q/messages?limit=1")), &messages); err != nil || len(messages) != 1 || messages[0].Body != "x" || messages[0].State != "visible" {
		t.Errorf("messages %+v, %v", messages, err)
	}
	if lines := get("log"); strings.Count(lines, "\n") != 4 || !strings.Contains(lines, `"operation":"SendMessage","caller":"`+sandbox.DemoAccessKeyID+`","note":"q"`) {
		t.Errorf("log %s", lines)
	}
	if lines := get("log?after=3"); strings.Count(lines, "\n") != 1 {
		t.Errorf("log after 3: %s", lines)
	}
	if list := get(""); !strings.Contains(list, "faults\n") || !strings.Contains(list, "cognito\n") {
		t.Errorf("list %s", list)
	}

	for _, bad := range []struct {
		method, path, body string
		status             int
		text               string
	}{
		{"PUT", "faults", `["rain=1"]`, 400, "there is no fault"},
		{"PUT", "faults", `{}`, 400, "write a list"},
		{"PUT", "faults", `[{"name": "throttle", "rate": 7}]`, 400, "not between 0 and 1"},
		{"PATCH", "faults", ``, 405, "use"},
		{"GET", "reset", ``, 405, "use"},
		{"GET", "log?after=x", ``, 400, "number"},
		{"GET", "sqs/none/messages", ``, 404, "no such queue"},
		{"GET", "sqs/q/messages?limit=x", ``, 400, "number"},
		{"PUT", "keys", `[]`, 400, "ACCESS-KEY-ID"},
	} {
		if status, text := look(t, bad.method, url+"/_sandbox/"+bad.path, bad.body); status != bad.status || !strings.Contains(text, bad.text) {
			t.Errorf("%s %s: %d %s", bad.method, bad.path, status, text)
		}
	}

	if status, text := look(t, "PUT", url+"/_sandbox/keys", `{"`+sandbox.DemoAccessKeyID+`": {"expired": true}}`); status != 204 {
		t.Errorf("keys: %d %s", status, text)
	}
	if _, err := c.ListQueues(t.Context(), &sqs.ListQueuesInput{}); err == nil || !strings.Contains(err.Error(), "ExpiredToken") {
		t.Errorf("with an expired key: %v", err)
	}
	if status, _ := look(t, "POST", url+"/_sandbox/reset", ""); status != 204 {
		t.Errorf("reset: %d", status)
	}
	if len(s.SQS().Names()) != 0 || len(s.Faults().Rules()) != 0 || len(s.Log().Totals()) != 0 {
		t.Error("the reset left something")
	}
	if err := s.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(file.String(), "\n"); n != 5 {
		t.Errorf("%d lines in the file:\n%s", n, &file)
	}
}

// watch is a log that says when a text has been written to it.
type watch struct {
	text string
	once sync.Once
	seen chan struct{}
}

func (w *watch) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(w.text)) {
		w.once.Do(func() { close(w.seen) })
	}
	return len(p), nil
}

func TestStart(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"0.0.0.0:0": "loopback only", ":0": "loopback only", "192.0.2.1:0": "loopback only", "example.com:0": "loopback only", "127.0.0.1": "HOST:PORT", "[::]:0": "loopback only",
	} {
		s, err := sandbox.New(sandbox.Config{})
		if err != nil {
			t.Fatal(err)
		}
		if url, err := s.Start(addr); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s, %v", addr, url, err)
		}
	}
	hung := &watch{text: `"operation":"ListQueues"`, seen: make(chan struct{})}
	s, err := sandbox.New(sandbox.Config{LogTo: hung})
	if err != nil {
		t.Fatal(err)
	}
	url, err := s.Start("127.0.0.1:0")
	if err != nil || s.URL() != url {
		t.Fatal(url, err)
	}
	if _, err := s.Start("127.0.0.1:0"); err == nil {
		t.Error("it listened twice")
	}
	taken, err := sandbox.New(sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := taken.Start(strings.TrimPrefix(url, "http://")); err == nil {
		t.Error("two servers listen on one port")
	}

	// A stop ends polls and hangs, at once.
	c := client(t, url)
	q := newQueue(t, c, "q", nil)
	if err := s.Faults().Set(fault.Rule{Name: fault.Hang, Service: "sqs", Operation: "ListQueues", Rate: 1}); err != nil {
		t.Fatal(err)
	}
	polled, hanging := make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(polled)
		_, _ = c.ReceiveMessage(context.Background(), &sqs.ReceiveMessageInput{QueueUrl: q, WaitTimeSeconds: 20})
	}()
	go func() {
		_, err := c.ListQueues(context.Background(), &sqs.ListQueuesInput{})
		hanging <- err
	}()
	<-hung.seen // a hang is noted when it begins
	for range 2 {
		if err := s.Close(t.Context()); err != nil { // waits for as long as it takes
			t.Errorf("closing: %v", err)
		}
	}
	if err := <-hanging; err == nil {
		t.Error("a call that hung succeeded")
	}
	<-polled // empty, or refused if it had not begun
	for _, r := range s.Log().Calls("sqs", "ReceiveMessage") {
		if r.Took >= 20*time.Second || r.Code != "" {
			t.Errorf("the poll was not ended: %+v", r)
		}
	}
	if conn, err := net.DialTimeout("tcp", strings.TrimPrefix(url, "http://"), time.Second); err == nil {
		_ = conn.Close()
		t.Error("it still listens")
	}
}

func TestBadFault(t *testing.T) {
	t.Parallel()
	if _, err := sandbox.New(sandbox.Config{Faults: []fault.Rule{{Name: "rain"}}}); err == nil {
		t.Error("a fault that does not exist was accepted")
	}
}
