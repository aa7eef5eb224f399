package ledgertest

import (
	"context"
	"fmt"
	"maps"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
)

// Claim answers a wish to call for a target.
func (m *Memory) Claim(_ context.Context, key ledger.Key, owner string, lease time.Duration) (ledger.Claim, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	j, err := m.find(key.Job)
	if err != nil {
		return ledger.Claim{}, err
	}
	t, ok := j.targets[key.Username]
	if !ok {
		return ledger.Claim{Status: ledger.NotListed}, nil
	}
	c := ledger.Claim{
		Attempt: t.Attempts, Tries: t.tries, Deferrals: t.deferrals, Metadata: maps.Clone(t.Metadata),
	}
	now := m.now()
	switch {
	case t.Outcome != "":
		c.Status, c.Outcome, c.SignOut = ledger.Finished, t.Outcome, t.SignOut
		return c, nil
	case t.live(now):
		c.Status, c.Until = ledger.Held, t.until
		return c, nil
	case t.Claimed || t.doubt:
		c.Status = ledger.GrantedInDoubt
	default:
		c.Status = ledger.Granted
	}
	t.Attempts++
	c.Attempt = t.Attempts
	t.Claimed, t.owner, t.until, t.doubt = true, owner, millis(now.Add(lease)), false
	return c, nil
}

func (t *memoryTarget) live(now time.Time) bool { return t.Claimed && t.until.After(millis(now)) }

// owned returns the target of a claim that is still the owner's.
func (m *Memory) owned(key ledger.Key, owner string, attempt int) (t *memoryTarget, mine bool, err error) {
	j, err := m.find(key.Job)
	if err != nil {
		return nil, false, err
	}
	t, ok := j.targets[key.Username]
	if !ok {
		return nil, false, ledger.ErrClaimLost
	}
	return t, t.Outcome == "" && t.Claimed && t.owner == owner && t.Attempts == attempt, nil
}

// Release gives up a claim without an outcome.
func (m *Memory) Release(_ context.Context, r ledger.Release) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, mine, err := m.owned(r.Key, r.Owner, r.Attempt)
	switch {
	case err != nil:
		return err
	case mine:
	case t.Outcome == "" && !t.Claimed && t.Attempts == r.Attempt && r.Attempt > 0:
		return nil // released already
	default:
		return ledger.ErrClaimLost
	}
	t.Claimed, t.doubt = false, r.InDoubt
	t.Repeated = t.Repeated || r.Repeated
	if r.Tried {
		t.tries++
	}
	if r.Deferred {
		t.deferrals++
	}
	return nil
}

// Record writes the outcome of a claimed target.
func (m *Memory) Record(_ context.Context, r ledger.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !r.Outcome.Valid() {
		return fmt.Errorf("recording: %q is not an outcome", r.Outcome)
	}
	t, mine, err := m.owned(r.Key, r.Owner, r.Attempt)
	at := millis(r.At)
	switch {
	case err != nil:
		return err
	case mine:
	case t.Attempts == r.Attempt && t.Outcome == r.Outcome && t.At.Equal(at) &&
		t.Code == r.Code && t.RequestID == r.RequestID:
		return nil // recorded already
	default:
		return ledger.ErrClaimLost
	}
	t.Claimed, t.doubt = false, false
	t.Outcome, t.Code, t.Note, t.RequestID, t.At = r.Outcome, r.Code, r.Note, r.RequestID, at
	t.Repeated = t.Repeated || r.Repeated
	t.Calls += r.Calls
	if r.SignOut {
		t.SignOut = job.SignOutPending
	}
	return nil
}

// CloseOut gives every pending target without a live claim the outcome.
func (m *Memory) CloseOut(_ context.Context, id string, outcome job.Outcome, at time.Time) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !outcome.Valid() {
		return 0, fmt.Errorf("closing out job %s: %q is not an outcome", id, outcome)
	}
	j, err := m.find(id)
	if err != nil {
		return 0, err
	}
	var n int64
	for _, t := range j.targets {
		if t.Outcome != "" || t.live(m.now()) {
			continue
		}
		t.Outcome, t.At = outcome, millis(at)
		if t.Claimed || t.doubt {
			t.Note = ledger.NoteInDoubt
		}
		t.Claimed = false
		n++
	}
	return n, nil
}
