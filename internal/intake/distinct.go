package intake

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// digest is the first half of a SHA-256.
type digest [16]byte

// row is what is kept of a valid row until its duplicates are known: digests of
// its username and of its own metadata, and its place.
type row struct {
	name, meta [2]uint64
	// place is the row's line over all lists, shifted left by kindBits, and its
	// nameKind.
	place uint64
}

func (r *row) line() int64    { return int64(r.place >> kindBits) }
func (r *row) kind() nameKind { return nameKind(r.place & (1<<kindBits - 1)) }

func compareRows(a, b row) int {
	if c := cmp.Compare(a.name[0], b.name[0]); c != 0 {
		return c
	}
	if c := cmp.Compare(a.name[1], b.name[1]); c != 0 {
		return c
	}
	return cmp.Compare(a.place, b.place)
}

// pair is a duplicate: its line and the line of the row that is kept, over all
// lists.
type pair struct {
	line, first int64
	differs     bool // the two rows' metadata
	otherName   bool // the rows have two names of one user
}

const pairSize = 17

// distinct finds the distinct rows of a list of any length.
type distinct struct {
	dir  string
	meta bool // rows have metadata of their own
	rows *spill
	buf  [40]byte

	// The findings, once resolve has run.
	id      [sha256.Size]byte
	targets int64
	kinds   NameKinds
	pairs   *spill // partitioned by line
	perPart int64  // lines in a partition of pairs
	dups    int64
	differ  int64
}

func newDistinct(dir string, meta bool) *distinct {
	d := &distinct{dir: dir, meta: meta}
	size := 24
	if meta {
		size = 40
	}
	d.rows = newSpill(dir, size)
	return d
}

// add takes note of a row. Lines ascend.
func (d *distinct) add(name, meta digest, line int64, kind nameKind) error {
	b := append(d.buf[:0], name[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(line)<<kindBits|uint64(kind))
	if d.meta {
		b = append(b, meta[:]...)
	}
	return d.rows.add(partOf(name[:]), b)
}

// partOf is the partition of a digest: its first bits.
func partOf(sum []byte) int { return int(sum[0])<<(spillBits-8) | int(sum[1])>>(16-spillBits) }

// resolve finds the duplicates among the rows added, whose last line is at most
// lines, and calls duplicate with the line of each, in no order.
//
// The ID of the content is the SHA-256 over the distinct rows' digests in
// ascending order, so that the order of the list does not matter. Rows arrive
// partitioned by the digest's first bits: sorted partitions are a sorted whole.
func (d *distinct) resolve(ctx context.Context, lines int64, duplicate func(line int64)) error {
	d.pairs = newSpill(d.dir, pairSize)
	d.perPart = lines/spillParts + 1
	sum := sha256.New()
	w := bufio.NewWriter(sum) // A hash never fails to write.
	_, _ = w.WriteString("relock list 1\n")
	var rows []row
	for part := range spillParts {
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		if rows, err = d.rows.sorted(part, rows); err != nil {
			return err
		}
		var first *row
		for i := range rows {
			r := &rows[i]
			if first != nil && first.name == r.name {
				duplicate(r.line())
				if err := d.pair(pair{line: r.line(), first: first.line(), differs: r.meta != first.meta}); err != nil {
					return err
				}
				continue
			}
			first = r
			d.targets++
			d.kinds.add(r.kind())
			writeRow(w, r)
		}
	}
	_ = w.Flush()
	sum.Sum(d.id[:0])
	return nil
}

// sorted reads the rows of a partition, sorted, into memory that it may use.
func (s *spill) sorted(part int, into []row) ([]row, error) {
	rows := slices.Grow(into[:0], s.count[part])
	if err := s.each(part, func(b []byte) { rows = append(rows, decodeRow(b)) }); err != nil {
		return nil, err
	}
	slices.SortFunc(rows, compareRows)
	return rows, nil
}

func decodeRow(b []byte) row {
	r := row{
		name:  [2]uint64{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])},
		place: binary.BigEndian.Uint64(b[16:]),
	}
	if len(b) > 24 {
		r.meta = [2]uint64{binary.BigEndian.Uint64(b[24:]), binary.BigEndian.Uint64(b[32:])}
	}
	return r
}

// writeRow puts a distinct row into the content's digest. A row without
// metadata counts the same whether or not other rows have some.
func writeRow(w *bufio.Writer, r *row) {
	b := w.AvailableBuffer()
	b = binary.BigEndian.AppendUint64(b, r.name[0])
	b = binary.BigEndian.AppendUint64(b, r.name[1])
	if r.meta == [2]uint64{} {
		b = append(b, 0)
	} else {
		b = append(b, 1)
		b = binary.BigEndian.AppendUint64(b, r.meta[0])
		b = binary.BigEndian.AppendUint64(b, r.meta[1])
	}
	_, _ = w.Write(b)
}

// What a pair's last byte says.
const (
	pairDiffers byte = 1 << iota
	pairOtherName
)

func (d *distinct) pair(p pair) error {
	b := binary.BigEndian.AppendUint64(d.buf[:0], uint64(p.line))
	b = binary.BigEndian.AppendUint64(b, uint64(p.first))
	d.dups++
	var flags byte
	if p.differs {
		flags |= pairDiffers
		d.differ++
	}
	if p.otherName {
		flags |= pairOtherName
	}
	return d.pairs.add(int(p.line/d.perPart), append(b, flags))
}

// eachPair calls f with the duplicates in the order of the list until f returns
// false.
func (d *distinct) eachPair(f func(pair) (bool, error)) error {
	var pairs []pair
	for part := range spillParts {
		pairs = pairs[:0]
		if err := d.pairs.each(part, func(b []byte) {
			pairs = append(pairs, pair{
				line:      int64(binary.BigEndian.Uint64(b)),
				first:     int64(binary.BigEndian.Uint64(b[8:])),
				differs:   b[16]&pairDiffers != 0,
				otherName: b[16]&pairOtherName != 0,
			})
		}); err != nil {
			return err
		}
		slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(a.line, b.line) })
		for _, p := range pairs {
			if more, err := f(p); !more || err != nil {
				return err
			}
		}
	}
	return nil
}

// close gives up the temporary files.
func (d *distinct) close() error {
	err := d.rows.close()
	if d.pairs != nil {
		err = cmp.Or(err, d.pairs.close())
	}
	return err
}

// lineSet is a set of lines, one bit each.
type lineSet []uint64

func (s *lineSet) add(line int64) {
	i := int(line / 64)
	if i >= len(*s) {
		*s = append(*s, make([]uint64, i+1-len(*s))...)
	}
	(*s)[i] |= 1 << (line % 64)
}

func (s lineSet) has(line int64) bool {
	i := int(line / 64)
	return i < len(s) && s[i]&(1<<(line%64)) != 0
}
