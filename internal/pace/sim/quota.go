package sim

import "time"

// quota is what the service grants to all callers together. A call that it
// refuses costs nothing. How Cognito's really works is not known (facts.md, 12):
// every model here is a guess, and the pace has to do well with all of them.
type quota interface {
	take(now time.Duration) bool
	setRate(now time.Duration, rate float64)
}

// bucket refills at rate and holds size, full at the start.
type bucket struct {
	rate, size, level float64
	at                time.Duration
}

func newBucket(rate, size float64) *bucket { return &bucket{rate: rate, size: size, level: size} }

func (b *bucket) refill(now time.Duration) {
	b.level = min(b.size, b.level+b.rate*(now-b.at).Seconds())
	b.at = now
}

func (b *bucket) take(now time.Duration) bool {
	b.refill(now)
	if b.level < 1 {
		return false
	}
	b.level--
	return true
}

func (b *bucket) setRate(now time.Duration, rate float64) {
	b.refill(now)
	b.rate = rate
}

// window grants rate × length calls in each window of the clock.
type window struct {
	rate   float64
	length time.Duration
	nth    time.Duration
	used   float64
}

func (w *window) take(now time.Duration) bool {
	if nth := now / w.length; nth != w.nth {
		w.nth, w.used = nth, 0
	}
	if w.used+1 > w.rate*w.length.Seconds() {
		return false
	}
	w.used++
	return true
}

func (w *window) setRate(_ time.Duration, rate float64) { w.rate = rate }
