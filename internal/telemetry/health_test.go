package telemetry

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func get(t *testing.T, h *Health, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	Handler(prometheus.NewRegistry(), h).ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code, strings.TrimSpace(w.Body.String())
}

func TestALoopThatFallsSilentIsNotAlive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := NewHealth()
		h.Beat("receive")
		h.Beat("dispatch")
		if code, body := get(t, h, "/healthz"); code != http.StatusOK || body != `{"ok":true}` {
			t.Errorf("at first: %d %s", code, body)
		}
		time.Sleep(Stall)
		h.Beat("dispatch")
		if code, _ := get(t, h, "/healthz"); code != http.StatusOK {
			t.Errorf("at the limit: %d", code)
		}
		time.Sleep(time.Second)
		if code, body := get(t, h, "/healthz"); code != http.StatusServiceUnavailable || body != `{"ok":false,"stalled":["receive"]}` {
			t.Errorf("after the limit: %d %s", code, body)
		}
		h.Ended("receive")
		if code, _ := get(t, h, "/healthz"); code != http.StatusOK {
			t.Errorf("after it ended on purpose: %d", code)
		}
	})
}

func TestReadinessNamesItsReasons(t *testing.T) {
	t.Parallel()
	h := NewHealth()
	if code, body := get(t, h, "/readyz"); code != http.StatusServiceUnavailable || body != `{"not_ready":["starting"],"ok":false}` {
		t.Errorf("at first: %d %s", code, body)
	}
	h.SetReady("starting", true)
	h.SetReady("halted: access_denied", false)
	if _, body := get(t, h, "/readyz"); body != `{"not_ready":["halted: access_denied"],"ok":false}` {
		t.Errorf("halted: %s", body)
	}
	// Whatever AWS does, the process is alive.
	if code, _ := get(t, h, "/healthz"); code != http.StatusOK {
		t.Errorf("halted, alive: %d", code)
	}
	h.SetReady("halted: access_denied", true)
	if code, _ := get(t, h, "/readyz"); code != http.StatusOK {
		t.Errorf("in the end: %d", code)
	}
}

func TestServeAnswersAndEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	addr, stop, err := testListener().Serve(ctx, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr.String()+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("%s, %v", res.Status, err)
	}
	_ = res.Body.Close()
	if _, _, err := testListener().Serve(ctx, addr.String()); err == nil || !strings.Contains(err.Error(), "--metrics-listen") {
		t.Errorf("a taken address: %v, want the flag named", err)
	}
	cancel()
	stop()
}

func TestLogFormats(t *testing.T) {
	t.Parallel()
	for format, want := range map[string]string{"text": "msg=hello", "json": `"msg":"hello"`} {
		var b strings.Builder
		l, err := NewLogger(&b, format, slog.LevelInfo, false)
		if err != nil {
			t.Fatal(err)
		}
		l.Info("hello")
		l.Debug("hidden")
		if !strings.Contains(b.String(), want) || strings.Contains(b.String(), "hidden") {
			t.Errorf("%s: %s", format, b.String())
		}
	}
	if _, err := NewLogger(io.Discard, "xml", slog.LevelInfo, false); err == nil || !strings.Contains(err.Error(), "--log-format") {
		t.Errorf("xml: %v, want the flag named", err)
	}
}
