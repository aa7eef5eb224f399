package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/sync/errgroup"
)

// session is the item of a session as it stands.
type session struct {
	figures
	version   int64
	open      bool
	updated   time.Time
	recounted int64 // the version that a recount has left
}

func (l *DynamoDB) sessions(ctx context.Context, id string) (map[string]session, error) {
	all := make(map[string]session)
	for i, err := range l.query(ctx, partition(totalsPK(id))) {
		if err != nil {
			return nil, fmt.Errorf("reading the totals of job %s: %w", id, err)
		}
		all[i.text(attrSK)] = session{
			figures: readFigures(i), version: i.int("ver"), open: i.has("open"),
			updated: fromMillis(i.int("updated")), recounted: i.int("recounted"),
		}
	}
	return all, nil
}

// stale reports whether there is a session of another handle that may have
// recorded more than its item says: one that has not ended in good order, and has
// been silent.
func (l *DynamoDB) stale(all map[string]session) bool {
	for name, s := range all {
		if name != l.session && s.open && s.recounted != s.version && l.opts.Now().Sub(s.updated) > staleAfter {
			return true
		}
	}
	return false
}

// recountPatience is how long totals wait for a recount. One that takes longer
// goes on, and later totals have its result.
const recountPatience = 2 * time.Second

// recounts are those under way, by job.
type recounts struct {
	mu sync.Mutex
	m  map[string]chan struct{}
}

// recountSoon recounts a job, once at a time, and waits a little.
func (l *DynamoDB) recountSoon(ctx context.Context, id string) error {
	l.recounts.mu.Lock()
	done, ok := l.recounts.m[id]
	if !ok {
		done = make(chan struct{})
		l.mu.Lock()
		closed := l.closed
		if !closed {
			l.running.Add(1)
		}
		l.mu.Unlock()
		if closed {
			l.recounts.mu.Unlock()
			return nil
		}
		if l.recounts.m == nil {
			l.recounts.m = make(map[string]chan struct{})
		}
		l.recounts.m[id] = done
		go func() {
			defer l.running.Done()
			defer func() {
				l.recounts.mu.Lock()
				delete(l.recounts.m, id)
				l.recounts.mu.Unlock()
				close(done)
			}()
			l.log.Info("counting the outcomes of a job: a worker has not ended in good order", "job", id)
			if err := l.recount(l.background, id); err != nil && l.background.Err() == nil {
				l.log.Warn("counting the outcomes of a job failed", "job", id, "error", err)
			}
		}()
	}
	l.recounts.mu.Unlock()
	t := time.NewTimer(recountPatience)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// counting is what a pass over the targets finds, by session.
type counting struct {
	mu sync.Mutex
	by map[string]*figures
}

func (c *counting) add(w work) {
	if w.by == "" && w.repeatedBy == "" {
		return // without an outcome there is no second step
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if w.by != "" {
		c.session(w.by).add(addition{outcome: w.outcome, asked: w.asked, at: w.at})
	}
	if w.repeatedBy != "" {
		c.session(w.repeatedBy).add(addition{repeated: true})
	}
	if w.signOutBy != "" {
		c.session(w.signOutBy).add(addition{ended: w.signOut})
	}
}

func (c *counting) session(mark string) *figures {
	s := sessionOf(mark)
	if c.by == nil {
		c.by = make(map[string]*figures)
	}
	if c.by[s] == nil {
		c.by[s] = &figures{}
	}
	return c.by[s]
}

// recountShards is how many partitions are read at a time.
const recountShards = 4

// recount reads all targets of a job that have an outcome, and sets the figures
// of other sessions right. It harms none: a session that is alive finds its item
// moved and goes on from there.
func (l *DynamoDB) recount(ctx context.Context, id string) error {
	before, err := l.sessions(ctx, id)
	if err != nil {
		return err
	}
	var c counting
	if err := l.pass(ctx, id, &c, func(key, work) error { return nil }); err != nil {
		return fmt.Errorf("counting the outcomes of job %s: %w", id, err)
	}
	return l.setRight(ctx, id, before, &c)
}

// passed are the attributes that a pass reads of a target's state.
var passed = []string{attrSK, "outcome", "at", "by", "repeated_by", "sign_out", "sign_out_by"}

// pass counts what every session has recorded of a job, and calls each for the
// targets that have been recorded, several at a time.
func (l *DynamoDB) pass(ctx context.Context, id string, c *counting, each func(key, work) error) error {
	names := make(map[string]string)
	for _, n := range passed {
		names["#"+n] = n
	}
	projection := "#" + strings.Join(passed, ", #")
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(recountShards)
	for shard := range shards {
		g.Go(func() error {
			pk := workPK(id, shard)
			q := partition(pk)
			q.FilterExpression = aws.String("attribute_exists(#by) OR attribute_exists(#repeated_by)")
			q.ProjectionExpression, q.ExpressionAttributeNames = &projection, names
			for i, err := range l.query(ctx, q) {
				if err != nil {
					return err
				}
				w := readWork(i)
				c.add(w)
				if err := each(key{pk, i.text(attrSK)}, w); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// learn raises a session's own figures to what a pass has found of it: more than it
// has counted where the effect of a write is still unknown to it.
func (t *tally) learn(c *counting, session string) (raised bool) {
	found := c.by[session]
	if found == nil {
		return false
	}
	t.writing.Lock()
	defer t.writing.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	known := t.clone()
	known.raise(t.floor)
	return known.raise(*found) && t.floor.raise(*found)
}

// setRight writes what a pass has found into the items of sessions that are open,
// as they stood before the pass. One that has moved since is alive, and knows
// better.
func (l *DynamoDB) setRight(ctx context.Context, id string, before map[string]session, c *counting) error {
	var errs []error
	for name, s := range before {
		if name == l.session || !s.open || s.recounted == s.version {
			continue
		}
		if found := c.by[name]; found != nil {
			s.raise(*found)
		}
		e := s.write(newEdit().ifVersion(s.version)).put("recounted", num(s.version+1))
		if _, err := l.write(ctx, key{totalsPK(id), name}, e); err != nil {
			errs = append(errs, fmt.Errorf("writing the totals of job %s: %w", id, err))
		}
	}
	return errors.Join(errs...)
}
