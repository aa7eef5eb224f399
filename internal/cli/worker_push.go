package cli

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/urfave/cli/v3"

	"relock/internal/telemetry"
	"relock/internal/worker"
)

const (
	flagPushGateway = "push-gateway"
	flagPushGroup   = "push-group"
	flagPushEvery   = "push-every"
)

const (
	// pushWithin is how long a push may take, its repetitions included.
	pushWithin = 10 * time.Second
	// pushStopped is the same for a run that was told to stop: whoever told it
	// waits five seconds and kills.
	pushStopped = time.Second
)

func pushFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: flagPushGateway, Usage: "with --drain: `URL` of a Prometheus Pushgateway that gets the start, the progress and the end of the run", Sources: env(flagPushGateway), Category: "Run"},
		&cli.StringFlag{Name: flagPushGroup, Usage: "`NAME` of the schedule at the Pushgateway, in the label schedule; defaults to the user pools", Sources: env(flagPushGroup), Category: "Run"},
		&cli.StringFlag{Name: flagPushEvery, Value: "93d", Usage: "`TIME` within which the schedule is to succeed again, as in 8d or 36h: RelockScheduledRunMissing fires when it has not", Sources: env(flagPushEvery), Category: "Run"},
	}
}

// parseEvery reads a time in days, or as Go has it.
func parseEvery(text string) (time.Duration, error) {
	every, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n float64
		n, err = strconv.ParseFloat(days, 64)
		every = time.Duration(n * float64(24*time.Hour))
	}
	if err != nil || every < time.Minute || every > 10*366*24*time.Hour {
		return 0, usage("--%s %q: want a time of a minute at least, as in 93d or 36h", flagPushEvery, text)
	}
	return every, nil
}

// scheduled tells a Pushgateway of a run that has an end. A nil one tells nobody.
type scheduled struct {
	push *telemetry.Pusher
	run  *telemetry.Run
	log  *slog.Logger
	from []prometheus.Gatherer
	// beats are the reports of a run that is going on, which unbeat ends.
	beats  sync.WaitGroup
	unbeat context.CancelFunc
}

// newScheduled is nil without --push-gateway.
func newScheduled(cmd *cli.Command, s Streams) (*scheduled, error) {
	gateway := cmd.String(flagPushGateway)
	switch {
	case gateway == "" && cmd.String(flagPushGroup) != "":
		return nil, usage("--%s goes with --%s", flagPushGroup, flagPushGateway)
	case gateway == "" && cmd.IsSet(flagPushEvery):
		return nil, usage("--%s goes with --%s", flagPushEvery, flagPushGateway)
	case gateway == "" || cmd.Bool("check"):
		return nil, nil //nolint:nilnil // nil is the one that tells nobody
	case !cmd.Bool("drain"):
		return nil, usage("--%s goes with --drain: a service is scraped, at --metrics-listen", flagPushGateway)
	}
	every, err := parseEvery(cmd.String(flagPushEvery))
	if err != nil {
		return nil, err
	}
	group := cmd.String(flagPushGroup)
	if group == "" {
		group = strings.Join(cmd.StringSlice(flagPool), ",")
	}
	log, err := logger(cmd, s.Err)
	if err != nil {
		return nil, err
	}
	push, err := telemetry.NewPusher(gateway, group)
	if err != nil {
		// The flag's value may hold a password.
		return nil, usage("--%s: %v", flagPushGateway, err)
	}
	return &scheduled{push: push, run: telemetry.NewRun(time.Now(), every), log: log}, nil
}

// begin reports to the gateway that the run has begun, and every Heartbeat that it is
// still going on, while alive says so. The report of the end holds what is in from, too.
func (s *scheduled) begin(ctx context.Context, from prometheus.Gatherer, alive func() bool, log *slog.Logger) {
	if s == nil {
		return
	}
	s.log, s.from = log, append(s.from, telemetry.Lasting(from))
	ctx, s.unbeat = context.WithCancel(ctx)
	s.beats.Go(func() {
		beat(ctx, alive, func(ctx context.Context, what string) {
			s.say(s.push.Push(ctx, s.run.Going(time.Now())), what)
		})
	})
}

// beat reports a run's start at once and its progress every Heartbeat, while it is
// alive, until ctx ends.
func beat(ctx context.Context, alive func() bool, report func(ctx context.Context, what string)) {
	tick := time.NewTicker(telemetry.Heartbeat)
	defer tick.Stop()
	for what := "start"; ; what = "progress" {
		if what == "start" || alive() {
			within, cancel := context.WithTimeout(ctx, pushWithin)
			report(within, what)
			cancel()
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// targets counts those of the run's jobs.
func (s *scheduled) targets(jobs []worker.JobStatus) {
	if s == nil {
		return
	}
	var pending, succeeded, failed, other int64
	for _, j := range jobs {
		ok, bad, rest := j.Totals.Split()
		pending += j.Pending()
		succeeded, failed, other = succeeded+ok, failed+bad, other+rest
	}
	s.run.SetTargets(pending, succeeded, failed, other)
}

// watch runs do and tells the gateway how it ended. A push that fails is logged and
// changes nothing else.
func (s *scheduled) watch(ctx, now context.Context, do func() error) error {
	if s == nil {
		return do()
	}
	start := time.Now()
	err := do()
	if s.unbeat != nil {
		s.unbeat() // the report of the end has the start, too
		s.beats.Wait()
	}
	within := pushWithin
	if ctx.Err() != nil {
		within = pushStopped
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer cancel()
	defer context.AfterFunc(now, cancel)()
	code := exitCode(err)
	complete := code == ExitOK || code == ExitSomeFailed
	end := s.run.End(time.Now(), time.Since(start), code, complete)
	s.say(s.push.Push(last, append(s.from, end)...), "end")
	return err
}

func (s *scheduled) say(err error, what string) {
	switch {
	case err == nil:
		s.log.Debug("told the Pushgateway of the run's "+what, "gateway", s.push.Address())
	case errors.Is(err, context.Canceled):
		// The run was told to stop, and says so itself.
	default:
		s.log.Warn("the Pushgateway was not told of the run's "+what+"; the run itself is not touched by that", "gateway", s.push.Address(), "error", err)
	}
}
