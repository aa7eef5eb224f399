package cli

import (
	"io"
	"sync"
	"time"
)

// noteEvery is how often somebody who waits is told how far it is.
const noteEvery = 5 * time.Second

// notes tell somebody who waits how far it is. Its methods may be called
// concurrently.
type notes struct {
	w    io.Writer
	text string // a format with one number

	mu   sync.Mutex
	n    int64
	last time.Time
}

func newNotes(w io.Writer, text string) *notes { return &notes{w: w, text: text, last: time.Now()} }

// add counts n more, and says so now and then.
func (p *notes) add(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n += int64(n)
	if now := time.Now(); now.Sub(p.last) >= noteEvery {
		p.last = now
		say(p.w, p.text+"\n", p.n)
	}
}
