package ledger

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"relock/internal/job"
)

// CreateJob writes a new job.
func (l *DynamoDB) CreateJob(ctx context.Context, j job.Job) error {
	e := newEdit()
	for name, v := range map[string]any{"sources": j.Sources, "policy": j.Policy, "counts": j.Counts, "plan": j.Plan} {
		b, err := json.Marshal(v)
		if err != nil {
			return err
		}
		e.put(name, str(string(b)))
	}
	mark := l.mark()
	e.put("pool", str(j.Pool)).put("region", str(j.Region)).put("reason", str(j.Reason)).
		put("parent", str(j.Parent)).put("started_by", str(j.StartedBy)).put("content", str(j.Content)).
		put("state", str(string(job.StateStaging))).put("created", num(millis(j.Created))).
		put("mark", str(mark)).ifNo(attrPK)
	w, err := l.write(ctx, jobKey(j.ID), e)
	if err != nil {
		return fmt.Errorf("creating job %s: %w", j.ID, err)
	}
	if !w.done && w.now.text("mark") != mark {
		return ErrExists
	}
	return nil
}

// Job returns a job.
func (l *DynamoDB) Job(ctx context.Context, id string) (job.Job, error) {
	i, err := l.jobItem(ctx, id)
	if err != nil {
		return job.Job{}, err
	}
	return readJob(i)
}

// jobItem reads a job's item, or ErrNoJob.
func (l *DynamoDB) jobItem(ctx context.Context, id string) (item, error) {
	i, err := l.get(ctx, jobKey(id))
	if err != nil {
		return nil, fmt.Errorf("reading job %s: %w", id, err)
	}
	if i == nil {
		return nil, ErrNoJob
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.known[id]
	l.known[id] = knownJob{pool: i.text("pool"), listed: max(k.listed, i.int("listed_place"))}
	return i, nil
}

// knowJob is what is known of a job, read only if it is not; ErrNoJob. A place
// beyond what is known to be listed is worth another look.
func (l *DynamoDB) knowJob(ctx context.Context, id string, place int64) (knownJob, error) {
	l.mu.Lock()
	k, ok := l.known[id]
	l.mu.Unlock()
	if ok && place <= k.listed {
		return k, nil
	}
	if _, err := l.jobItem(ctx, id); err != nil {
		return knownJob{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.known[id], nil
}

func readJob(i item) (job.Job, error) {
	j := job.Job{
		ID: i.text(attrSK), Pool: i.text("pool"), Region: i.text("region"), Reason: i.text("reason"),
		Parent: i.text("parent"), StartedBy: i.text("started_by"), Content: i.text("content"),
		State:   job.State(i.text("state")),
		Created: fromMillis(i.int("created")), Opened: fromMillis(i.int("opened")), Finished: fromMillis(i.int("finished")),
	}
	for name, v := range map[string]any{
		"sources": &j.Sources, "policy": &j.Policy, "counts": &j.Counts, "plan": &j.Plan, "seal": &j.Seal,
	} {
		if !i.has(name) {
			continue
		}
		if err := json.Unmarshal([]byte(i.text(name)), v); err != nil {
			return j, fmt.Errorf("reading job %s: its %s: %w", j.ID, name, err)
		}
	}
	return j, nil
}

// Jobs returns every job, the newest first.
func (l *DynamoDB) Jobs(ctx context.Context) (jobs []job.Job, err error) {
	for i, err := range l.query(ctx, partition(jobKey("").pk)) {
		if err != nil {
			return nil, fmt.Errorf("reading the jobs: %w", err)
		}
		j, err := readJob(i)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, j)
	}
	slices.SortFunc(jobs, func(a, b job.Job) int {
		return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(b.ID, a.ID))
	})
	return jobs, nil
}

// SetState moves a job on.
func (l *DynamoDB) SetState(ctx context.Context, id string, to job.State, at time.Time) error {
	i, err := l.jobItem(ctx, id)
	if err != nil {
		return err
	}
	for {
		from := job.State(i.text("state"))
		if err := checkState(id, from, to); err != nil || from == to {
			return err
		}
		e := newEdit().put("state", str(string(to))).ifIs("state", str(string(from)))
		switch to {
		case job.StateOpen:
			e.keep("opened", num(millis(at)))
		case job.StateFinished, job.StateCancelled:
			e.keep("finished", num(millis(at)))
		}
		w, err := l.write(ctx, jobKey(id), e)
		if err != nil {
			return fmt.Errorf("moving job %s to %s: %w", id, to, err)
		}
		if w.done {
			return nil
		}
		// Somebody was faster, or this very write's reply was lost.
		i = w.now
	}
}

// SetSent notes that the queue has accepted every target up to a place.
func (l *DynamoDB) SetSent(ctx context.Context, id string, place int64) error {
	e := newEdit().put("sent", num(place)).ifHas(attrPK)
	e.when = append(e.when, "(attribute_not_exists(#sent) OR #sent < :sent)")
	w, err := l.write(ctx, jobKey(id), e)
	if err != nil {
		return fmt.Errorf("noting how far job %s is sent: %w", id, err)
	}
	if !w.done && w.now == nil {
		return ErrNoJob
	}
	return nil
}

// Sent returns what SetSent noted.
func (l *DynamoDB) Sent(ctx context.Context, id string) (int64, error) {
	i, err := l.jobItem(ctx, id)
	return i.int("sent"), err
}
