package report

import (
	"time"

	"relock/internal/job"
)

// widths are those that a curve's buckets may have. Each is a multiple of the one
// before, so that buckets merge without a rest; after the last they double.
var widths = []time.Duration{
	time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second,
	time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	time.Hour, 6 * time.Hour, 24 * time.Hour,
}

func wider(w time.Duration) time.Duration {
	for _, next := range widths {
		if next > w {
			return next
		}
	}
	return 2 * w
}

// curve sorts outcomes into buckets whose width grows with the time that they
// span, for they come in the order of the list. The zero value is empty.
type curve struct {
	width   time.Duration
	buckets map[int64]*Bucket // by the start's distance from 1970, in widths
	lo, hi  int64
}

func (c *curve) add(at time.Time, o job.Outcome) {
	if c.buckets == nil {
		c.width, c.buckets = widths[0], map[int64]*Bucket{}
	}
	i := c.index(at)
	if len(c.buckets) == 0 {
		c.lo, c.hi = i, i
	}
	for lo, hi := min(c.lo, i), max(c.hi, i); hi-lo >= MaxBuckets; lo, hi = min(c.lo, i), max(c.hi, i) {
		c.widen()
		i = c.index(at)
	}
	c.lo, c.hi = min(c.lo, i), max(c.hi, i)
	b := c.buckets[i]
	if b == nil {
		b = &Bucket{}
		c.buckets[i] = b
	}
	switch {
	case o.Succeeded():
		b.Reset++
	case o.Failed():
		b.Failed++
	default:
		b.Other++
	}
}

// index is the number of the bucket of a moment. Times before 1970, which no
// ledger has of itself, count as 1970.
func (c *curve) index(at time.Time) int64 {
	return max(0, at.Unix()) / int64(c.width/time.Second)
}

// widen takes the next width and merges buckets.
func (c *curve) widen() {
	next := wider(c.width)
	k := int64(next / c.width)
	merged := make(map[int64]*Bucket, len(c.buckets))
	for i, b := range c.buckets {
		m := merged[i/k]
		if m == nil {
			m = &Bucket{}
			merged[i/k] = m
		}
		m.Reset, m.Failed, m.Other = m.Reset+b.Reset, m.Failed+b.Failed, m.Other+b.Other
	}
	c.width, c.buckets, c.lo, c.hi = next, merged, c.lo/k, c.hi/k
}

// result is the curve without gaps.
func (c *curve) result() Curve {
	if len(c.buckets) == 0 {
		return Curve{}
	}
	r := Curve{Width: c.width, Buckets: make([]Bucket, 0, c.hi-c.lo+1)}
	for i := c.lo; i <= c.hi; i++ {
		b := Bucket{}
		if found := c.buckets[i]; found != nil {
			b = *found
		}
		b.Start = time.Unix(i*int64(c.width/time.Second), 0).UTC()
		r.Buckets = append(r.Buckets, b)
	}
	return r
}
