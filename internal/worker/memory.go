package worker

import (
	"sync"

	"relock/internal/reset"
)

// memory is what is remembered of messages between two tries, so that a target
// that is given up names the last error, and one that was repeated counts as
// such. It is lost with the process: then a target given up says just that the
// tries are spent; the flag of a repeated one is in the ledger. Its methods may be
// called concurrently.
type memory struct {
	mu sync.Mutex
	m  map[string]remembered // by message ID
}

type remembered struct {
	last     reset.Reply
	repeated bool
}

// maxRemembered bounds the memory: messages that others finish stay in it.
const maxRemembered = 10_000

func (m *memory) change(id string, f func(*remembered)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.m == nil || len(m.m) >= maxRemembered {
		m.m = make(map[string]remembered)
	}
	r := m.m[id]
	f(&r)
	m.m[id] = r
}

func (m *memory) reply(id string, r reset.Reply) {
	r.Err = nil // its text may hold personal data
	m.change(id, func(k *remembered) { k.last = r })
}

func (m *memory) repeated(id string) {
	m.change(id, func(k *remembered) { k.repeated = true })
}

func (m *memory) get(id string) remembered {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.m[id]
}

func (m *memory) drop(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.m, id)
}
