package intake

import (
	"context"
	"crypto/sha256"

	"relock/internal/job"
)

// Earlier reports for each of the targets whether an earlier target of the list has
// one of names: those of the target's user, in the order of targets. fold says that
// the pool ignores case; a name that is the target's own but for case does not
// count. It reads what Scan has kept of the rows (24 bytes each), not the list. The
// error is a *ListError, or the context's.
func (l *List) Earlier(ctx context.Context, targets []job.Target, names [][]job.Username, fold bool) ([]bool, error) {
	earlier := make([]bool, len(targets))
	var exact, folded wanted
	for i, t := range targets {
		for _, n := range names[i] {
			if n.Fold() == t.Username.Fold() {
				continue
			}
			exact.add(n.Key(fold), i)
			if n.AnyCase(fold) {
				folded.add(n.Key(fold), i)
			}
		}
	}
	for part := range spillParts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for _, x := range []struct {
			in   *wanted
			rows *spill
		}{{&exact, l.scanner.distinct.rows}, {&folded, l.scanner.folds.rows}} {
			if len(x.in[part]) == 0 {
				continue
			}
			if err := x.rows.each(part, func(b []byte) {
				if len(x.in[part][digest(b[:16])]) == 0 {
					return
				}
				r := decodeRow(b)
				for _, i := range x.in[part][digest(b[:16])] {
					own := l.Files[targets[i].File].base + targets[i].Line
					earlier[i] = earlier[i] || r.line() < own && !l.skip.has(r.line())
				}
			}); err != nil {
				return nil, err
			}
		}
	}
	return earlier, nil
}

// wanted are indices by the digest of a name, in partitions.
type wanted [spillParts]map[digest][]int

func (w *wanted) add(name job.Username, i int) {
	sum := sha256.Sum256([]byte(name))
	part, key := partOf(sum[:]), digest(sum[:16])
	if w[part] == nil {
		w[part] = map[digest][]int{}
	}
	w[part][key] = append(w[part][key], i)
}
