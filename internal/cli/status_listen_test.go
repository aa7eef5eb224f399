package cli

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"relock/internal/job"
	"relock/internal/report/page"
	"relock/internal/report/progress"
)

func testStatus() *statusServer {
	return &statusServer{log: slog.New(slog.DiscardHandler), live: func() page.Live {
		return page.Live{Version: "v0", Now: time.Unix(1_760_000_000, 0), Pools: []string{"eu-west-1_AbCdEf123"}, Run: progress.Run{Jobs: []progress.Job{{Job: job.Job{ID: "night"}}}}}
	}}
}

// askStatus is one request to the page.
func askStatus(t *testing.T, method, path string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	w := httptest.NewRecorder()
	testStatus().ServeHTTP(w, r)
	return w.Result()
}

func TestTheStatusPageOnlyReads(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method, path string
		want         int
	}{
		{"GET", "/", 200},
		{"GET", "/?again=1", 200},
		{"HEAD", "/", 200},
		{"POST", "/", 405},
		{"PUT", "/", 405},
		{"DELETE", "/", 405},
		{"OPTIONS", "/", 405},
		{"GET", "/favicon.ico", 404},
		{"GET", "/../etc/passwd", 404},
	} {
		res := askStatus(t, c.method, c.path)
		if res.StatusCode != c.want {
			t.Errorf("%s %s: %d, want %d", c.method, c.path, res.StatusCode, c.want)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil || strings.Contains(string(body), "night") != (c.want == 200) {
			t.Errorf("%s %s: the page is in the answer, or is not: %.60s", c.method, c.path, body)
		}
		for header, want := range map[string]string{
			"Access-Control-Allow-Origin": "",
			"Content-Security-Policy":     page.StatusPolicy + "; frame-ancestors 'none'",
		} {
			if got := res.Header.Get(header); got != want {
				t.Errorf("%s %s: %s is %q, want %q", c.method, c.path, header, got, want)
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
	for _, flag := range []string{"9470", "localhost:", "::1:9470:", "http://localhost:9470"} {
		if got, err := statusAddr(flag); err == nil || !strings.Contains(err.Error(), "--status-listen") {
			t.Errorf("%q: %q, %v, want an error that names the flag", flag, got, err)
		}
	}
}
