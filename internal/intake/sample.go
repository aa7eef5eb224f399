package intake

import (
	"cmp"
	"hash/maphash"
	"math"
	"slices"

	"relock/internal/job"
)

// sample draws targets at random: those whose names have the least hashes under a
// seed of its own. Each distinct name has the same chance, however often the list
// repeats it, and a row that is not taken costs one hash and one comparison.
type sample struct {
	seed maphash.Seed
	size int
	// rows are up to twice size; none beyond bound can be among the least.
	rows  []sampled
	bound uint64
}

// sampled is a row that is drawn: its name's hash, its line over all lists, and its
// target.
type sampled struct {
	hash   uint64
	line   int64
	target job.Target
}

func newSample(size int) *sample {
	return &sample{seed: maphash.MakeSeed(), size: size, bound: math.MaxUint64}
}

// take is called for each row; target is called only if the row is taken.
func (s *sample) take(name string, line int64, target func() job.Target) {
	if s.size == 0 {
		return
	}
	h := maphash.String(s.seed, name)
	if h > s.bound {
		return
	}
	s.rows = append(s.rows, sampled{h, line, target()})
	if len(s.rows) == 2*s.size {
		s.cut()
	}
}

// cut keeps the first row of each name, and the size least.
func (s *sample) cut() {
	slices.SortFunc(s.rows, func(a, b sampled) int { return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.line, b.line)) })
	s.rows = slices.CompactFunc(s.rows, func(a, b sampled) bool { return a.hash == b.hash })
	if s.size > 0 && len(s.rows) >= s.size {
		s.rows = s.rows[:s.size]
		s.bound = s.rows[s.size-1].hash
	}
}

// drawn are the rows drawn that are not left out, in list order.
func (s *sample) drawn(left lineSet) []sampled {
	s.cut()
	rows := slices.DeleteFunc(slices.Clone(s.rows), func(r sampled) bool { return left.has(r.line) })
	slices.SortFunc(rows, func(a, b sampled) int { return cmp.Compare(a.line, b.line) })
	return rows
}
