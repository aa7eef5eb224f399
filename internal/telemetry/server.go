package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Handler serves /metrics, /healthz and /readyz.
func Handler(g prometheus.Gatherer, h *Health) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(g, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	mux.HandleFunc("GET /healthz", h.serveAlive)
	mux.HandleFunc("GET /readyz", h.serveReady)
	return mux
}

// Limits of a listener. An answer is some 60 KB.
const (
	headerWithin = 5 * time.Second
	answerWithin = 10 * time.Second
	idleTimeout  = time.Minute
	headerBytes  = 16 << 10
	// stopWithin is what answers under way have at the end.
	stopWithin = 500 * time.Millisecond
)

// Listener is where a worker answers with what it says of itself, without a password:
// so whatever Handler serves only reads, and names no user. A request gets an answer
// only if its Host cannot be the name of a foreign site (DNS rebinding), and no site
// may frame or embed what is answered.
type Listener struct {
	// Name says in errors and in the log what is served; Flag where the address is from.
	Name, Flag string
	Handler    http.Handler
	Log        *slog.Logger
}

// Serve answers on addr until the function that it returns is called, which gives
// answers under way half a second. It returns once it listens, with the address; ctx
// only bounds the opening.
func (l Listener) Serve(ctx context.Context, addr string) (net.Addr, func(), error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, nil, fmt.Errorf("listening for %s: %w; choose another %s", l.Name, err, l.Flag)
	}
	host, _, _ := net.SplitHostPort(addr) // Listen has split it
	srv := &http.Server{
		Handler:           l.check(host),
		ReadHeaderTimeout: headerWithin, ReadTimeout: headerWithin,
		WriteTimeout: answerWithin, IdleTimeout: idleTimeout, MaxHeaderBytes: headerBytes,
		// What strangers send must not fill the log.
		ErrorLog: slog.NewLogLogger(l.Log.Handler(), slog.LevelDebug),
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			l.Log.Error("the listener for "+l.Name+" ended", "error", err)
		}
	}()
	stop := func() {
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
		defer cancel()
		if srv.Shutdown(within) != nil {
			_ = srv.Close() // a reader that is too slow is cut off
		}
		<-done
	}
	return ln.Addr(), stop, nil
}

// check is the handler behind the check of the Host; spelled is the host that the
// flag names.
func (l Listener) check(spelled string) http.Handler {
	self, _ := os.Hostname() // without a name of its own, none is accepted
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if !ourHost(r.Host, spelled, self) {
			http.Error(w, fmt.Sprintf("nothing is served under that name; use an IP address, localhost, this machine's name, or what %s spells out", l.Flag), http.StatusMisdirectedRequest)
			return
		}
		l.Handler.ServeHTTP(w, r)
	})
}

// private are endings of names that nobody can register: mDNS's (RFC 6762), ICANN's
// for private use, RFC 8375's for homes, and that of services in Kubernetes.
var private = []string{".local", ".internal", ".home.arpa", ".svc"}

// ourHost reports whether a request's Host is one that no foreign site has. A site
// that points its own name at this address, to read it with the browser of somebody
// who may (DNS rebinding), sends that name: no browser lets it send another, and none
// of these can be its own. The port is free, for tunnels change it.
func ourHost(host, spelled, self string) bool {
	if name, port, err := net.SplitHostPort(host); err == nil {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return false
		}
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	if host == "" || strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
		return false
	}
	for _, end := range private {
		if strings.HasSuffix(host, end) {
			return true
		}
	}
	return !strings.Contains(host, ".") || host == strings.ToLower(spelled) || host == strings.ToLower(self)
}
