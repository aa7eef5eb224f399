package awsconf

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// early reads a body as net/http does, and closes it in between as the SDK does
// when the server answers early.
type early struct{ got string }

func (e *early) Do(r *http.Request) (*http.Response, error) {
	body := r.Body
	b, err := io.ReadAll(io.LimitReader(body, r.ContentLength))
	if err != nil {
		return nil, err
	}
	e.got = string(b)
	if err := body.Close(); err != nil {
		return nil, err
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		return nil, err
	}
	return &http.Response{Body: http.NoBody}, nil
}

// sdkBody is a body as the SDK hands it over: after Close, WriteTo is an error.
type sdkBody struct {
	*strings.Reader
	closed bool
}

func (b *sdkBody) Close() error { b.closed = true; return nil }

func (b *sdkBody) WriteTo(w io.Writer) (int64, error) {
	if b.closed {
		return 0, io.EOF
	}
	return b.Reader.WriteTo(w)
}

func TestAnEarlyAnswerDoesNotBreakTheConnection(t *testing.T) {
	t.Parallel()
	request := func() *http.Request {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Body, r.ContentLength = &sdkBody{Reader: strings.NewReader("payload")}, int64(len("payload"))
		return r
	}
	if _, err := new(early).Do(request()); err == nil {
		t.Error("the SDK's body alone no longer breaks: wholeBody may go")
	}
	e := &early{}
	resp, err := wholeBody{e}.Do(request())
	if err != nil {
		t.Fatalf("with wholeBody: %v", err)
	}
	_ = resp.Body.Close()
	if e.got != "payload" {
		t.Errorf("sent %q", e.got)
	}
}

func TestARequestWithoutBodyPasses(t *testing.T) {
	t.Parallel()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/", nil)
	if err != nil {
		t.Fatal(err)
	}
	sent := false
	resp, err := wholeBody{doFunc(func(*http.Request) (*http.Response, error) {
		sent = true
		return &http.Response{Body: http.NoBody}, nil
	})}.Do(r)
	if err != nil || !sent {
		t.Fatalf("sent %v, error %v", sent, err)
	}
	_ = resp.Body.Close()
}

type doFunc func(*http.Request) (*http.Response, error)

func (f doFunc) Do(r *http.Request) (*http.Response, error) { return f(r) }
