package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"relock/internal/job"
	"relock/internal/report/page"
	"relock/internal/report/progress"
)

func testStatus(host string) *statusServer {
	return &statusServer{host: host, log: slog.New(slog.DiscardHandler), live: func() page.Live {
		return page.Live{Version: "v0", Now: time.Unix(1_760_000_000, 0), Pools: []string{"eu-west-1_AbCdEf123"}, Run: progress.Run{Jobs: []progress.Job{{Job: job.Job{ID: "night"}}}}}
	}}
}

// askStatus is one request to the page.
func askStatus(t *testing.T, s *statusServer, method, host, path string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	r.Host = host
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func TestTheStatusPageAnswersOnlyWhomItIsMeantFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method, host, path string
		want               int
	}{
		{"GET", "127.0.0.1:9470", "/", 200},
		{"GET", "127.0.0.1", "/", 200},
		{"GET", "localhost:8080", "/", 200}, // the other end of a tunnel
		{"GET", "LOCALHOST", "/?again=1", 200},
		{"GET", "[::1]:9470", "/", 200},
		{"GET", "[::1]", "/", 200},
		{"GET", "10.1.2.3:9470", "/", 200}, // no rebinding makes a browser send an address
		{"GET", "status.internal:9470", "/", 200},
		{"HEAD", "localhost", "/", 200},
		{"GET", "evil.example:9470", "/", 421},
		{"GET", "localhost.evil.example", "/", 421},
		{"GET", "127.0.0.1.evil.example", "/", 421},
		{"GET", "127.0.0.1:80@evil.example", "/", 421},
		{"GET", "status.internal.", "/", 421},
		{"GET", "", "/", 421},
		{"POST", "evil.example", "/", 421},
		{"POST", "localhost", "/", 405},
		{"PUT", "localhost", "/", 405},
		{"DELETE", "localhost", "/", 405},
		{"OPTIONS", "localhost", "/", 405},
		{"GET", "localhost", "/favicon.ico", 404},
		{"GET", "localhost", "/../etc/passwd", 404},
	} {
		res := askStatus(t, testStatus("status.internal"), c.method, c.host, c.path)
		if res.StatusCode != c.want {
			t.Errorf("%s %s of %q: %d, want %d", c.method, c.path, c.host, res.StatusCode, c.want)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil || strings.Contains(string(body), "night") != (c.want == 200) {
			t.Errorf("%s of %q: the page is in the answer, or is not: %.60s", c.method, c.host, body)
		}
		for header, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "X-Frame-Options": "DENY",
			"Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin", "Access-Control-Allow-Origin": "",
			"Content-Security-Policy": page.StatusPolicy + "; frame-ancestors 'none'",
		} {
			if got := res.Header.Get(header); got != want {
				t.Errorf("%s of %q: %s is %q, want %q", c.method, c.host, header, got, want)
			}
		}
	}
}

func TestTheStatusPageIsForThisMachineUnlessSpelledOut(t *testing.T) {
	t.Parallel()
	for flag, want := range map[string]string{
		"": "", "off": "", ":9470": "127.0.0.1:9470", "0.0.0.0:9470": "0.0.0.0:9470", "[::1]:9470": "[::1]:9470",
		"localhost:0": "localhost:0", "[::]:1": "[::]:1",
	} {
		if got, err := statusAddr(flag); got != want || err != nil {
			t.Errorf("%q: %q, %v, want %q", flag, got, err, want)
		}
	}
	for _, flag := range []string{"9470", "localhost", "localhost:", "::1:9470:", "http://localhost:9470"} {
		if got, err := statusAddr(flag); err == nil || !strings.Contains(err.Error(), "--status-listen") {
			t.Errorf("%q: %q, %v, want an error that names the flag", flag, got, err)
		}
	}
}

// TestTheStatusListenerEnds has a reader that takes nothing of its answer: the end
// of a run does not wait for it.
func TestTheStatusListenerEnds(t *testing.T) {
	t.Parallel()
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stop := testStatus("127.0.0.1").serve(t.Context(), ln)
	var dialer net.Dialer
	slow, err := dialer.DialContext(t.Context(), "tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = slow.Close() }()
	if _, err := fmt.Fprint(slow, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"); err != nil { // and no more
		t.Fatal(err)
	}
	quick, err := dialer.DialContext(t.Context(), "tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = quick.Close() }()
	if _, err := fmt.Fprint(quick, "HEAD / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(bufio.NewReader(quick))
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200 OK\r\n") || !strings.HasSuffix(string(answer), "\r\n\r\n") {
		t.Errorf("a HEAD is answered with %q, %v", answer, err)
	}
	stop()
	// Left to itself, the listener waits longer for the rest of the request.
	if err := slow.SetReadDeadline(time.Now().Add(statusHeaderWithin - time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := slow.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the slow reader is not cut off: %v", err)
	}
	if _, err := (&net.Dialer{}).DialContext(context.WithoutCancel(t.Context()), "tcp", ln.Addr().String()); err == nil {
		t.Error("the listener still listens")
	}
}
