package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"relock/internal/job"
	"relock/internal/sqlite"
)

// withForced adds findings to a job's plan as the ledger keeps it, but for codes
// that it has as forced; the same text where nothing is new.
func withForced(id, plan string, state job.State, findings []job.Finding) (string, error) {
	var p job.Plan
	if plan != "" {
		if err := json.Unmarshal([]byte(plan), &p); err != nil {
			return "", fmt.Errorf("reading the plan of job %s: %w", id, err)
		}
	}
	n := len(p.Findings)
	for _, f := range findings {
		if !slices.ContainsFunc(p.Findings, func(old job.Finding) bool { return old.Code == f.Code && old.Forced }) {
			p.Findings = append(p.Findings, f)
		}
	}
	if len(p.Findings) == n {
		return plan, nil
	}
	if state.Over() {
		return "", &StateError{Job: id, From: state, To: job.StateOpen}
	}
	b, err := json.Marshal(p)
	return string(b), err
}

// AddForced adds what a later run was forced past to the job's plan.
func (l *SQLite) AddForced(ctx context.Context, id string, findings []job.Finding) error {
	return l.db.Write(ctx, func(tx *sqlite.Tx) error {
		var plan string
		var state job.State
		found := false
		err := tx.Query(`SELECT plan, state FROM job WHERE id = ?`, func(r sqlite.Row) error {
			plan, state, found = r.Text(0), job.State(r.Text(1)), true
			return nil
		}, id)
		switch {
		case err != nil:
			return err
		case !found:
			return ErrNoJob
		}
		now, err := withForced(id, plan, state, findings)
		if err != nil || now == plan {
			return err
		}
		_, err = tx.Exec(`UPDATE job SET plan = ? WHERE id = ?`, now, id)
		return err
	})
}

// AddForced adds what a later run was forced past to the job's plan.
func (l *DynamoDB) AddForced(ctx context.Context, id string, findings []job.Finding) error {
	i, err := l.jobItem(ctx, id)
	if err != nil {
		return err
	}
	for {
		plan, state := i.text("plan"), i.text("state")
		now, err := withForced(id, plan, job.State(state), findings)
		if err != nil || now == plan {
			return err
		}
		e := newEdit().put("plan", str(now)).ifIs("state", str(state))
		if plan == "" {
			e.ifNo("plan")
		} else {
			e.ifIs("plan", str(plan))
		}
		w, err := l.write(ctx, jobKey(id), e)
		if err != nil {
			return fmt.Errorf("keeping what job %s was forced past: %w", id, err)
		}
		if w.done {
			return nil
		}
		// Somebody was faster, or this very write's reply was lost.
		i = w.now
	}
}
