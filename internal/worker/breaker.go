package worker

import (
	"sync"

	"relock/internal/job"
)

const (
	// breakerWindow is the number of last users that are looked at.
	breakerWindow = 50
	// breakerUnanswered is the number of calls in a row without a usable answer
	// after which Cognito counts as unavailable.
	breakerUnanswered = 20
)

// breaker notices what is not the fault of one user: most of the last users
// failed in the same way, or nobody answers any more. Its methods may be called
// concurrently.
type breaker struct {
	share float64

	mu    sync.Mutex
	ring  [breakerWindow]job.Outcome // empty for a success
	n     int                        // users seen since the last reset
	count map[job.Outcome]int
	mute  int // calls in a row without a usable answer
}

func newBreaker(share float64) *breaker {
	return &breaker{share: share, count: make(map[job.Outcome]int)}
}

func (b *breaker) add(o job.Outcome) {
	i := b.n % breakerWindow
	if b.n >= breakerWindow {
		b.count[b.ring[i]]--
	}
	b.ring[i] = o
	b.count[o]++
	b.n++
}

// succeeded notes a user without a failure.
func (b *breaker) succeeded() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.add("")
}

// failed notes a user's failure and reports whether it is most users' by now.
func (b *breaker) failed(o job.Outcome) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.add(o)
	return b.share > 0 && b.n >= breakerWindow && float64(b.count[o]) >= b.share*breakerWindow
}

// answered notes a call with a usable answer, unanswered one without, and how
// many those are in a row.
func (b *breaker) answered() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mute = 0
}

func (b *breaker) unanswered() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mute++
	return b.mute
}

// reset forgets everything, after a halt.
func (b *breaker) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.n, b.mute = 0, 0
	clear(b.count)
}

// sameFailure notes a failure, and halts if it is most users'.
func (w *Worker) sameFailure(o job.Outcome) {
	if w.breaker.failed(o) {
		w.halts.trip(job.HaltSameFailure, string(o), nil)
	}
}
