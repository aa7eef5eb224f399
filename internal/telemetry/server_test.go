package telemetry

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

	"github.com/prometheus/client_golang/prometheus"
)

func testListener() Listener {
	return Listener{Name: "metrics", Flag: "--metrics-listen", Log: slog.New(slog.DiscardHandler),
		Handler: Handler(prometheus.NewRegistry(), NewHealth())}
}

func TestOurHost(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"127.0.0.1:9464": true, "127.0.0.1": true, "[::1]:9464": true, "[::1]": true,
		"localhost:8080": true, "LOCALHOST": true, // the other end of a tunnel
		"10.1.2.3:9464":                       true, // no rebinding makes a browser send an address
		"status.example:9464":                 true, // spelled out
		"Box.example":                         true, // this machine
		"relock:9464":                         true, // Compose, Kubernetes: a name without a dot
		"relock.relock.svc:9464":              true,
		"relock.relock.svc.cluster.local":     true,
		"ip-10-0-0-1.eu-west-1.internal":      true,
		"evil.example:9464":                   false,
		"localhost.evil.example":              false,
		"127.0.0.1.evil.example":              false,
		"127.0.0.1:80@evil.example":           false,
		"relock.svc.cluster.local.evil.com":   false,
		"box.example.evil.com":                false,
		"status.example.":                     false,
		"local":                               true,
		"evil.example:port":                   false,
		"":                                    false,
		":9464":                               false,
		"evil.example/.local":                 false,
		"evil.example\\.local":                false,
		"xn--evil-.example":                   false,
		"evil.notinternal":                    false,
		"[evil.example]:9464":                 false,
		"2130706433.evil.example":             false,
		"metrics.prod.example.com.local.evil": false,
	} {
		if got := ourHost(host, "status.example", "box.example"); got != want {
			t.Errorf("%q: %v, want %v", host, got, want)
		}
	}
}

// A page of another name gets nothing of what any of the paths serve.
func TestMetricsAreNotServedUnderAForeignName(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/metrics", "/healthz", "/readyz", "/other"} {
		for host, foreign := range map[string]bool{"127.0.0.1:9464": false, "evil.example:9464": true} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Host = host
			w := httptest.NewRecorder()
			testListener().check("127.0.0.1").ServeHTTP(w, r)
			if got := w.Code == http.StatusMisdirectedRequest; got != foreign {
				t.Errorf("%s of %s: %d", path, host, w.Code)
			}
			if foreign && !strings.Contains(w.Body.String(), "--metrics-listen") {
				t.Errorf("%s of %s: the answer names no remedy: %s", path, host, w.Body)
			}
			for header, want := range map[string]string{"X-Frame-Options": "DENY", "Cross-Origin-Resource-Policy": "same-origin", "X-Content-Type-Options": "nosniff"} {
				if got := w.Header().Get(header); got != want {
					t.Errorf("%s of %s: %s is %q, want %q", path, host, header, got, want)
				}
			}
		}
	}
}

// A reader that takes nothing of its answer, or never ends its request, is not waited
// for at the end of a run.
func TestListenerEnds(t *testing.T) {
	t.Parallel()
	addr, stop, err := testListener().Serve(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var dialer net.Dialer
	slow, err := dialer.DialContext(t.Context(), "tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = slow.Close() }()
	if _, err := fmt.Fprint(slow, "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n"); err != nil { // and no more
		t.Fatal(err)
	}
	quick, err := dialer.DialContext(t.Context(), "tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = quick.Close() }()
	if _, err := fmt.Fprint(quick, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(bufio.NewReader(quick))
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200 OK\r\n") {
		t.Errorf("the answer is %q, %v", answer, err)
	}
	stop()
	// Left to itself, the listener waits longer for the rest of the request.
	if err := slow.SetReadDeadline(time.Now().Add(headerWithin - time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := slow.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the slow reader is not cut off: %v", err)
	}
	if _, err := (&net.Dialer{}).DialContext(context.WithoutCancel(t.Context()), "tcp", addr.String()); err == nil {
		t.Error("the listener still listens")
	}
}
