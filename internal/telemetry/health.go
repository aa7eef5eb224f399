package telemetry

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Stall is how long a loop may be silent before it counts as dead. The longest
// silence of a living loop is a long poll of 20 s behind a back-off of 30 s, or
// an idle minute.
const Stall = 3 * time.Minute

// Health answers an orchestrator. Alive is about the loops of the process,
// whatever AWS does, for a restart mends only those; ready is about whether work
// can be done. All methods may be called concurrently.
type Health struct {
	mu       sync.Mutex
	beats    map[string]time.Time
	notReady map[string]bool
}

// NewHealth is alive, and not ready for the reason "starting".
func NewHealth() *Health {
	return &Health{beats: map[string]time.Time{}, notReady: map[string]bool{"starting": true}}
}

// Beat says that a loop is alive. A loop is watched from its first beat on.
func (h *Health) Beat(loop string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.beats[loop] = time.Now()
}

// Ended says that a loop has ended on purpose.
func (h *Health) Ended(loop string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.beats, loop)
}

// SetReady sets or clears one reason for which no work can be done.
func (h *Health) SetReady(reason string, ready bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if ready {
		delete(h.notReady, reason)
	} else {
		h.notReady[reason] = true
	}
}

// Stalled lists the loops that have been silent for too long.
func (h *Health) Stalled() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var dead []string
	for loop, at := range h.beats {
		if time.Since(at) > Stall {
			dead = append(dead, loop)
		}
	}
	slices.Sort(dead)
	return dead
}

// NotReady lists the reasons for which no work can be done.
func (h *Health) NotReady() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	reasons := make([]string, 0, len(h.notReady))
	for r := range h.notReady {
		reasons = append(reasons, r)
	}
	slices.Sort(reasons)
	return reasons
}

func (h *Health) serveAlive(w http.ResponseWriter, _ *http.Request) {
	answer(w, "stalled", h.Stalled())
}

func (h *Health) serveReady(w http.ResponseWriter, _ *http.Request) {
	answer(w, "not_ready", h.NotReady())
}

// answer is 200 where nothing is wrong, else 503 with what is.
func answer(w http.ResponseWriter, name string, wrong []string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	body := map[string]any{"ok": len(wrong) == 0}
	if len(wrong) > 0 {
		body[name] = wrong
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	// The client may be gone; there is nobody else to tell.
	_ = json.NewEncoder(w).Encode(body)
}
