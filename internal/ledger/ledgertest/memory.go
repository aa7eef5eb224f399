package ledgertest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
)

// Memory is a ledger in memory: the suite's model of what every ledger does, and
// a fake for the tests of those that use one. Nothing in it blocks, so it works
// under testing/synctest.
type Memory struct {
	id  string
	now func() time.Time

	mu     sync.Mutex
	jobs   []*memoryJob // guarded by mu, in the order created
	halts  map[string]job.Halt
	leases map[string]ledger.Lease
}

var _ Ledger = (*Memory)(nil)

type memoryJob struct {
	job.Job
	sent    int64
	exclude []job.Exclusion
	targets map[job.Username]*memoryTarget
}

type memoryTarget struct {
	ledger.Entry
	tries, deferrals int
	owner            string
	until            time.Time // of the open claim
	doubt            bool
}

// NewMemory makes an empty ledger; now is its clock, time.Now for nil.
func NewMemory(id string, now func() time.Time) *Memory {
	if now == nil {
		now = time.Now
	}
	return &Memory{id: id, now: now, halts: make(map[string]job.Halt), leases: make(map[string]ledger.Lease)}
}

// ID names the ledger.
func (m *Memory) ID() string { return m.id }

// Close does nothing.
func (m *Memory) Close() error { return nil }

func (m *Memory) find(id string) (*memoryJob, error) {
	for _, j := range m.jobs {
		if j.ID == id {
			return j, nil
		}
	}
	return nil, ledger.ErrNoJob
}

// CreateJob writes a new job.
func (m *Memory) CreateJob(_ context.Context, j job.Job) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.find(j.ID); err == nil {
		return ledger.ErrExists
	}
	j.Seal = nil
	j.State, j.Created, j.Opened, j.Finished = job.StateStaging, millis(j.Created), time.Time{}, time.Time{}
	m.jobs = append(m.jobs, &memoryJob{Job: j, targets: make(map[job.Username]*memoryTarget)})
	return nil
}

// Job returns a job.
func (m *Memory) Job(_ context.Context, id string) (job.Job, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	j, err := m.find(id)
	if err != nil {
		return job.Job{}, err
	}
	return j.copy(), nil
}

// copy is the job as a ledger hands it out: what a caller does to it changes
// nothing here. JSON is how the others keep plans.
func (j *memoryJob) copy() job.Job {
	c := j.Job
	c.Plan = job.Plan{}
	b, err := json.Marshal(j.Plan)
	if err == nil {
		err = json.Unmarshal(b, &c.Plan)
	}
	if err != nil {
		panic(err) // a plan that is no JSON, such as a budget of NaN
	}
	if j.Seal != nil {
		c.Seal = new(*j.Seal)
	}
	return c
}

// Jobs returns every job, the newest first.
func (m *Memory) Jobs(context.Context) ([]job.Job, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var jobs []job.Job
	for _, j := range slices.Backward(m.jobs) {
		jobs = append(jobs, j.copy())
	}
	slices.SortStableFunc(jobs, func(a, b job.Job) int { return b.Created.Compare(a.Created) })
	return jobs, nil
}

// SetState moves a job on.
func (m *Memory) SetState(_ context.Context, id string, to job.State, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	j, err := m.find(id)
	if err != nil {
		return err
	}
	switch from := j.State; {
	case from == to:
		return nil
	case from == job.StateStaging && (to == job.StateOpen || to == job.StateCancelled),
		from == job.StateOpen && (to == job.StatePaused || to == job.StateFinished || to == job.StateCancelled),
		from == job.StatePaused && (to == job.StateOpen || to == job.StateFinished || to == job.StateCancelled):
	default:
		return &ledger.StateError{Job: id, From: from, To: to}
	}
	j.State = to
	if to == job.StateOpen && j.Opened.IsZero() {
		j.Opened = millis(at)
	}
	if to == job.StateFinished || to == job.StateCancelled {
		j.Finished = millis(at)
	}
	return nil
}

// AddTargets lists targets of a job that is not over.
func (m *Memory) AddTargets(_ context.Context, id string, targets []job.Target) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	j, err := m.find(id)
	if err != nil {
		return err
	}
	if j.State == job.StateFinished || j.State == job.StateCancelled {
		return &ledger.StateError{Job: id, From: j.State, To: job.StateOpen}
	}
	for _, t := range targets {
		if _, ok := j.targets[t.Username]; !ok {
			t.Metadata = maps.Clone(t.Metadata)
			j.targets[t.Username] = &memoryTarget{Entry: ledger.Entry{Target: t}}
		}
	}
	return nil
}

// SetSent notes that the queue has accepted every target up to a place.
func (m *Memory) SetSent(_ context.Context, id string, place int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	j, err := m.find(id)
	if err != nil {
		return err
	}
	j.sent = max(j.sent, place)
	return nil
}

// Sent returns what SetSent noted.
func (m *Memory) Sent(_ context.Context, id string) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	j, err := m.find(id)
	if err != nil {
		return 0, err
	}
	return j.sent, nil
}

// Totals counts the job's targets; here, one by one.
func (m *Memory) Totals(_ context.Context, id string) (ledger.Totals, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	j, err := m.find(id)
	if err != nil {
		return ledger.Totals{}, err
	}
	return count(j.entries()), nil
}

// count makes totals from targets.
func count(entries []ledger.Entry) ledger.Totals {
	t := ledger.Totals{Outcomes: make(map[job.Outcome]int64), SignOuts: make(map[job.SignOut]int64)}
	for _, e := range entries {
		t.Targets++
		if e.Repeated {
			t.Repeated++
		}
		if e.Outcome == "" {
			t.Pending++
			continue
		}
		t.Outcomes[e.Outcome]++
		if e.SignOut != "" {
			t.SignOuts[e.SignOut]++
		}
		if e.At.After(t.Last) {
			t.Last = e.At
		}
	}
	return t
}

func (j *memoryJob) entries() []ledger.Entry {
	var entries []ledger.Entry
	for _, t := range j.targets {
		e := t.Entry
		e.Metadata = maps.Clone(e.Metadata)
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b ledger.Entry) int { return cmp.Compare(ledger.Place(a.Target), ledger.Place(b.Target)) })
	return entries
}

// Entries yields the targets that the filter keeps, by place.
func (m *Memory) Entries(_ context.Context, id string, f ledger.Filter) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		m.mu.Lock()
		j, err := m.find(id)
		if err != nil {
			m.mu.Unlock()
			yield(ledger.Entry{}, err)
			return
		}
		entries := j.entries()
		m.mu.Unlock()
		for _, e := range entries {
			if f.Match(e) && !yield(e, nil) {
				return
			}
		}
	}
}

// Halt returns the halt of a scope.
func (m *Memory) Halt(_ context.Context, scope string) (job.Halt, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	h, ok := m.halts[scope]
	return h, ok, nil
}

// SetHalt writes or replaces the halt of a scope.
func (m *Memory) SetHalt(_ context.Context, scope string, h job.Halt) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	h.Since = millis(h.Since)
	m.halts[scope] = h
	return nil
}

// ClearHalt removes the halt of a scope.
func (m *Memory) ClearHalt(_ context.Context, scope string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.halts, scope)
	return nil
}

// Lease returns a lease.
func (m *Memory) Lease(_ context.Context, name string) (ledger.Lease, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.leases[name]
	l.Name = name
	l.State = bytes.Clone(l.State)
	return l, nil
}

// PutLease writes a lease if its counter still is expect.
func (m *Memory) PutLease(_ context.Context, l ledger.Lease, expect int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if l.Counter <= expect {
		return fmt.Errorf("the lease's counter has to grow beyond %d, not to %d", expect, l.Counter)
	}
	now := m.leases[l.Name]
	if now.Counter == l.Counter && now.Owner == l.Owner && bytes.Equal(now.State, l.State) {
		return nil
	}
	if now.Counter != expect {
		return ledger.ErrLeaseLost
	}
	l.State = bytes.Clone(l.State)
	m.leases[l.Name] = l
	return nil
}

// millis is a time as ledgers keep it.
func millis(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Millisecond)
}
