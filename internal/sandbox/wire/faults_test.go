package wire

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"relock/internal/sandbox/fault"
)

func faults(t testing.TB, texts ...string) *fault.Injector {
	t.Helper()
	i := fault.New(1)
	for _, text := range texts {
		r, err := fault.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := i.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	return i
}

// TestFaultReplies are the faults that answer.
func TestFaultReplies(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rule, service string
		status        int
		code          string
		ran           int
	}{
		{"throttle=1", "plain", 400, "TooManyRequestsException", 0},
		{"throttle=1", "echo", 400, "ThrottlingException", 0},
		{"error-500=1", "plain", 500, "InternalFailure", 0},
		{"error-500-late=1", "plain", 500, "InternalFailure", 1},
		{"error-503=1", "plain", 503, "ServiceUnavailable", 0},
		{"expired-token=1", "plain", 400, "ExpiredTokenException", 0},
		{"expired-token=1", "echo", 403, "ExpiredTokenException", 0},
		{"access-denied@plain.Echo=1", "plain", 400, "AccessDeniedException", 0},
		{"unsupported=1", "echo", 400, "InvalidAction", 0},
		{"unsupported=1", "plain", 400, "UnknownOperationException", 0},
		{"error=1,code=Strange,status=418,message=tea", "plain", 418, "Strange", 0},
		{"throttle@other=1", "plain", 200, "", 1},
	}
	for _, tt := range tests {
		r := newRig(Config{Faults: faults(t, tt.rule)})
		target := map[string]string{"plain": "Plain.Echo", "echo": "Echo.Echo"}[tt.service]
		resp := r.do(t, ask{target: target, service: tt.service})
		if rec := r.records[0]; resp.StatusCode != tt.status || rec.Code != tt.code || r.ran != tt.ran || rec.Dropped {
			t.Errorf("%s on %s: status %d, ran %d, record %+v", tt.rule, tt.service, resp.StatusCode, r.ran, rec)
		}
	}
}

// TestResets are the faults that cut the connection; the client sees a reset.
func TestResets(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule, body string
		ran        int
	}{{"reset-before=1", "", 0}, {"reset-after=1", "", 1}, {"throttle@other=1", `{"Drop":"yes"}`, 1}} {
		r := newRig(Config{Faults: faults(t, tt.rule)})
		srv := httptest.NewServer(r)
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		resp, err := client.Do(ask{target: "Echo.Echo", body: tt.body}.request(t, srv.URL))
		if err == nil {
			t.Errorf("%s: answered %d", tt.rule, resp.StatusCode)
			_ = resp.Body.Close()
		} else if !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: %v, want a reset", tt.rule, err)
		}
		srv.Close()
		if ran, records := r.did(); ran != tt.ran || len(records) != 1 || !records[0].Dropped || records[0].Code != "" {
			t.Errorf("%s: ran %d, records %+v", tt.rule, ran, records)
		}
	}
}

// Over TLS the reset is one of TCP too, without a word of TLS before.
func TestResetTLS(t *testing.T) {
	t.Parallel()
	r := newRig(Config{Faults: faults(t, "reset-after=1")})
	srv := httptest.NewTLSServer(r)
	defer srv.Close()
	client := srv.Client()
	client.Transport.(*http.Transport).DisableKeepAlives = true
	resp, err := client.Do(ask{target: "Echo.Echo"}.request(t, srv.URL))
	if err == nil {
		_ = resp.Body.Close()
	}
	if ran, _ := r.did(); !errors.Is(err, syscall.ECONNRESET) || ran != 1 {
		t.Errorf("ran %d: %v, want a reset", ran, err)
	}
}

// A call that failed had no effect, so that there is nothing to hide.
func TestResetAfterSparesErrors(t *testing.T) {
	t.Parallel()
	r := newRig(Config{Faults: faults(t, "reset-after=1")})
	if resp := r.do(t, ask{target: "Echo.Echo", body: `{"Fail":"Oops"}`}); resp.StatusCode != 400 {
		t.Errorf("status %d", resp.StatusCode)
	}
}

// serve answers in a bubble, without sockets; aborted says that there was no reply.
func serve(t *testing.T, r *rig, a ask) (took time.Duration, aborted bool) {
	t.Helper()
	start := time.Now()
	defer func() {
		took = time.Since(start)
		if v := recover(); v != nil {
			aborted = true
			if v != http.ErrAbortHandler {
				t.Errorf("panic: %v", v)
			}
		}
	}()
	a.at = time.Now().UTC()
	r.do(t, a)
	return took, aborted
}

func TestLatency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(Config{Now: time.Now, Faults: faults(t, "latency@echo=1,fixed:100ms")})
		start := time.Now()
		if took, aborted := serve(t, r, ask{target: "Echo.Echo"}); took != 100*time.Millisecond || aborted {
			t.Errorf("took %v, aborted %v", took, aborted)
		}
		// Half of it passes before the call takes effect.
		if at := r.records[0].At.Sub(start); at != 50*time.Millisecond {
			t.Errorf("took effect after %v", at)
		}
		if took, _ := serve(t, r, ask{target: "Plain.Echo", service: "plain"}); took != 0 {
			t.Errorf("another service took %v", took)
		}
	})
}

func TestHang(t *testing.T) {
	t.Parallel()
	for rule, ran := range map[string]int{"hang=1": 0, "hang-after=1": 1} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(Config{Now: time.Now, Faults: faults(t, rule)})
			time.AfterFunc(time.Hour, r.Close)
			if took, aborted := serve(t, r, ask{target: "Echo.Echo"}); took != time.Hour || !aborted {
				t.Errorf("%s: took %v, aborted %v", rule, took, aborted)
			}
			if r.ran != ran || !r.records[0].Dropped {
				t.Errorf("%s: ran %d, record %+v", rule, r.ran, r.records[0])
			}
		})
	}
}

// A client that gives up ends a hang.
func TestHangLeft(t *testing.T) {
	t.Parallel()
	r := newRig(Config{Faults: faults(t, "hang=1")})
	srv := httptest.NewServer(r)
	defer srv.Close() // waits for the handler
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 20 * time.Millisecond}
	resp, err := client.Do(ask{target: "Echo.Echo"}.request(t, srv.URL))
	if err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		t.Errorf("answered %d", resp.StatusCode)
	}
}
