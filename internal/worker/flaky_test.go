package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/ledger/ledgertest"
)

var errLedger = errors.New("the disk is full")

// flaky is a ledger that fails and stalls as it is told.
type flaky struct {
	*ledgertest.Memory

	mu sync.Mutex
	// fail fails a call before it has an effect; stall delays its return.
	fail  func(op string) error
	stall func(op string) time.Duration
	ops   []string
}

func (f *flaky) set(fail func(op string) error, stall func(op string) time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail, f.stall = fail, stall
}

func (f *flaky) wrong(op string) (func(context.Context), error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ops = append(f.ops, op)
	var err error
	var d time.Duration
	if f.fail != nil {
		err = f.fail(op)
	}
	if f.stall != nil {
		d = f.stall(op)
	}
	return func(ctx context.Context) { sleep(ctx, d, nil) }, err
}

func (f *flaky) Claim(ctx context.Context, key ledger.Key, owner string, lease time.Duration) (ledger.Claim, error) {
	stall, err := f.wrong("Claim")
	defer stall(ctx)
	if err != nil {
		return ledger.Claim{}, err
	}
	return f.Memory.Claim(ctx, key, owner, lease)
}

func (f *flaky) Release(ctx context.Context, r ledger.Release) error {
	stall, err := f.wrong("Release")
	defer stall(ctx)
	if err != nil {
		return err
	}
	return f.Memory.Release(ctx, r)
}

func (f *flaky) Record(ctx context.Context, r ledger.Record) error {
	stall, err := f.wrong("Record")
	defer stall(ctx)
	if err != nil {
		return err
	}
	return f.Memory.Record(ctx, r)
}

func (f *flaky) RecordSignOut(ctx context.Context, r ledger.SignOutRecord) error {
	stall, err := f.wrong("RecordSignOut")
	defer stall(ctx)
	if err != nil {
		return err
	}
	return f.Memory.RecordSignOut(ctx, r)
}

func (f *flaky) Exclusions(ctx context.Context, id string) ([]job.Exclusion, error) {
	stall, err := f.wrong("Exclusions")
	defer stall(ctx)
	if err != nil {
		return nil, err
	}
	return f.Memory.Exclusions(ctx, id)
}

func (f *flaky) SetHalt(ctx context.Context, scope string, h job.Halt) error {
	stall, err := f.wrong("SetHalt")
	defer stall(ctx)
	if err != nil {
		return err
	}
	return f.Memory.SetHalt(ctx, scope, h)
}

func (f *flaky) Jobs(ctx context.Context) ([]job.Job, error) {
	stall, err := f.wrong("Jobs")
	defer stall(ctx)
	if err != nil {
		return nil, err
	}
	return f.Memory.Jobs(ctx)
}

// suspended stops the process when a claim has been granted.
type suspended struct {
	*flaky
	stop func()
}

func (s suspended) Claim(ctx context.Context, key ledger.Key, owner string, lease time.Duration) (ledger.Claim, error) {
	c, err := s.flaky.Claim(context.WithoutCancel(ctx), key, owner, lease)
	s.stop()
	return c, err
}
