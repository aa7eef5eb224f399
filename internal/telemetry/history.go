package telemetry

import (
	"sync"
	"time"
)

// HistoryEvery is the time between two samples of a History, HistoryFor how far
// back it goes.
const (
	HistoryEvery = time.Second
	HistoryFor   = time.Hour
)

// Flow is how fast one operation goes.
type Flow struct {
	// Pace, Budget and Quota are in calls a second.
	Pace   float64 `json:"pace"`
	Budget float64 `json:"budget"`
	Quota  float64 `json:"quota"`
	// Calls and Throttled count since the worker started, every attempt.
	Calls     uint64 `json:"calls"`
	Throttled uint64 `json:"throttled"`
}

// Sample is a worker at one moment.
type Sample struct {
	At       time.Time `json:"at"`
	Resets   Flow      `json:"resets"`
	SignOuts Flow      `json:"sign_outs"`
	// Done, Failed and Pending are targets of the jobs that the run is about, as
	// the ledger counts them, at most two seconds old. Failed is a part of Done.
	Done    int64 `json:"done"`
	Failed  int64 `json:"failed"`
	Pending int64 `json:"pending"`
	// SignOutsPending are the targets with an outcome whose sessions are not ended
	// yet, SignOutsFailed those whose sessions could not be.
	SignOutsPending int64 `json:"sign_outs_pending"`
	SignOutsFailed  int64 `json:"sign_outs_failed"`
}

// History is the samples of the last hour, one a second; older ones are forgotten.
// The zero value is empty and ready to use. Its methods may be called
// concurrently.
type History struct {
	mu   sync.Mutex
	ring []Sample
	next int // where the next sample goes once the ring is full
}

// Add appends a sample, which has to be later than the one before.
func (h *History) Add(s Sample) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.ring) < int(HistoryFor/HistoryEvery) {
		h.ring = append(h.ring, s)
		return
	}
	h.ring[h.next] = s
	h.next = (h.next + 1) % len(h.ring)
}

// Snapshot returns the samples, the oldest first; the caller may keep them.
func (h *History) Snapshot() []Sample {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := make([]Sample, 0, len(h.ring))
	return append(append(s, h.ring[h.next:]...), h.ring[:h.next]...)
}
