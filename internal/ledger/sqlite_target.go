package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"relock/internal/job"
	"relock/internal/sqlite"
)

// targetChunk is how many targets one transaction takes: enough to make the
// fsync cheap, and few enough to let others in between.
const targetChunk = 10_000

// AddTargets lists targets of a job that is not over. A failure may leave some
// of them listed; the same call again goes on.
func (l *SQLite) AddTargets(ctx context.Context, id string, targets []job.Target) error {
	for chunk := range slices.Chunk(targets, targetChunk) {
		err := l.db.Write(ctx, func(tx *sqlite.Tx) error { return l.addTargets(tx, id, chunk) })
		if err != nil {
			return err
		}
	}
	return nil
}

// addTargets is not protected by a savepoint, which would cost a third: each of
// its statements leaves the ledger as it should be.
func (l *SQLite) addTargets(tx *sqlite.Tx, id string, targets []job.Target) error {
	num, err := l.cachedNum(tx, id)
	if err != nil {
		return err
	}
	var state job.State
	var named int64
	err = tx.Query(`SELECT state, named FROM job WHERE num = ?`, func(r sqlite.Row) error {
		state, named = job.State(r.Text(0)), r.Int(1)
		return nil
	}, num)
	if err != nil {
		return err
	}
	if state.Over() {
		return &StateError{Job: id, From: state, To: job.StateOpen}
	}
	args := make([]any, 0, 4*insertRows)
	for rows := range slices.Chunk(targets, insertRows) {
		args = args[:0]
		var late []named48 // targets below the place up to which all are named
		for _, t := range rows {
			metadata, err := encodeMetadata(t.Metadata)
			if err != nil {
				return err
			}
			place := Place(t)
			args = append(args, num, place, string(t.Username), metadata)
			if place <= named {
				late = append(late, named48{hash48(t.Username), place})
			}
		}
		n, err := tx.Exec(insertTargets[len(rows)-1], args...)
		if err != nil {
			return err
		}
		if n != 0 {
			l.change(num).targets += n
			if err := l.insertNames(tx, num, late); err != nil {
				return err
			}
		}
		if n != int64(len(rows)) {
			if err := l.sameTargets(tx, num, rows); err != nil {
				return err
			}
		}
	}
	if Place(targets[len(targets)-1])-named < nameChunk {
		return nil
	}
	return l.nameTail(tx, num)
}

// insertRows is how many rows one statement inserts: a statement costs more
// than a row.
const insertRows = 10

// insertTargets are the statements for 1 to insertRows rows.
var insertTargets = multiRow(`INSERT INTO target (job, place, username, metadata) VALUES`, `(?, ?, ?, ?)`, `ON CONFLICT DO NOTHING`)

func multiRow(before, row, after string) (statements [insertRows]string) {
	for i := range statements {
		statements[i] = before + " " + strings.TrimSuffix(strings.Repeat(row+", ", i+1), ", ") + " " + after
	}
	return statements
}

// sameTargets returns an error unless the job lists the targets as they are.
func (l *SQLite) sameTargets(tx *sqlite.Tx, num int64, targets []job.Target) error {
	for _, t := range targets {
		username, ok, err := tx.Text(`SELECT username FROM target WHERE job = ? AND place = ?`, num, Place(t))
		if err != nil {
			return err
		}
		if !ok || username != string(t.Username) {
			return fmt.Errorf("line %d of list %d is in the job already, with another username: is it another list?", t.Line, t.File+1)
		}
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

const pageQuery = `SELECT place, username, metadata, outcome, flags, attempts, calls, until, at,
	code, note, request_id, sign_out, sign_out_at, sign_out_code, sign_out_request_id FROM target WHERE job = ? AND place > ? ORDER BY place LIMIT ?`

// Entries yields the targets that the filter keeps, by place. It reads page by
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
				return c.Query(pageQuery,
					func(r sqlite.Row) error {
						e, err := entry(r)
						page = append(page, e)
						return err
					}, num, f.After, entryPage)
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
			f.After = Place(page[len(page)-1].Target)
		}
	}
}

func entry(r sqlite.Row) (Entry, error) {
	metadata, err := decodeMetadata(r.Text(2))
	file, line := fromPlace(r.Int(0))
	return Entry{
		Target:   job.Target{File: file, Line: line, Username: job.Username(r.Text(1)), Metadata: metadata},
		Outcome:  job.Outcome(r.Text(3)),
		Repeated: r.Int(4)&flagRepeated != 0,
		Attempts: int(r.Int(5)),
		Calls:    int(r.Int(6)),
		Claimed:  r.Int(7) != 0,
		At:       fromMillis(r.Int(8)),
		Code:     r.Text(9), Note: r.Text(10), RequestID: r.Text(11),
		SignOut: job.SignOut(r.Text(12)), SignOutAt: fromMillis(r.Int(13)), SignOutCode: r.Text(14), SignOutRequestID: r.Text(15),
	}, err
}

// closeChunk is how many targets one transaction of CloseOut looks at.
const closeChunk = 5000

// lastOfChunk is the last place of the chunk of targets after a place, and whether
// there is one.
func lastOfChunk(tx *sqlite.Tx, num, after int64) (place int64, ok bool, err error) {
	return tx.Int(`SELECT max(place) FROM (SELECT place FROM target
		WHERE job = ? AND place > ? ORDER BY place LIMIT ?)`, num, after, closeChunk)
}

// CloseOut gives every pending target without a live claim the outcome.
func (l *SQLite) CloseOut(ctx context.Context, id string, outcome job.Outcome, at time.Time) (closed int64, err error) {
	if !outcome.Valid() {
		return 0, fmt.Errorf("closing out job %s: %q is not an outcome", id, outcome)
	}
	for place, more := int64(0), true; more; {
		var n int64
		err := l.db.Write(ctx, func(tx *sqlite.Tx) (err error) {
			num, err := l.cachedNum(tx, id)
			if err != nil {
				return err
			}
			from := place
			if place, more, err = lastOfChunk(tx, num, from); err != nil || !more {
				return err
			}
			n, err = tx.Exec(`UPDATE target SET outcome = ?, at = ?,
				note = iif(until > 0 OR flags & 2, ?, NULL), until = 0, owner = NULL
				WHERE job = ? AND place > ? AND place <= ? AND outcome IS NULL AND until <= ?`,
				string(outcome), millis(at), NoteInDoubt, num, from, place, millis(l.now()))
			if err != nil || n == 0 {
				return err
			}
			c := l.change(num)
			c.outcomes[outcome] += n
			c.last = max(c.last, millis(at))
			return nil
		})
		if err != nil {
			return closed, err
		}
		closed += n
	}
	return closed, nil
}
