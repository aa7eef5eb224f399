package worker

import (
	"context"
	"errors"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/sqlite"
)

const (
	// ledgerTimeout bounds a call to the ledger.
	ledgerTimeout = 10 * time.Second
	// overslept is how long after the end of its time a call ends only if this
	// process did not run at that end: it was suspended (SIGSTOP, a closed lid).
	overslept = 500 * time.Millisecond
	// lockedFor is how long a lock that another program holds on the ledger is waited
	// for before it halts the work: as long as a claim lives by default. Meanwhile
	// messages stay invisible, and no call begins.
	lockedFor = time.Minute
	// lockRetry is the pause between two waits for a lock.
	lockRetry = 100 * time.Millisecond
)

// ask calls the ledger. One that the process overslept is made once more: its time
// was over when the process went on, and that says nothing of the ledger. Nor does a
// lock: the call is made again for as long as lockedFor.
func ask(ctx context.Context, do func(context.Context) error) error {
	return askFor(ctx, ledgerTimeout, do)
}

func askFor(ctx context.Context, timeout time.Duration, do func(context.Context) error) error {
	return patiently(ctx, func() (bool, error) { return once(ctx, timeout, do) })
}

// durably is ask for a write that has to happen though the work is being stopped.
func durably(ctx context.Context, do func(context.Context) error) error {
	return patiently(ctx, func() (bool, error) { return once(context.WithoutCancel(ctx), ledgerTimeout, do) })
}

// patiently makes a call again, until ctx ends, if the process overslept it or the
// ledger's file is locked.
func patiently(ctx context.Context, call func() (again bool, err error)) error {
	begun := time.Now()
	again, err := call()
	if again && ctx.Err() == nil {
		_, err = call()
	}
	for errors.Is(err, sqlite.ErrLocked) && time.Since(begun) < lockedFor && sleep(ctx, lockRetry, nil) {
		_, err = call()
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
