package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"relock/internal/report/page"
	"relock/internal/worker"
)

const flagStatusListen = "status-listen"

func statusFlag() cli.Flag {
	return &cli.StringFlag{Name: flagStatusListen, Usage: "`ADDRESS` for a live page of the worker's progress; :PORT is on loopback only; off unless given", Sources: env(flagStatusListen), Category: "Run"}
}

// statusAddr is the address to listen on: without a host, loopback; empty for none.
func statusAddr(flag string) (string, error) {
	if flag == "" || flag == "off" {
		return "", nil
	}
	host, port, err := net.SplitHostPort(flag)
	if err != nil || port == "" {
		return "", usage("--%s %q: want HOST:PORT, or :PORT for this machine only", flagStatusListen, flag)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

// serveStatus opens the listener of the status page and returns what closes it.
// Without the flag, there is none.
func (p *parts) serveStatus(ctx context.Context, cmd *cli.Command, w *worker.Worker) (func(), error) {
	addr, err := statusAddr(cmd.String(flagStatusListen))
	if err != nil {
		return nil, err
	}
	if addr == "" {
		return func() {}, nil
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listening for the status page: %w; choose another --%s", err, flagStatusListen)
	}
	host, _, _ := net.SplitHostPort(addr) // statusAddr joined them
	s := &statusServer{host: host, log: p.log, live: func() page.Live { return p.live(cmd, w) }}
	if at, ok := ln.Addr().(*net.TCPAddr); ok && !at.IP.IsLoopback() {
		p.log.Warn("the status page can be read by everybody who reaches this address; it has no password, and names jobs and pools, but no users", "address", at.String())
	}
	p.log.Info("serving the status page", "url", "http://"+ln.Addr().String()+"/")
	return s.serve(ctx, ln), nil
}

// live is the worker at this moment.
func (p *parts) live(cmd *cli.Command, w *worker.Worker) page.Live {
	st := w.Status()
	l := page.Live{
		Version: ourVersion(), Now: time.Now(), Pools: cmd.StringSlice(flagPool),
		InFlight: st.Pace.InFlight, Run: st.Run(), HaltEnds: st.HaltEnds, Active: st.Active, Silent: st.Silent, TakeOver: st.TakeOver(),
		Samples: p.samples.Snapshot(), BudgetReason: st.BudgetReason,
	}
	if t := st.Theirs; t != nil && st.Silent == 0 {
		l.Theirs = &page.Theirs{At: t.At, Pace: t.Pace, Budget: t.Budget, Throttled: int64(t.Throttles), InFlight: t.InFlight}
	}
	return l
}

// statusServer answers with the status page, and with nothing else. It has no
// password: so it reads only, names no user, and answers only to whom it is meant
// for.
type statusServer struct {
	// host is what --status-listen spelled out.
	host string
	live func() page.Live
	log  *slog.Logger
}

// Limits of the listener. A page is some 60 KB, asked for every two seconds.
const (
	statusHeaderWithin = 5 * time.Second
	statusAnswerWithin = 10 * time.Second
	statusIdle         = time.Minute
	statusHeaderBytes  = 16 << 10
)

// serve answers until the function that it returns is called.
func (s *statusServer) serve(ctx context.Context, ln net.Listener) func() {
	srv := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: statusHeaderWithin, ReadTimeout: statusHeaderWithin,
		WriteTimeout: statusAnswerWithin, IdleTimeout: statusIdle, MaxHeaderBytes: statusHeaderBytes,
		// What strangers send must not fill the log.
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("the listener of the status page ended", "error", err)
		}
	}()
	return func() {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 500*time.Millisecond)
		defer cancel()
		if srv.Shutdown(stop) != nil {
			_ = srv.Close() // a reader that is too slow is cut off
		}
		<-done
	}
}

// ServeHTTP implements http.Handler.
func (s *statusServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", page.StatusPolicy+"; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	switch {
	case !s.meant(r.Host):
		http.Error(w, fmt.Sprintf("this page is not served under that name; use an IP address, localhost, or what --%s spells out", flagStatusListen), http.StatusMisdirectedRequest)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "this page can only be read", http.StatusMethodNotAllowed)
	case r.URL.Path != "/":
		http.Error(w, "there is one page, at /", http.StatusNotFound)
	default:
		s.answer(w)
	}
}

func (s *statusServer) answer(w http.ResponseWriter) {
	text, err := page.Status(s.live())
	if err != nil {
		s.log.Error("the status page failed", "error", err)
		http.Error(w, "the page failed; the log says why", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(text) // the reader may be gone; net/http leaves the body of a HEAD out
}

// meant reports whether a request's Host is one that only somebody who means this
// worker uses. A site that points its own name at this address, to read the page
// with the browser of somebody who may, sends that name (DNS rebinding): no browser
// lets it send an address or another name. The port is free, for tunnels change it.
func (s *statusServer) meant(host string) bool {
	if name, port, err := net.SplitHostPort(host); err == nil {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return false
		}
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return strings.EqualFold(host, "localhost") || strings.EqualFold(host, s.host)
}
