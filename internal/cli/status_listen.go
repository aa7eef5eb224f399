package cli

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/urfave/cli/v3"

	"relock/internal/report/page"
	"relock/internal/telemetry"
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

// defaultMetrics is where metrics are if nobody says where.
const defaultMetrics = "127.0.0.1:9464"

// metricsAddr is the address to listen on for metrics, empty for none, and whether
// somebody asked for it.
func metricsAddr(cmd *cli.Command) (addr string, asked bool, err error) {
	switch addr = cmd.String(flagMetricsListen); addr {
	case "": // an empty variable
		return defaultMetrics, false, nil
	case "off":
		return "", true, nil
	}
	if _, port, err := net.SplitHostPort(addr); err != nil || port == "" {
		return "", true, usage("--%s %q: want HOST:PORT, :PORT for all addresses of this machine, or off", flagMetricsListen, addr)
	}
	return addr, cmd.IsSet(flagMetricsListen), nil
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
	handler := &statusServer{log: p.log, live: func() page.Live { return p.live(cmd, w) }}
	l := telemetry.Listener{Name: "the status page", Flag: "--" + flagStatusListen, Handler: handler, Log: p.log}
	at, stop, err := l.Serve(ctx, addr)
	if err != nil {
		return nil, err
	}
	if tcp, ok := at.(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
		p.log.Warn("the status page can be read by everybody who reaches this address; it has no password, and names jobs and pools, but no users", "address", at.String())
	}
	p.log.Info("serving the status page", "url", "http://"+at.String()+"/")
	return stop, nil
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

// statusServer answers with the status page, and with nothing else. It only reads.
type statusServer struct {
	live func() page.Live
	log  *slog.Logger
}

// ServeHTTP implements http.Handler.
func (s *statusServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", page.StatusPolicy+"; frame-ancestors 'none'")
	switch {
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
