package ledger

import (
	"context"
	"fmt"
	"sync"
	"time"

	"relock/internal/job"
)

// The totals of a job are kept without a third write a target, without a
// transaction, and without a scan.
//
// Targets: the job's item counts them as they are listed (see AddTargets).
//
// Outcomes: every handle, a session, counts in memory what it has recorded, and
// writes its absolute figures to an item of its own, once a second at most. An
// absolute figure may be written any number of times. The item of a target
// names the write, and so the session, that set its outcome; an outcome is final
// and belongs to one session for good. So a session's true figure is a property
// of the table, only ever grows, and anybody can find it out by reading the job's
// targets. What stands in the session's item is never above it:
//
//   - A session counts a record when it knows that it has taken effect. One whose
//     reply never came is not counted until a retry has seen it.
//   - An item is written under the condition of its version. Who finds that it
//     has moved takes the larger of both figures, each of them a lower bound.
//
// Second steps are counted alike: those asked for, by the outcome that they
// follow, and those that have ended; pending is the difference. Once all outcomes
// are counted, so are the second steps asked for, because they were counted with
// them (by outcome, so that this holds for the larger of two figures, too), and
// the difference is not below what is truly pending.
//
// So a job is never taken for finished too early. What stands may be too low after
// a crash, by what the session recorded since it last wrote: then somebody has to
// count. An item is open from before the session's first record until the session
// has ended in good order; an open one that has been silent is recounted once,
// when totals are asked for (dynamo_recount.go), and CloseOut, which reads every
// target anyway, sets every session right. As a job is finished when nothing
// is pending, or closed out when its queue is empty, its last totals are exact.

// tally is what this handle has recorded of one job.
type tally struct {
	job string

	mu sync.Mutex // guards these
	figures
	seq     int64     // grows with each change
	written time.Time // when the item was written last

	writing sync.Mutex // held while the item is written; guards these
	flushed int64      // the seq that the item has
	version int64      // of the item
	floor   figures    // what others have found this session to have recorded
}

// staleAfter is the silence after which an open session's figures are recounted,
// and freshFor the age up to which a session lets its own item stand before it
// records more. The difference covers clocks that disagree; where they disagree
// by more, totals can lag behind until the job is closed out.
const (
	staleAfter = 30 * time.Second
	freshFor   = 15 * time.Second
)

// announce makes sure that the session's item is there, and fresh, before a
// record takes effect: whoever counts later knows that there may be more.
func (l *DynamoDB) announce(ctx context.Context, id string) (*tally, error) {
	l.mu.Lock()
	t, ok := l.tallies[id]
	if !ok {
		t = &tally{job: id}
		l.tallies[id] = t
	}
	l.mu.Unlock()
	t.mu.Lock()
	fresh := !t.written.IsZero() && l.opts.Now().Sub(t.written) < freshFor
	t.mu.Unlock()
	if fresh {
		return t, nil
	}
	return t, l.flush(ctx, t, true, true)
}

func (t *tally) count(a addition) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(a)
	t.seq++
}

// count adds to the totals what has taken effect.
func (l *DynamoDB) count(ctx context.Context, t *tally, a addition) {
	if a == (addition{}) {
		return
	}
	t.count(a)
	if l.opts.FlushEvery > 0 {
		l.schedule()
		return
	}
	if err := l.flush(ctx, t, false, true); err != nil {
		l.log.Warn("the totals in the ledger lag behind", "job", t.job, "error", err)
	}
}

// schedule writes the totals in a while, unless that is under way.
func (l *DynamoDB) schedule() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil || l.closed {
		return
	}
	l.running.Add(1)
	l.timer = time.AfterFunc(l.opts.FlushEvery, func() {
		defer l.running.Done()
		l.mu.Lock()
		l.timer = nil
		l.mu.Unlock()
		if err := l.flushAll(l.background, false); err != nil && l.background.Err() == nil {
			l.log.Warn("the totals in the ledger lag behind", "error", err)
			l.schedule()
		}
	})
}

// flushAll writes the totals of every job; at the end, for the last time.
func (l *DynamoDB) flushAll(ctx context.Context, end bool) (err error) {
	l.mu.Lock()
	tallies := make([]*tally, 0, len(l.tallies))
	for _, t := range l.tallies {
		tallies = append(tallies, t)
	}
	unsure := make(map[string]bool)
	for _, id := range l.unsure {
		unsure[id] = true
	}
	l.mu.Unlock()
	for _, t := range tallies {
		// A session that does not know all of its own effects stays open.
		err = l.flush(ctx, t, end, !end || unsure[t.job])
		if err != nil {
			return err
		}
	}
	return nil
}

// flush writes the session's item, if the figures have changed or force says so.
func (l *DynamoDB) flush(ctx context.Context, t *tally, force, open bool) error {
	t.writing.Lock()
	defer t.writing.Unlock()
	t.mu.Lock()
	f, seq := t.clone(), t.seq
	t.mu.Unlock()
	if seq == t.flushed && !force {
		return nil
	}
	f.raise(t.floor)
	now := l.opts.Now()
	for {
		e := f.write(newEdit().ifVersion(t.version)).put("updated", num(millis(now)))
		if open {
			e.put("open", num(1))
		} else {
			e.drop("open")
		}
		w, err := l.write(ctx, key{totalsPK(t.job), l.session}, e)
		if err != nil {
			return fmt.Errorf("writing the totals of job %s: %w", t.job, err)
		}
		if w.done {
			t.flushed = seq
			t.version++
			t.mu.Lock()
			t.written = now
			t.mu.Unlock()
			return nil
		}
		// Somebody has counted, or the reply of an earlier write was lost.
		t.version = w.now.int("ver")
		t.floor.raise(readFigures(w.now))
		f.raise(t.floor)
	}
}

// Totals counts the job's targets. Of what other handles have recorded it may
// lack the last second.
func (l *DynamoDB) Totals(ctx context.Context, id string) (Totals, error) {
	all, err := l.sessions(ctx, id)
	if err != nil {
		return Totals{}, err
	}
	if l.stale(all) {
		if err := l.recountSoon(ctx, id); err != nil {
			return Totals{}, err
		}
		if all, err = l.sessions(ctx, id); err != nil {
			return Totals{}, err
		}
	}
	l.mu.Lock()
	own := l.tallies[id]
	l.mu.Unlock()
	if own != nil {
		own.mu.Lock()
		f := own.clone()
		own.mu.Unlock()
		f.raise(all[l.session].figures)
		all[l.session] = session{figures: f}
	}
	// The outcomes were read first: the number of targets cannot be below them.
	i, err := l.jobItem(ctx, id)
	if err != nil {
		return Totals{}, err
	}
	t := Totals{Targets: i.int("listed"), Outcomes: make(map[job.Outcome]int64), SignOuts: make(map[job.SignOut]int64)}
	t.Pending = t.Targets
	var last, pending int64
	for _, s := range all {
		for o, n := range s.outcomes {
			if n != 0 {
				t.Outcomes[o] += n
				t.Pending -= n
			}
		}
		for _, n := range s.asked {
			pending += n
		}
		for state, n := range s.ended {
			t.SignOuts[state] += n
			pending -= n
		}
		t.Repeated += s.repeated
		last = max(last, s.last)
	}
	if pending > 0 {
		t.SignOuts[job.SignOutPending] = pending
	}
	t.Last = fromMillis(last)
	return t, nil
}
