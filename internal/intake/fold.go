package intake

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"unicode/utf8"

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
	name []byte // the last fold
	buf  [24]byte
}

func newFolds(dir string) *folds { return &folds{rows: newSpill(dir, 24)} }

// add takes note of a name that is not its own fold.
func (f *folds) add(name string, line int64, kind nameKind) error {
	if f.fold(name); string(f.name) == name {
		return nil
	}
	sum := sha256.Sum256(f.name)
	b := append(f.buf[:0], sum[:16]...)
	return f.rows.add(partOf(sum[:]), binary.BigEndian.AppendUint64(b, uint64(line)<<kindBits|uint64(kind)))
}

// fold is job.Username.Fold, without garbage for names in ASCII.
func (f *folds) fold(name string) {
	f.name = append(f.name[:0], name...)
	for i, c := range f.name {
		switch {
		case c >= utf8.RuneSelf:
			f.name = append(f.name[:0], job.Username(name).Fold()...)
			return
		case 'A' <= c && c <= 'Z':
			f.name[i] += 'a' - 'A'
		}
	}
}

// twin is a pair of lines, over all lists.
type twin struct{ line, first int64 }

// twins are pairs of lines: their number, and the first of them in the list.
type twins struct {
	n     int64
	first []twin
}

func (t *twins) add(pair twin, keep int) {
	t.n++
	if t.first = append(t.first, pair); len(t.first) > 2*keep {
		t.cut(keep)
	}
}

// cut keeps the earliest.
func (t *twins) cut(keep int) {
	slices.SortFunc(t.first, func(a, b twin) int { return cmp.Compare(a.line, b.line) })
	t.first = t.first[:min(keep, len(t.first))]
}

// twins finds the rows whose name an earlier row has once case is ignored, among
// those that are not left out, and those among them that have the form of a sub. At
// most keep of them come back. It reads d's rows again where there is something to
// compare.
func (f *folds) twins(ctx context.Context, d *distinct, left lineSet, keep int) (all, subs twins, err error) {
	var names []row
	for part := range spillParts {
		if f.rows.count[part] == 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return all, subs, err
		}
		if names, err = f.rows.sorted(part, names); err != nil {
			return all, subs, err
		}
		names = slices.DeleteFunc(names, func(r row) bool { return left.has(r.line()) })
		if names, err = withFolded(names, d, part, left); err != nil {
			return all, subs, err
		}
		for i := 1; i < len(names); i++ {
			if names[i].name == names[i-1].name {
				pair := twin{names[i].line(), names[i-1].line()}
				all.add(pair, keep)
				if names[i].kind() == kindSub {
					subs.add(pair, keep)
				}
				names[i].place = names[i-1].place // for the next of this name
			}
		}
	}
	all.cut(keep)
	subs.cut(keep)
	return all, subs, nil
}

// withFolded adds the rows of a partition of d whose name is the fold of one of
// names, which are sorted and stay so.
func withFolded(names []row, d *distinct, part int, left lineSet) ([]row, error) {
	folded := names
	err := d.rows.each(part, func(b []byte) {
		r := decodeRow(b)
		at := row{name: r.name}
		if i, _ := slices.BinarySearchFunc(folded, at, compareRows); i < len(folded) && folded[i].name == r.name && !left.has(r.line()) {
			names = append(names, r)
		}
	})
	if len(names) > len(folded) {
		slices.SortFunc(names, compareRows)
	}
	return names, err
}
