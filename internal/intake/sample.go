package intake

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"relock/internal/job"
)

// sample is a reservoir of rows: each row has the same chance to be in it at the
// end. It draws how many rows it leaves out before the next, so that a row that is
// not taken costs one comparison. Source: algorithm L in K.-H. Li, "Reservoir-
// Sampling Algorithms of Time Complexity O(n(1+log(N/n)))", ACM TOMS 20, 1994.
type sample struct {
	rows []sampled
	size int
	seen int64
	next int64 // the row that is taken next, from 1
	w    float64
}

// sampled is a row of the reservoir: its line over all lists, and its target.
type sampled struct {
	line   int64
	target job.Target
}

// oversample is how many rows are drawn for each that is wanted: those that turn
// out to be duplicates are dropped.
const oversample = 2

func newSample(size int) *sample {
	s := &sample{size: oversample * size, next: 1}
	if size > 0 {
		s.w = root(s.size)
	}
	return s
}

// root is the size-th root of a random number in (0, 1].
func root(size int) float64 { return math.Exp(math.Log(1-rand.Float64()) / float64(size)) }

// take is called for each row; target is asked for only if the row is taken.
func (s *sample) take(line int64, target func() job.Target) {
	if s.size == 0 {
		return
	}
	s.seen++
	if s.seen < s.next {
		return
	}
	if len(s.rows) < s.size {
		s.rows = append(s.rows, sampled{line, target()})
		s.next = s.seen + 1
		if len(s.rows) == s.size {
			s.leap()
		}
		return
	}
	s.rows[rand.IntN(s.size)] = sampled{line, target()}
	s.w *= root(s.size)
	s.leap()
}

// leap draws which row is taken next.
func (s *sample) leap() {
	by := math.Log(1-rand.Float64()) / math.Log1p(-s.w)
	if !(by < maxLeap) { // not a number, either
		by = maxLeap
	}
	s.next = s.seen + int64(by) + 1
}

// maxLeap is beyond any list.
const maxLeap = 1 << 60

// distinct are at most size of the rows that are not left out, in the order of the
// lists. A row and its duplicates have one chance together: the row that is kept.
func (s *sample) distinct(left lineSet) []job.Target {
	rand.Shuffle(len(s.rows), func(i, j int) { s.rows[i], s.rows[j] = s.rows[j], s.rows[i] })
	rows := slices.DeleteFunc(s.rows, func(r sampled) bool { return left.has(r.line) })
	rows = rows[:min(len(rows), s.size/oversample)]
	slices.SortFunc(rows, func(a, b sampled) int { return cmp.Compare(a.line, b.line) })
	targets := make([]job.Target, len(rows))
	for i, r := range rows {
		targets[i] = r.target
	}
	return targets
}
