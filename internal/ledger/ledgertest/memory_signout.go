package ledgertest

import (
	"context"
	"slices"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
)

// SetExclusions keeps whom the job must not touch.
func (m *Memory) SetExclusions(_ context.Context, id string, list []job.Exclusion) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ledger.CheckExclusions(list); err != nil {
		return err
	}
	j, err := m.find(id)
	switch {
	case err != nil:
		return err
	case slices.Equal(j.exclude, list):
		return nil
	case j.State != job.StateStaging:
		return ledger.ErrExclusions
	}
	j.exclude = slices.Clone(list)
	return nil
}

// Exclusions returns what SetExclusions kept.
func (m *Memory) Exclusions(_ context.Context, id string) ([]job.Exclusion, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	j, err := m.find(id)
	if err != nil {
		return nil, err
	}
	return slices.Clone(j.exclude), nil
}

// AddForced adds what a later run was forced past to the job's plan.
func (m *Memory) AddForced(_ context.Context, id string, findings []job.Finding) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	j, err := m.find(id)
	if err != nil {
		return err
	}
	for _, f := range findings {
		switch {
		case slices.ContainsFunc(j.Plan.Findings, func(old job.Finding) bool { return old.Code == f.Code && old.Forced }):
		case j.State == job.StateFinished || j.State == job.StateCancelled:
			return &ledger.StateError{Job: id, From: j.State, To: job.StateOpen}
		default:
			j.Plan.Findings = append(slices.Clone(j.Plan.Findings), f)
		}
	}
	return nil
}

// SetSeal keeps the seal of a job, once.
func (m *Memory) SetSeal(_ context.Context, id string, s job.Seal) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	j, err := m.find(id)
	switch {
	case err != nil:
		return err
	case j.Seal == nil:
		j.Seal = new(s)
	case j.Seal.Root != s.Root || j.Seal.Leaves != s.Leaves:
		return ledger.ErrSealed
	case j.Seal.Signature == "":
		j.Seal = new(s)
	case s.Signature != "" && *j.Seal != s:
		return ledger.ErrSealedByOther
	}
	return nil
}

// RecordSignOut ends a target's second step.
func (m *Memory) RecordSignOut(_ context.Context, r ledger.SignOutRecord) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := r.Check(); err != nil {
		return err
	}
	j, err := m.find(r.Key.Job)
	if err != nil {
		return err
	}
	if t, ok := j.targets[r.Key.Username]; ok && t.SignOut == job.SignOutPending {
		t.SignOut, t.SignOutCode, t.SignOutRequestID, t.SignOutAt = r.State, r.Code, r.RequestID, millis(r.At)
	}
	return nil
}

// CloseSignOuts gives up every second step that is pending.
func (m *Memory) CloseSignOuts(_ context.Context, id string, at time.Time) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	j, err := m.find(id)
	if err != nil {
		return 0, err
	}
	var n int64
	for _, t := range j.targets {
		if t.SignOut == job.SignOutPending {
			t.SignOut, t.SignOutCode, t.SignOutAt = job.SignOutFailed, ledger.CodeMissing, millis(at)
			n++
		}
	}
	return n, nil
}
