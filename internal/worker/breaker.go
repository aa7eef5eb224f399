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
	ring  [breakerWindow]fate
	n     int // users seen since the last reset
	count map[fate]int
	mute  int // calls in a row without a usable answer
}

// fate is what became of one user: success, or a failure and which. A failure may
// have no name, as a sign-out that was never answered, and is no success for that.
type fate struct {
	failed bool
	how    string
}

func newBreaker(share float64) *breaker {
	return &breaker{share: share, count: make(map[fate]int)}
}

func (b *breaker) add(f fate) {
	i := b.n % breakerWindow
	if b.n >= breakerWindow {
		old := b.ring[i]
		if b.count[old]--; b.count[old] == 0 {
			delete(b.count, old) // a server may make up any number of codes
		}
	}
	b.ring[i] = f
	b.count[f]++
	b.n++
}

// succeeded notes a user without a failure.
func (b *breaker) succeeded() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.add(fate{})
}

// failed notes how a user failed, and reports whether most users did so by now.
func (b *breaker) failed(how string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := fate{failed: true, how: how}
	b.add(f)
	return b.share > 0 && b.n >= breakerWindow && float64(b.count[f]) >= b.share*breakerWindow
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

// breakers are those of all stages: a halt that ends clears them all.
func (w *Worker) breakers() []*breaker { return []*breaker{w.breaker, w.signOuts.breaker} }

// sameFailure notes a failure, and halts if it is most users'.
func (w *Worker) sameFailure(o job.Outcome) {
	if w.breaker.failed(string(o)) {
		w.halts.trip(job.HaltSameFailure, string(o), nil)
	}
}
