package ledger

import (
	"context"
	"fmt"
	"time"

	"relock/internal/job"
	"relock/internal/sqlite"
)

// seat is where an open claim's row is, and its flags when it was claimed: so
// that recording the outcome need not look the username up again.
type seat struct {
	num, place, flags int64
}

// maxSeats bounds the memory of claims that are never recorded.
const maxSeats = 8192

// The statements that run for every target; see TestPlans.
const (
	claimQuery = `SELECT t.place, outcome, until, flags, attempts, tries, deferrals, metadata, sign_out
		FROM name n JOIN target t ON t.job = n.job AND t.place = n.place
		WHERE n.job = ? AND n.hash = ? AND username = ? LIMIT 1`
	grantQuery  = `UPDATE target SET owner = ?, until = ?, attempts = ?, flags = ? WHERE job = ? AND place = ?`
	recordQuery = `UPDATE target SET owner = NULL, until = 0, outcome = ?, flags = ?, calls = calls + ?, at = ?,
		code = ?, note = ?, request_id = ?, sign_out = ?
		WHERE job = ? AND place = ? AND attempts = ? AND owner = ? AND outcome IS NULL`
)

// Claim answers a wish to call for a target.
func (l *SQLite) Claim(ctx context.Context, key Key, owner string, lease time.Duration) (Claim, error) {
	var claim Claim
	err := l.db.Write(ctx, func(tx *sqlite.Tx) (err error) {
		claim, err = l.claim(tx, key, owner, lease)
		return err
	})
	return claim, err
}

func (l *SQLite) claim(tx *sqlite.Tx, key Key, owner string, lease time.Duration) (Claim, error) {
	num, err := l.cachedNum(tx, key.Job)
	if err != nil {
		return Claim{}, err
	}
	claim := Claim{Status: NotListed}
	now := l.now()
	var place, flags int64
	_, err = l.lookUp(tx, claimQuery, num, key.Username, func(r sqlite.Row) (err error) {
		place, flags = r.Int(0), r.Int(3)
		until := r.Int(2)
		claim = Claim{Attempt: int(r.Int(4)), Tries: int(r.Int(5)), Deferrals: int(r.Int(6))}
		switch {
		case !r.Null(1):
			claim.Status, claim.Outcome, claim.SignOut = Finished, job.Outcome(r.Text(1)), job.SignOut(r.Text(8))
		case until > millis(now):
			claim.Status, claim.Until = Held, fromMillis(until)
		case until != 0 || flags&flagDoubt != 0:
			claim.Status = GrantedInDoubt
		default:
			claim.Status = Granted
		}
		claim.Metadata, err = decodeMetadata(r.Text(7))
		return err
	})
	if err != nil || claim.Status != Granted && claim.Status != GrantedInDoubt {
		return claim, err
	}
	claim.Attempt++
	flags &^= flagDoubt
	_, err = tx.Exec(grantQuery, owner, millis(now.Add(lease)), claim.Attempt, flags, num, place)
	if len(l.open) >= maxSeats {
		clear(l.open)
	}
	l.open[key] = seat{num: num, place: place, flags: flags}
	return claim, err
}

// find returns the seat of a target, and false where none is listed.
func (l *SQLite) find(tx *sqlite.Tx, key Key) (p seat, ok bool, err error) {
	if p, ok := l.open[key]; ok {
		delete(l.open, key)
		return p, true, nil
	}
	if p.num, err = l.cachedNum(tx, key.Job); err != nil {
		return p, false, err
	}
	ok, err = l.lookUp(tx, seatQuery, p.num, key.Username, func(r sqlite.Row) error {
		p.place, p.flags = r.Int(0), r.Int(1)
		return nil
	})
	return p, ok, err
}

// repeat adds the flag repeated and returns whether it is new.
func (p *seat) repeat(repeated bool) (added bool) {
	added = repeated && p.flags&flagRepeated == 0
	if added {
		p.flags |= flagRepeated
	}
	return added
}

// Release gives up a claim without an outcome.
func (l *SQLite) Release(ctx context.Context, r Release) error {
	return l.db.Write(ctx, func(tx *sqlite.Tx) error {
		p, ok, err := l.find(tx, r.Key)
		if err != nil {
			return err
		}
		if !ok {
			return ErrClaimLost
		}
		added := p.repeat(r.Repeated)
		if r.InDoubt {
			p.flags |= flagDoubt
		}
		n, err := tx.Exec(`UPDATE target SET owner = NULL, until = 0, flags = ?, tries = tries + ?, deferrals = deferrals + ?
			WHERE job = ? AND place = ? AND attempts = ? AND owner = ? AND outcome IS NULL`,
			p.flags, r.Tried, r.Deferred, p.num, p.place, r.Attempt, r.Owner)
		switch {
		case err != nil:
			return err
		case n == 0:
			// Released already and not claimed since: this is a retry.
			_, ok, err := tx.Int(`SELECT 1 FROM target
				WHERE job = ? AND place = ? AND attempts = ? AND attempts > 0 AND owner IS NULL AND outcome IS NULL`,
				p.num, p.place, r.Attempt)
			if err == nil && !ok {
				err = ErrClaimLost
			}
			return err
		case added:
			l.change(p.num).repeated++
		}
		return nil
	})
}

// Record writes the outcome of a claimed target.
func (l *SQLite) Record(ctx context.Context, r Record) error {
	if !r.Outcome.Valid() {
		return fmt.Errorf("recording: %q is not an outcome", r.Outcome)
	}
	return l.db.Write(ctx, func(tx *sqlite.Tx) error { return l.record(tx, r) })
}

func (l *SQLite) record(tx *sqlite.Tx, r Record) error {
	p, ok, err := l.find(tx, r.Key)
	if err != nil {
		return err
	}
	if !ok {
		return ErrClaimLost
	}
	added := p.repeat(r.Repeated)
	at := millis(r.At)
	var signOut any
	if r.SignOut {
		signOut = string(job.SignOutPending)
	}
	n, err := tx.Exec(recordQuery,
		string(r.Outcome), p.flags, r.Calls, at, text(r.Code), text(r.Note), text(r.RequestID), signOut,
		p.num, p.place, r.Attempt, r.Owner)
	if err != nil {
		return err
	}
	if n == 0 {
		_, ok, err := tx.Int(`SELECT 1 FROM target WHERE job = ? AND place = ? AND attempts = ? AND outcome = ? AND at = ?
			AND code IS ? AND request_id IS ?`,
			p.num, p.place, r.Attempt, string(r.Outcome), at, text(r.Code), text(r.RequestID))
		if err == nil && !ok {
			err = ErrClaimLost
		}
		return err
	}
	c := l.change(p.num)
	c.outcomes[r.Outcome]++
	c.last = max(c.last, at)
	if added {
		c.repeated++
	}
	if r.SignOut {
		c.pending++
	}
	return nil
}

// text is NULL for an empty text: most are.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}
