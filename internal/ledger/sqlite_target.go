package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"time"

	"relock/internal/job"
	"relock/internal/sqlite"
)

// targetChunk is how many targets one transaction takes: enough to make the
// fsync cheap, and few enough to let others in between.
const targetChunk = 10_000

// AddTargets lists targets of a job that is not over.
func (l *SQLite) AddTargets(ctx context.Context, id string, targets []job.Target) error {
	for chunk := range slices.Chunk(targets, targetChunk) {
		err := l.db.WriteAll(ctx, func(tx *sqlite.Tx) error { return l.addTargets(tx, id, chunk) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *SQLite) addTargets(tx *sqlite.Tx, id string, targets []job.Target) error {
	num, err := l.cachedNum(tx, id)
	if err != nil {
		return err
	}
	state, _, err := tx.Text(`SELECT state FROM job WHERE num = ?`, num)
	if err != nil {
		return err
	}
	if over(job.State(state)) {
		return &StateError{Job: id, From: job.State(state), To: job.StateOpen}
	}
	var added int64
	for _, t := range targets {
		metadata, err := encodeMetadata(t.Metadata)
		if err != nil {
			return err
		}
		n, err := tx.Exec(`INSERT INTO target (job, line, username, metadata) VALUES (?, ?, ?, ?)
			ON CONFLICT DO NOTHING`, num, t.Line, string(t.Username), metadata)
		if err != nil {
			return err
		}
		if n == 0 {
			if err := l.sameTarget(tx, num, t); err != nil {
				return err
			}
		}
		added += n
	}
	l.change(num).targets += added
	return nil
}

// sameTarget returns an error unless the job lists t at its line already.
func (l *SQLite) sameTarget(tx *sqlite.Tx, num int64, t job.Target) error {
	line, ok, err := tx.Int(`SELECT line FROM target WHERE job = ? AND username = ?`, num, string(t.Username))
	switch {
	case err != nil:
		return err
	case !ok:
		return fmt.Errorf("line %d is in the job already, with another username: is it another list?", t.Line)
	case line != t.Line:
		return fmt.Errorf("the username of line %d is in the job already, from line %d", t.Line, line)
	}
	return nil
}

// encodeMetadata gives metadata as text, nil for none.
func encodeMetadata(m map[string]string) (any, error) {
	if len(m) == 0 {
		return nil, nil
	}
	b, err := json.Marshal(m)
	return string(b), err
}

func decodeMetadata(s string) (m map[string]string, err error) {
	if s != "" {
		err = json.Unmarshal([]byte(s), &m)
	}
	return m, err
}

// entryPage is how many rows of target one read looks at.
const entryPage = 1000

// Entries yields the targets that the filter keeps, by line. It reads page by
// page: a long read would keep the WAL from shrinking under a running job.
func (l *SQLite) Entries(ctx context.Context, id string, f Filter) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		page := make([]Entry, 0, entryPage)
		for {
			page = page[:0]
			err := l.db.Read(ctx, func(c *sqlite.Conn) error {
				num, err := l.num(c, id)
				if err != nil {
					return err
				}
				return c.Query(`SELECT line, username, metadata, outcome, flags, attempts, calls, until, at,
					code, note, request_id FROM target WHERE job = ? AND line > ? ORDER BY line LIMIT ?`,
					func(r sqlite.Row) error {
						e, err := entry(r)
						page = append(page, e)
						return err
					}, num, f.AfterLine, entryPage)
			})
			if err != nil {
				yield(Entry{}, err)
				return
			}
			for _, e := range page {
				if f.Match(e) && !yield(e, nil) {
					return
				}
			}
			if len(page) < entryPage {
				return
			}
			f.AfterLine = page[len(page)-1].Line
		}
	}
}

func entry(r sqlite.Row) (Entry, error) {
	metadata, err := decodeMetadata(r.Text(2))
	return Entry{
		Target:   job.Target{Line: r.Int(0), Username: job.Username(r.Text(1)), Metadata: metadata},
		Outcome:  job.Outcome(r.Text(3)),
		Repeated: r.Int(4)&flagRepeated != 0,
		Attempts: int(r.Int(5)),
		Calls:    int(r.Int(6)),
		Claimed:  r.Int(7) != 0,
		At:       fromMillis(r.Int(8)),
		Code:     r.Text(9), Note: r.Text(10), RequestID: r.Text(11),
	}, err
}

// closeChunk is how many lines one transaction of CloseOut looks at.
const closeChunk = 5000

// CloseOut gives every pending target without a live claim the outcome.
func (l *SQLite) CloseOut(ctx context.Context, id string, outcome job.Outcome, at time.Time) (closed int64, err error) {
	if !outcome.Valid() {
		return 0, fmt.Errorf("closing out job %s: %q is not an outcome", id, outcome)
	}
	var line, last int64
	err = l.db.Read(ctx, func(c *sqlite.Conn) error {
		num, err := l.num(c, id)
		if err != nil {
			return err
		}
		last, _, err = c.Int(`SELECT max(line) FROM target WHERE job = ?`, num)
		return err
	})
	for ; err == nil && line < last; line += closeChunk {
		var n int64
		err = l.db.Write(ctx, func(tx *sqlite.Tx) error {
			num, err := l.cachedNum(tx, id)
			if err != nil {
				return err
			}
			n, err = tx.Exec(`UPDATE target SET outcome = ?, at = ?,
				note = iif(until > 0 OR flags & 2, ?, NULL), until = 0, owner = NULL
				WHERE job = ? AND line > ? AND line <= ? AND outcome IS NULL AND until <= ?`,
				string(outcome), millis(at), NoteInDoubt, num, line, line+closeChunk, millis(l.now()))
			if err != nil || n == 0 {
				return err
			}
			c := l.change(num)
			c.outcomes[outcome] += n
			c.last = max(c.last, millis(at))
			return nil
		})
		if err == nil {
			closed += n
		}
	}
	return closed, err
}
