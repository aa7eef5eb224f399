package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"relock/internal/job"
)

// Targets reads the lists once more and hands out the targets in the order of
// the lists, without duplicates and without rows that are not valid. It ends
// with the first error: the context's, or a *ListError, of kind ErrChanged when
// a file is not what Scan has seen; nothing is handed out from the part that
// changed, nor after it. Each call reads from the beginning.
func (l *List) Targets(ctx context.Context) iter.Seq2[job.Target, error] {
	return func(yield func(job.Target, error) bool) {
		var targets int64
		for i, src := range l.sources {
			n, more, err := l.fileTargets(ctx, i, src, yield)
			if err != nil {
				yield(job.Target{}, err)
			}
			if err != nil || !more {
				return
			}
			targets += n
		}
		if targets != l.Counts.Targets {
			yield(job.Target{}, fmt.Errorf("intake: %d targets in the second pass, %d in the first", targets, l.Counts.Targets))
		}
	}
}

// fileTargets hands out the targets of one list. It returns how many, and
// whether more are wanted.
func (l *List) fileTargets(ctx context.Context, index int, src *source, yield func(job.Target, error) bool) (int64, bool, error) {
	r, err := openRows(ctx, src, &l.cfg, l.meta, false)
	if err != nil {
		return 0, false, err
	}
	base := l.Files[index].base
	var n int64
	for {
		err := r.next()
		if errors.Is(err, io.EOF) {
			return n, true, nil
		}
		if err != nil {
			return n, false, err
		}
		if l.skip.has(base + r.line) {
			continue
		}
		n++
		if !yield(r.target(index), nil) {
			return n, false, nil
		}
	}
}

// target is the row that next has read, of the list with this index.
func (r *rows) target(index int) job.Target {
	return job.Target{
		Username: job.Username(r.name),
		File:     index,
		Line:     r.line,
		Metadata: r.meta.values(r.record),
	}
}
