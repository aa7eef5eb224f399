package worker

import (
	"context"
	"errors"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
)

const (
	// ledgerTimeout bounds a call to the ledger.
	ledgerTimeout = 10 * time.Second
	// overslept is how long after the end of its time a call ends only if this
	// process did not run at that end: it was suspended (SIGSTOP, a closed lid).
	overslept = 500 * time.Millisecond
)

// ask calls the ledger. One that the process overslept is made once more: its time
// was over when the process went on, and that says nothing of the ledger.
func ask(ctx context.Context, do func(context.Context) error) error {
	return askFor(ctx, ledgerTimeout, do)
}

func askFor(ctx context.Context, timeout time.Duration, do func(context.Context) error) error {
	again, err := once(ctx, timeout, do)
	if again && ctx.Err() == nil {
		_, err = once(ctx, timeout, do)
	}
	return err
}

// durably is ask for a write that has to happen though the work is being stopped.
func durably(ctx context.Context, do func(context.Context) error) error {
	again, err := once(context.WithoutCancel(ctx), ledgerTimeout, do)
	if again && ctx.Err() == nil {
		_, err = once(context.WithoutCancel(ctx), ledgerTimeout, do)
	}
	return err
}

// once reports also whether a call failed because the process overslept it.
func once(ctx context.Context, timeout time.Duration, do func(context.Context) error) (again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	begun := time.Now()
	err = do(ctx)
	return ledger.Unanswered(err) && time.Since(begun) > timeout+overslept, err
}

// durable is a context for a step that has to happen though the work is being
// stopped.
func durable(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), ledgerTimeout)
}

// insist is durably until the ledger takes the write or answers with the error
// refusal, which comes back; meanwhile the work is halted. Any other error is why ctx
// has ended.
func (w *Worker) insist(ctx context.Context, refusal error, do func(context.Context) error) error {
	for wait := 500 * time.Millisecond; ; wait = min(2*wait, 10*time.Second) {
		err := durably(ctx, do)
		if err == nil || errors.Is(err, refusal) {
			return err
		}
		w.halts.trip(job.HaltLedger, "", err)
		if !sleep(ctx, wait, nil) {
			return context.Cause(ctx)
		}
	}
}

// sleep waits for d, or until wake or ctx; it reports false when ctx has ended. It
// makes no timer of no time: reading one in a synctest bubble has crashed the race
// detector (Go 1.26.8, runtime.(*timer).maybeRunChan).
func sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-ctx.Done():
		case <-wake:
		case <-timer.C:
		}
	}
	return ctx.Err() == nil
}
