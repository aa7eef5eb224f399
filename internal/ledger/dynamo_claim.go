package ledger

import (
	"context"
	"fmt"
	"time"

	"relock/internal/job"
)

// work is the state of a target: what has been done about it. Version 0 is that
// of a target that nobody has ever claimed.
type work struct {
	version                 int64
	attempts                int
	tries, deferrals, calls int
	owner, mark             string // of the open claim
	until                   int64
	doubt                   bool
	outcome                 job.Outcome
	at                      int64
	code, note, requestID   string
	by, repeatedBy          string // the marks of the writes that set outcome and flag
	asked                   bool   // a second step follows the outcome

	signOut                job.SignOut
	signOutAt              int64
	signOutCode, signOutID string
	signOutBy              string // the mark of the write that ended the second step
}

func readWork(i item) work {
	return work{
		version: i.int("ver"), attempts: int(i.int("attempts")),
		tries: int(i.int("tries")), deferrals: int(i.int("deferrals")), calls: int(i.int("calls")),
		owner: i.text("owner"), mark: i.text("mark"), until: i.int("until"), doubt: i.has("doubt"),
		outcome: job.Outcome(i.text("outcome")), at: i.int("at"),
		code: i.text("code"), note: i.text("note"), requestID: i.text("request_id"),
		by: i.text("by"), repeatedBy: i.text("repeated_by"), asked: i.has("sign_out"),
		signOut: job.SignOut(i.text("sign_out")), signOutAt: i.int("sign_out_at"),
		signOutCode: i.text("sign_out_code"), signOutID: i.text("sign_out_request_id"), signOutBy: i.text("sign_out_by"),
	}
}

// claimed reports whether a claim is open, live whether its lease goes on, too.
func (w work) claimed() bool           { return w.owner != "" }
func (w work) live(now time.Time) bool { return w.claimed() && w.until > millis(now) }

// answer is what a wish to claim is answered.
func (w work) answer(now time.Time) Claim {
	c := Claim{Status: Granted, Attempt: w.attempts, Tries: w.tries, Deferrals: w.deferrals}
	switch {
	case w.outcome != "":
		c.Status, c.Outcome, c.SignOut = Finished, w.outcome, w.signOut
	case w.live(now):
		c.Status, c.Until = Held, fromMillis(w.until)
	case w.claimed() || w.doubt:
		c.Status = GrantedInDoubt
	}
	return c
}

// Claim answers a wish to call for a target: a read of its listing and, as a rule,
// one write. The write supposes that nobody has claimed the target yet; if that is
// wrong, it comes back with the state, and the answer follows from that.
//
// The lease begins with the write, and a quarter of it, at most, may be spent
// when Claim returns.
func (l *DynamoDB) Claim(ctx context.Context, k Key, owner string, lease time.Duration) (Claim, error) {
	if owner == "" {
		return Claim{}, fmt.Errorf("claiming a target of job %s: there is no owner", k.Job)
	}
	if lease > 0 && lease/4 < l.opts.Patience {
		short, cancel := context.WithTimeout(ctx, max(lease/4, time.Second))
		defer cancel()
		ctx = short
	}
	j, err := l.knowJob(ctx, k.Job, 0)
	if err != nil {
		return Claim{}, err
	}
	shard, sk := shardOf(k.Username), targetSK(j.pool, k.Username)
	listing, err := l.get(ctx, key{listPK(k.Job, shard), sk})
	if err != nil {
		return Claim{}, fmt.Errorf("claiming a target of job %s: %w", k.Job, err)
	}
	if listing != nil {
		if j, err = l.knowJob(ctx, k.Job, listing.int(attrPlace)); err != nil {
			return Claim{}, err
		}
	}
	if listing == nil || listing.int(attrPlace) > j.listed {
		return Claim{Status: NotListed}, nil
	}
	c, err := l.claim(ctx, k.Job, key{workPK(k.Job, shard), sk}, owner, lease)
	if err != nil {
		return Claim{}, fmt.Errorf("claiming a target of job %s: %w", k.Job, err)
	}
	c.Metadata, err = decodeMetadata(listing.text("metadata"))
	return c, err
}

func (l *DynamoDB) claim(ctx context.Context, id string, at key, owner string, lease time.Duration) (Claim, error) {
	mark := l.mark()
	for seen := (work{}); ; {
		now := l.opts.Now()
		c := seen.answer(now)
		if c.Status != Granted && c.Status != GrantedInDoubt {
			l.countLate(ctx, id, seen)
			return c, nil
		}
		c.Attempt++
		e := newEdit().ifVersion(seen.version).
			put("attempts", num(int64(c.Attempt))).put("owner", str(owner)).put("mark", str(mark)).
			put("until", num(millis(now.Add(lease)))).drop("doubt")
		w, err := l.write(ctx, at, e)
		if err != nil || w.done {
			return c, err
		}
		// Is it this very claim, made by a try whose reply was lost?
		if seen = readWork(w.now); seen.mark == mark && seen.outcome == "" {
			return c, nil
		}
	}
}

// Release gives up a claim without an outcome.
func (l *DynamoDB) Release(ctx context.Context, r Release) error {
	e := newEdit()
	if r.InDoubt {
		e.put("doubt", num(1))
	}
	if r.Tried {
		e.add("tries", 1)
	}
	if r.Deferred {
		e.add("deferrals", 1)
	}
	return l.endClaim(ctx, ending{
		key: r.Key, owner: r.Owner, attempt: r.Attempt, repeated: r.Repeated, edit: e,
		made: func(w work) bool { return w.attempts == r.Attempt && !w.claimed() && w.outcome == "" },
	})
}

// Record writes the outcome of a claimed target.
func (l *DynamoDB) Record(ctx context.Context, r Record) error {
	if !r.Outcome.Valid() {
		return fmt.Errorf("recording: %q is not an outcome", r.Outcome)
	}
	at := millis(r.At)
	e := newEdit().put("outcome", str(string(r.Outcome))).put("at", num(at)).add("calls", int64(r.Calls))
	for name, v := range map[string]string{"code": r.Code, "note": r.Note, "request_id": r.RequestID} {
		if v != "" {
			e.put(name, str(v))
		}
	}
	if r.SignOut {
		e.put("sign_out", str(string(job.SignOutPending)))
	}
	return l.endClaim(ctx, ending{
		key: r.Key, owner: r.Owner, attempt: r.Attempt, repeated: r.Repeated, edit: e,
		outcome: r.Outcome, asked: r.SignOut, at: at,
		made: func(w work) bool {
			return w.attempts == r.Attempt && w.outcome == r.Outcome && w.at == at && w.code == r.Code && w.requestID == r.RequestID
		},
	})
}

// ending is a write that ends a claim.
type ending struct {
	key      Key
	owner    string
	attempt  int
	repeated bool
	edit     *edit
	outcome  job.Outcome // empty for a release
	asked    bool
	at       int64
	// made says whether a state is what the write would have left: then it has
	// been made before, by a try whose reply was lost or by an earlier call.
	made func(work) bool
}

func (x ending) end() end { return end{key: x.key, attempt: x.attempt, outcome: x.outcome} }

// endClaim makes the write, and counts it once.
func (l *DynamoDB) endClaim(ctx context.Context, x ending) error {
	if x.owner == "" || x.attempt < 1 {
		return ErrClaimLost
	}
	j, err := l.knowJob(ctx, x.key.Job, 0)
	if err != nil {
		return err
	}
	t, err := l.announce(ctx, x.key.Job)
	if err != nil {
		return err
	}
	mark, again := l.takeMark(x.end())
	e := x.edit.ifIs("owner", str(x.owner)).ifIs("attempts", num(int64(x.attempt))).
		drop("owner", "until", "mark").add("ver", 1)
	if x.outcome != "" {
		e.put("by", str(mark))
	}
	if x.repeated {
		e.keep("repeated_by", str(mark))
		e.back = true // whether the flag is new only the item can say
	}
	w, err := l.write(ctx, key{workPK(x.key.Job, shardOf(x.key.Username)), targetSK(j.pool, x.key.Username)}, e)
	switch {
	case err != nil:
		if w.unsure || again {
			l.doubt(x.key.Job, mark)
			l.keepMark(x.end(), mark)
		}
		return fmt.Errorf("ending a claim of job %s: %w", x.key.Job, err)
	case w.done && !x.repeated:
		l.count(ctx, t, addition{outcome: x.outcome, asked: x.asked, at: x.at})
		return nil
	}
	state := readWork(w.now)
	l.count(ctx, t, l.uncounted(state, mark))
	if !w.done && !x.made(state) {
		return ErrClaimLost
	}
	return nil
}
