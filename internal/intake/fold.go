package intake

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"relock/internal/job"
)

// Twin is a target whose username differs from an earlier target's by case only.
// In a pool that ignores case both are one user.
type Twin struct {
	File      string
	Line      int64
	FirstFile string
	FirstLine int64
}

// folds keeps the rows whose username is not its own job.Username.Fold, as those
// with capitals. Only they can be the same name as another row once case is
// ignored: of two names that differ by case, one at least is not its own fold, and
// where the other is, its digest is that of the fold. A list in lower case costs
// nothing but the look.
type folds struct {
	rows *spill
	buf  [24]byte
}

func newFolds(dir string) *folds { return &folds{rows: newSpill(dir, 24)} }

// add takes note of a name that is not its own fold.
func (f *folds) add(name string, line int64) error {
	fold := job.Username(name).Fold()
	if string(fold) == name {
		return nil
	}
	sum := sha256.Sum256([]byte(fold))
	b := append(f.buf[:0], sum[:16]...)
	return f.rows.add(partOf(sum[:]), binary.BigEndian.AppendUint64(b, uint64(line)<<kindBits))
}

// twin is a pair of lines, over all lists.
type twin struct{ line, first int64 }

// twins finds the rows whose name an earlier row has once case is ignored, among
// those that are not left out. At most keep of them come back, the first in the
// list; n is the number of all. It reads d's rows again where there is something
// to compare, and closes what it was given to read.
func (f *folds) twins(ctx context.Context, d *distinct, left lineSet, keep int) (first []twin, n int64, err error) {
	var rows, caps []row
	for part := range spillParts {
		if f.rows.count[part] == 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		if rows, err = d.rows.sorted(part, rows); err != nil {
			return nil, 0, err
		}
		if caps, err = f.rows.sorted(part, caps); err != nil {
			return nil, 0, err
		}
		caps = slices.DeleteFunc(caps, func(r row) bool { return left.has(r.line()) })
		for len(caps) > 0 {
			same := sameName(&caps, rows, left)
			for _, line := range same[1:] {
				n++
				first = append(first, twin{line, same[0]})
			}
			if len(first) > 2*keep {
				first = earliest(first, keep)
			}
		}
	}
	return earliest(first, keep), n, nil
}

// sameName takes the rows of the first name off caps and returns their lines, with
// that of the row whose name is that very fold.
func sameName(caps *[]row, rows []row, left lineSet) []int64 {
	name := (*caps)[0].name
	var same []int64
	for len(*caps) > 0 && (*caps)[0].name == name {
		same = append(same, (*caps)[0].line())
		*caps = (*caps)[1:]
	}
	at, ok := slices.BinarySearchFunc(rows, row{name: name}, func(a, b row) int {
		a.place = 0 // the first of the rows with this name is the one that is kept
		return compareRows(a, b)
	})
	if ok && !left.has(rows[at].line()) {
		same = append(same, rows[at].line())
		slices.Sort(same)
	}
	return same
}

func earliest(all []twin, n int) []twin {
	slices.SortFunc(all, func(a, b twin) int { return cmp.Compare(a.line, b.line) })
	return all[:min(n, len(all))]
}
