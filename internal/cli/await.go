package cli

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/urfave/cli/v3"

	"relock/internal/ledger"
)

// ledgerEvery is how often a service looks whether enqueue has begun the ledger.
const ledgerEvery = 5 * time.Second

// noLedger is the reason at /readyz meanwhile.
const noLedger = "no ledger yet"

// errNotAwaited says that a service was told to stop before there was a ledger.
var errNotAwaited = errors.New("told to stop before enqueue began the ledger")

// awaitLedger opens the ledger. A service whose table is there and empty waits for
// enqueue to begin the ledger: Terraform makes table and workers at once, and ECS
// gives up on workers that end before the first job. A table that is missing, a
// ledger in a file and a drain are errors at once, for there the name is wrong or
// nothing is there to be done.
func (p *parts) awaitLedger(ctx context.Context, cmd *cli.Command, at place) (Ledger, error) {
	open := func() (Ledger, error) {
		return openLedger(ctx, p.cfg, at, ledgerHow{log: p.log, locked: logLocked(p.log)})
	}
	l, err := open()
	if !errors.Is(err, ledger.ErrNoLedger) || at.kind != "dynamodb" || cmd.Bool("drain") {
		return l, err
	}
	p.log.Warn("waiting: "+err.Error(), "looking_every", ledgerEvery)
	p.health.SetReady(noLedger, false)
	// Health alone: no worker is missing where there is nothing to do, and a metric
	// would say that one is.
	stop, err := p.serveHealth(ctx, cmd)
	if err != nil {
		return nil, err
	}
	defer stop()
	defer p.health.SetReady(noLedger, true)
	return retryLedger(ctx, open)
}

// logLocked logs that the ledger's file is waited for.
func logLocked(log *slog.Logger) func(error) {
	return func(err error) { log.Warn("waiting for the ledger", "error", err) }
}

// retryLedger opens a ledger as soon as it is there.
func retryLedger(ctx context.Context, open func() (Ledger, error)) (Ledger, error) {
	tick := time.NewTicker(ledgerEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, errNotAwaited
		case <-tick.C:
		}
		if l, err := open(); !errors.Is(err, ledger.ErrNoLedger) {
			return l, err
		}
	}
}
