package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"relock/internal/job"
	"relock/internal/sqlite"
)

// CreateJob writes a new job.
func (l *SQLite) CreateJob(ctx context.Context, j job.Job) error {
	sources, err := json.Marshal(j.Sources)
	if err != nil {
		return err
	}
	policy, err := json.Marshal(j.Policy)
	if err != nil {
		return err
	}
	counts, err := json.Marshal(j.Counts)
	if err != nil {
		return err
	}
	plan, err := json.Marshal(j.Plan)
	if err != nil {
		return err
	}
	return l.db.Write(ctx, func(tx *sqlite.Tx) error {
		n, err := tx.Exec(`INSERT INTO job
			(id, pool, region, reason, parent, started_by, content, sources, policy, counts, plan, state, created)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			j.ID, j.Pool, j.Region, j.Reason, j.Parent, j.StartedBy, j.Content,
			string(sources), string(policy), string(counts), string(plan), string(job.StateStaging), millis(j.Created))
		if err == nil && n == 0 {
			err = ErrExists
		}
		return err
	})
}

const jobColumns = `SELECT id, pool, region, reason, parent, started_by, sources, policy, counts, plan, seal,
	state, created, opened, finished, content FROM job `

// Job returns a job.
func (l *SQLite) Job(ctx context.Context, id string) (job.Job, error) {
	jobs, err := l.jobs(ctx, jobColumns+`WHERE id = ?`, id)
	if err == nil && len(jobs) == 0 {
		err = ErrNoJob
	}
	if err != nil {
		return job.Job{}, err
	}
	return jobs[0], nil
}

// Jobs returns every job, the newest first.
func (l *SQLite) Jobs(ctx context.Context) ([]job.Job, error) {
	return l.jobs(ctx, jobColumns+`ORDER BY created DESC, num DESC`)
}

func (l *SQLite) jobs(ctx context.Context, query string, args ...any) (jobs []job.Job, err error) {
	err = l.db.Read(ctx, func(c *sqlite.Conn) error {
		return c.Query(query, func(r sqlite.Row) error {
			j := job.Job{
				ID: r.Text(0), Pool: r.Text(1), Region: r.Text(2), Reason: r.Text(3),
				Parent: r.Text(4), StartedBy: r.Text(5), State: job.State(r.Text(11)),
				Created: fromMillis(r.Int(12)), Opened: fromMillis(r.Int(13)), Finished: fromMillis(r.Int(14)),
				Content: r.Text(15),
			}
			for i, v := range []any{&j.Sources, &j.Policy, &j.Counts, &j.Plan, &j.Seal} {
				if r.Null(6 + i) {
					continue
				}
				if err := json.Unmarshal([]byte(r.Text(6+i)), v); err != nil {
					name := []string{"sources", "policy", "counts", "plan", "seal"}[i]
					return fmt.Errorf("reading job %s: its %s: %w", j.ID, name, err)
				}
			}
			jobs = append(jobs, j)
			return nil
		}, args...)
	})
	return jobs, err
}

// SetState moves a job on.
func (l *SQLite) SetState(ctx context.Context, id string, to job.State, at time.Time) error {
	return l.db.Write(ctx, func(tx *sqlite.Tx) error {
		from, ok, err := tx.Text(`SELECT state FROM job WHERE id = ?`, id)
		if err != nil {
			return err
		}
		if !ok {
			return ErrNoJob
		}
		if err := checkState(id, job.State(from), to); err != nil || job.State(from) == to {
			return err
		}
		var opened, finished int64
		switch to {
		case job.StateOpen:
			opened = millis(at)
		case job.StateFinished, job.StateCancelled:
			finished = millis(at)
		}
		_, err = tx.Exec(`UPDATE job SET state = ?,
			opened = iif(opened = 0, ?, opened), finished = iif(finished = 0, ?, finished)
			WHERE id = ?`, string(to), opened, finished, id)
		return err
	})
}

// SetSent notes that the queue has accepted every target up to a place.
func (l *SQLite) SetSent(ctx context.Context, id string, place int64) error {
	return l.db.Write(ctx, func(tx *sqlite.Tx) error {
		n, err := tx.Exec(`UPDATE job SET sent = max(sent, ?) WHERE id = ?`, place, id)
		if err == nil && n == 0 {
			err = ErrNoJob
		}
		return err
	})
}

// Sent returns what SetSent noted.
func (l *SQLite) Sent(ctx context.Context, id string) (place int64, err error) {
	err = l.db.Read(ctx, func(c *sqlite.Conn) error {
		var ok bool
		place, ok, err = c.Int(`SELECT sent FROM job WHERE id = ?`, id)
		if err == nil && !ok {
			err = ErrNoJob
		}
		return err
	})
	return place, err
}
