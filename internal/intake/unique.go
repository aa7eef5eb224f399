package intake

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"relock/internal/job"
)

// Unique makes duplicates of the targets that are another name of an earlier
// target's user. The ContentID stays that of the names as listed.
//
// user returns what identifies the user that a name means, the same for all names
// of one user, and "" if there is none: such a target stays. It is called by that
// many workers at once. The list's fields change; nothing else may use the list
// meanwhile. The error is user's first, a *ListError, or the context's.
func (l *List) Unique(ctx context.Context, workers int, user func(context.Context, job.Username) (string, error)) (job.Unique, error) {
	d := l.scanner.distinct
	users := newDistinct(l.cfg.TempDir, d.meta)
	u, err := l.byUser(ctx, users, workers, user)
	if err == nil {
		err = users.resolve(ctx, l.scanner.base, l.skip.add)
	}
	if err == nil {
		sum := sha256.New()
		err = users.eachPair(func(p pair) (bool, error) {
			_, _ = fmt.Fprintf(sum, "%d %d\n", p.line, p.first) // a hash takes all
			p.otherName = true
			return true, d.pair(p)
		})
		u.Digest = hex.EncodeToString(sum.Sum(nil))
	}
	if err = cmp.Or(err, users.close()); err != nil {
		return u, err
	}
	u.Dropped = users.dups
	l.Counts.Targets, l.Counts.Duplicates = users.targets, d.dups
	l.Kinds, l.DuplicatesDiffer = users.kinds, d.differ
	return u, l.complete(ctx)
}

// byUser adds every target to users, by its user.
func (l *List) byUser(ctx context.Context, users *distinct, workers int, user func(context.Context, job.Username) (string, error)) (u job.Unique, err error) {
	next := make(chan job.Target)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(next)
		for t, err := range l.Targets(ctx) {
			if err != nil {
				return err
			}
			select {
			case next <- t:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		return nil
	})
	var mu sync.Mutex // guards users and u
	for range workers {
		g.Go(func() error {
			for t := range next {
				key, err := user(ctx, t.Username)
				if err != nil {
					return err
				}
				mu.Lock()
				u.LookedUp++
				if key == "" {
					u.Unknown++
				}
				err = l.addUser(users, t, key)
				mu.Unlock()
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	err = g.Wait()
	return u, err
}

// addUser adds a target under its user, or, if there is none, under its own name,
// which no other target has.
func (l *List) addUser(users *distinct, t job.Target, user string) error {
	text := "user " + user
	if user == "" {
		text = "name " + string(t.Username)
	}
	sum := sha256.Sum256([]byte(text))
	var own digest
	if users.meta && len(t.Metadata) > 0 {
		b, err := json.Marshal(t.Metadata) // a map's keys are sorted
		if err != nil {
			return err
		}
		meta := sha256.Sum256(b)
		own = digest(meta[:16])
	}
	return users.add(digest(sum[:16]), own, l.Files[t.File].base+t.Line, classify(string(t.Username)))
}
