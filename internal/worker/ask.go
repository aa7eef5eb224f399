package worker

import (
	"context"
	"time"

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
