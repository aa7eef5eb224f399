package report

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"relock/internal/job"
	"relock/internal/ledger"
)

// The canonical encodings of what a root covers. Texts and lists have their length
// in front, so that no two records have the same encoding; times are milliseconds,
// as precise as a ledger keeps them. docs/json.md has them for those who write a
// verifier of their own.
const (
	jobLeaf    = "relock job 1\n"
	recordLeaf = "relock record 1\n"
)

// encoder appends fields to a leaf.
type encoder struct{ b []byte }

func (e *encoder) text(s string) {
	e.b = binary.AppendUvarint(e.b, uint64(len(s)))
	e.b = append(e.b, s...)
}

func (e *encoder) int(n int64) { e.b = binary.AppendVarint(e.b, n) }

func (e *encoder) bool(v bool) {
	if v {
		e.b = append(e.b, 1)
	} else {
		e.b = append(e.b, 0)
	}
}

func (e *encoder) time(t time.Time) {
	if t.IsZero() {
		e.int(0)
		return
	}
	e.int(t.UnixMilli())
}

// json appends what the ledger keeps as JSON. Members that are not set are left
// out, so that a root stays the same when a later version knows more members.
func (e *encoder) json(v any) error {
	b, err := json.Marshal(v)
	e.text(string(b))
	return err
}

// record is the leaf of a target: all that the ledger says of it.
func (e *encoder) record(r ledger.Entry) {
	e.b = append(e.b[:0], recordLeaf...)
	e.int(int64(r.File))
	e.int(r.Line)
	e.text(string(r.Username))
	e.int(int64(len(r.Metadata)))
	for _, k := range slices.Sorted(maps.Keys(r.Metadata)) {
		e.text(k)
		e.text(r.Metadata[k])
	}
	e.text(string(r.Outcome))
	e.bool(r.Repeated)
	e.text(r.Code)
	e.text(r.Note)
	e.text(r.RequestID)
	e.int(int64(r.Attempts))
	e.int(int64(r.Calls))
	e.bool(r.Claimed)
	e.time(r.At)
	e.text(string(r.SignOut))
	e.text(r.SignOutCode)
	e.text(r.SignOutRequestID)
	e.time(r.SignOutAt)
}

// job is the leaf of the job itself: everything but its seal.
func (e *encoder) job(ledgerID string, j job.Job, exclusions []job.Exclusion) error {
	e.b = append(e.b[:0], jobLeaf...)
	for _, s := range []string{ledgerID, j.ID, j.Pool, j.Region, j.Reason, j.Parent, j.StartedBy, j.Content, string(j.State)} {
		e.text(s)
	}
	e.time(j.Created)
	e.time(j.Opened)
	e.time(j.Finished)
	for _, v := range []any{j.Policy, j.Plan, j.Counts} {
		if err := e.json(v); err != nil {
			return fmt.Errorf("encoding the job's own record: %w", err)
		}
	}
	e.int(int64(len(j.Sources)))
	for _, s := range j.Sources {
		e.text(s.Name)
		e.text(s.SHA256)
	}
	e.int(int64(len(exclusions)))
	for _, x := range exclusions {
		if err := e.json(x); err != nil {
			return fmt.Errorf("encoding the job's exclusions: %w", err)
		}
	}
	return nil
}
