package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/urfave/cli/v3"

	"relock/internal/awsconf"
	"relock/internal/job"
	"relock/internal/leader"
	"relock/internal/pace"
	"relock/internal/preflight"
	"relock/internal/queue"
	"relock/internal/reset"
	"relock/internal/telemetry"
	"relock/internal/worker"
)

// parts is what a worker is made of.
type parts struct {
	log      *slog.Logger
	cfg      aws.Config
	who      awsconf.Identity
	registry *prometheus.Registry
	metrics  *telemetry.Metrics
	health   *telemetry.Health
	samples  *telemetry.History // the last hour, one a second
	scrapes  scrapes
	resets   *reset.Client
	fence    leader.Fence // of what resets sends
	pace     *pace.Pacer
	reason   atomic.Value // of the budget: a string; openPace and followBudget alone write it
	lookUps  *pace.Pacer
	signOuts *pace.Pacer
	// signOutReason is that of the budget of sign-outs, like reason.
	signOutReason string
	ledger        Ledger
	queue         queue.Transport
	jobs          []string // those of --job, by ID
}

// openParts makes what needs neither queue nor ledger, and checks flags and
// credentials first.
func openParts(ctx context.Context, cmd *cli.Command, s Streams) (*parts, error) {
	p := &parts{}
	var err error
	if p.log, err = logger(cmd, s.Err); err != nil {
		return nil, err
	}
	if _, err := forced(cmd, preflight.Forceable()); err != nil {
		return nil, err
	}
	if err := checkTiming(cmd); err != nil {
		return nil, err
	}
	pools := cmd.StringSlice(flagPool)
	if p.cfg, err = awsConfig(ctx, cmd, pools); err != nil {
		return nil, err
	}
	p.registry = prometheus.NewRegistry()
	p.registry.MustRegister(buildInfo(), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	p.metrics = telemetry.NewMetrics(p.registry, sets())
	p.health = telemetry.NewHealth()
	p.samples = new(telemetry.History)
	p.resets = reset.New(cip.NewFromConfig(awsconf.Fenced(p.cfg, p.fence.Err)), cmd.Duration("call-timeout"), p.metrics.Request)
	return p, nil
}

// sets are the closed sets that the metrics create at start.
func sets() telemetry.Sets {
	rejects := make([]string, 0, len(queue.RejectReasons()))
	for _, r := range queue.RejectReasons() {
		rejects = append(rejects, string(r))
	}
	bounds := make([]string, 0, len(pace.Bounds()))
	for _, b := range pace.Bounds() {
		bounds = append(bounds, string(b))
	}
	return telemetry.Sets{
		Operations:      reset.Operations(),
		Codes:           append([]string{reset.CodeOK, reset.CodeNoAnswer}, reset.Codes()...),
		Rejects:         rejects,
		Bounds:          bounds,
		QueueRefused:    reset.Refused,
		QueueOperations: queue.Operations(),
	}
}

// checkTiming keeps the limits that have to fit each other.
func checkTiming(cmd *cli.Command) error {
	timeout, lease, visibility := cmd.Duration("call-timeout"), cmd.Duration("claim-lease"), cmd.Duration("visibility")
	switch {
	case cmd.Int("max-in-flight") < 1 || cmd.Int("max-in-flight") > 1024:
		return usage("--max-in-flight %d: want 1 to 1024", cmd.Int("max-in-flight"))
	case timeout < 100*time.Millisecond || timeout > time.Minute:
		return usage("--call-timeout %v: want 100ms to 1m", timeout)
	case lease < 2*timeout+time.Second:
		return usage("--claim-lease %v is too short for --call-timeout %v: a claim has to outlast a look-up and a call, %v at least", lease, timeout, 2*timeout+time.Second)
	case visibility < 2*time.Second || visibility > queue.MaxVisibility:
		return usage("--visibility %v: want 2s to 12h", visibility)
	}
	return nil
}

// open connects to AWS, the ledger and the queue.
func (p *parts) open(ctx context.Context, cmd *cli.Command) error {
	qp, lp, err := places(cmd)
	if err != nil {
		return err
	}
	for _, text := range exposed(qp, lp) {
		p.log.Warn(text)
	}
	if p.who, err = identity(ctx, p.cfg); err != nil {
		return err
	}
	if clock := job.Clock(p.who.Skew); p.who.Skew.Abs() > time.Minute {
		p.log.Warn("this machine's clock is wrong; calls to AWS are signed with the time corrected", "clock", clock, "remedy", "set it, with NTP")
	}
	if p.ledger, err = p.awaitLedger(ctx, cmd, lp); err != nil {
		return err
	}
	if p.jobs, err = resolveAll(ctx, p.ledger, "job", cmd.StringSlice("job")); err != nil {
		return err
	}
	if p.queue, err = openQueue(ctx, p.cfg, qp, queueHow{region: cmd.String(flagQueueRegion), observe: p.metrics.QueueRequest}); err != nil {
		return err
	}
	if err := p.openPace(ctx, cmd); err != nil {
		return err
	}
	p.log.Info("worker starts", "version", ourVersion(), "account", p.who.Account, "region", p.cfg.Region,
		"pools", cmd.StringSlice(flagPool), "queue", qp.String(), "ledger", lp.String(), "ledger_id", p.ledger.ID(), "drain", cmd.Bool("drain"))
	if q, ok := p.queue.(*queue.SQS); ok {
		p.metrics.SetRetention(q.Attributes().Retention)
		if q.Attributes().DeadLetterARN == "" {
			p.log.Warn("the queue has no dead-letter queue: messages that cannot be read stay in it")
		}
	}
	return nil
}

// alive reports whether no loop of the worker hangs.
func (p *parts) alive() bool { return len(p.health.Stalled()) == 0 }

// serve opens the listener for metrics and health.
func (p *parts) serve(ctx context.Context, cmd *cli.Command) (func(), error) {
	return p.serveFrom(ctx, cmd, p.scrapes.of(p.scraped()))
}

// scraped is every series with the labels account and region, so that two set-ups
// under one Prometheus job do not hide each other.
func (p *parts) scraped() prometheus.Gatherer {
	r := prometheus.NewRegistry()
	prometheus.WrapRegistererWith(prometheus.Labels{"account": p.who.Account, "region": p.cfg.Region}, r).MustRegister(p.registry)
	return r
}

// serveHealth is the same without metrics.
func (p *parts) serveHealth(ctx context.Context, cmd *cli.Command) (func(), error) {
	return p.serveFrom(ctx, cmd, prometheus.NewRegistry())
}

func (p *parts) serveFrom(ctx context.Context, cmd *cli.Command, from prometheus.Gatherer) (func(), error) {
	addr, asked, err := metricsAddr(cmd)
	if err != nil {
		return nil, err
	}
	if addr == "" {
		return func() {}, nil
	}
	l := telemetry.Listener{Name: "metrics", Flag: "--" + flagMetricsListen, Handler: telemetry.Handler(from, p.health), Log: p.log}
	at, stop, err := l.Serve(ctx, addr)
	if err != nil && !asked {
		// A second worker on a host is common, and works without.
		p.log.Warn("the worker goes on without /metrics, /healthz and /readyz", "error", err)
		return func() {}, nil
	}
	if err != nil {
		return nil, err
	}
	p.log.Info("serving /metrics, /healthz and /readyz", "address", at.String())
	return stop, nil
}

func (p *parts) config(cmd *cli.Command) worker.Config {
	share := cmd.Float("same-failure-share")
	if share > 1 {
		share = -1
	}
	c := worker.Config{
		Transport: p.queue, Ledger: p.ledger, Resetter: p.resets,
		Pace: p.pace, LookUps: p.lookUps, SignOuts: p.signOuts,
		BudgetReason: p.budgetReason,
		Pools:        cmd.StringSlice(flagPool), Owner: owner(), Scope: p.who.Account + "/" + p.cfg.Region,
		SameHost: sameHost(p.ledger), Fence: &p.fence,
		Lease: cmd.Duration("claim-lease"), Visibility: cmd.Duration("visibility"),
		SameFailure: share,
		Drain:       cmd.Bool("drain"), Jobs: p.jobs, Wait: cmd.Bool("wait"),
		Metrics: p.metrics, Health: p.health, Samples: p.samples, Logger: p.log,
		RevealUsernames: cmd.Bool(flagLogUsernames),
	}
	if q, err := queuePlace(cmd.String(flagQueue)); err == nil { // it is open
		c.Elsewhere = func(j job.Job) (string, bool) { return elsewhere(j, q) }
	}
	if cred, ok := p.cfg.Credentials.(credentials); ok {
		c.RefreshCredentials = cred.refresh
	}
	return c
}

// owner names this process: no two share it, not even after a restart in the
// same container.
func owner() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s:%d:%s", host, os.Getpid(), rand.Text()[:10])
}

func (p *parts) close() {
	if p.queue != nil {
		_ = p.queue.Close() // nothing is pending in it
	}
	if p.ledger != nil {
		_ = p.ledger.Close() // every write was durable when it returned
	}
}
