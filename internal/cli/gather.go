package cli

import (
	"context"
	"fmt"
	"sync"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/preflight"
)

// gathered is what the list of targets depends on and was asked for.
type gathered struct {
	exclusions []job.Exclusion
	fold       bool

	mu sync.Mutex
	// words say of each list that is no file what it is, in the order of
	// intake.List.Files, once it was read. Guarded by mu.
	words []string
}

func (g *gathered) say(i int, words string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.words) <= i {
		g.words = append(g.words, "")
	}
	g.words[i] = words
}

// gather asks the pool and the ledger for whom to spare, and, where the list is no
// file, sets where it comes from.
func (e *enqueue) gather(ctx context.Context, set *settings, answers func() *facts) error {
	set.gathered = &gathered{}
	g := set.gathered
	if set.parent != nil {
		g.exclusions, g.fold = set.parent.exclusions, set.parent.job.Plan.FoldCase
		set.list.Configure(e.retryStream(set))
	}
	if len(set.exclude) > 0 || set.from != nil {
		f := answers()
		if err := f.notAsked(); err != nil {
			return fmt.Errorf("%s: %w", preflight.AWSNotAsked, err)
		}
		d, fold, err := directory(ctx, f)
		if err != nil {
			return err
		}
		g.fold = fold
		if len(set.exclude) > 0 {
			more, err := e.excluded(ctx, d, set.exclude)
			if err != nil {
				return err
			}
			g.exclusions = append(g.exclusions, more...)
		}
		if set.from != nil {
			set.list.Configure(e.poolStreams(set, d)...)
		}
	}
	if err := ledger.CheckExclusions(g.exclusions); err != nil {
		return err
	}
	set.list.Exclude = job.NewExclusions(g.exclusions, g.fold)
	return nil
}
