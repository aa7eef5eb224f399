package queuetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"relock/internal/queue"
)

// modelMessage is a message as the model has it.
type modelMessage struct {
	due      time.Time // when it becomes visible
	received time.Time
	receives int
	id       string
	handle   string // of the last receive
	gone     bool
}

// model is a queue of few words. Which of the visible messages a receive picks
// is left open.
type model struct {
	e        *Env
	messages map[string]*modelMessage // by body
	handles  []string                 // all that were ever given out
	sent     int
}

func (m *model) visible() (n int) {
	for _, x := range m.messages {
		if !x.gone && !x.due.After(time.Now()) {
			n++
		}
	}
	return n
}

func (m *model) byHandle(h string) *modelMessage {
	for _, x := range m.messages {
		if x.handle == h && !x.gone {
			return x
		}
	}
	return nil
}

// property plays random histories to a queue on a bubble's clock, and checks
// every answer against the model.
func property(t *testing.T, e *Env) {
	n := 0
	rapid.Check(noDeadline{t}, func(t *rapid.T) {
		m := &model{e: e, messages: make(map[string]*modelMessage)}
		n++
		t.Repeat(map[string]func(*rapid.T){
			"send": func(t *rapid.T) {
				for range rapid.IntRange(1, 4).Draw(t, "n") {
					body := fmt.Sprintf("%d-%d", n, m.sent)
					m.sent++
					e.send(t, body)
					m.messages[body] = &modelMessage{due: time.Now()}
				}
			},
			"wait":    func(t *rapid.T) { time.Sleep(time.Duration(rapid.IntRange(1, 4000).Draw(t, "ms")) * time.Millisecond) },
			"receive": m.receive,
			"delete":  m.delete,
			"change":  m.change,
			"": func(t *rapid.T) {
				d, err := e.Other.Depth(t.Context())
				left := 0
				for _, x := range m.messages {
					if !x.gone {
						left++
					}
				}
				if want := (queue.Depth{Visible: int64(m.visible()), InFlight: int64(left - m.visible())}); err != nil || d != want {
					t.Fatalf("depth %+v, error %v, want %+v", d, err, want)
				}
			},
		})
		m.drain(t)
	})
}

// noDeadline hides the deadline of a test, which must not be asked for in a
// bubble.
type noDeadline struct{ rapid.TB }

// transport takes the two handles at random.
func (m *model) transport(t *rapid.T) queue.Transport {
	if rapid.Bool().Draw(t, "other") {
		return m.e.Other
	}
	return m.e.T
}

func (m *model) receive(t *rapid.T) {
	most := rapid.IntRange(1, 4).Draw(t, "max")
	visibility := time.Duration(rapid.IntRange(1, 5).Draw(t, "visibility")) * m.e.Unit
	m.take(t, m.transport(t), most, visibility)
}

func (m *model) take(t *rapid.T, q queue.Transport, most int, visibility time.Duration) {
	t.Helper()
	want := min(most, m.visible())
	ds, err := q.Receive(t.Context(), most, 0, visibility)
	if err != nil || len(ds) != want {
		t.Fatalf("received %d, error %v, want %d", len(ds), err, want)
	}
	for _, d := range ds {
		x := m.messages[string(d.Body)]
		if x == nil || x.gone || x.due.After(time.Now()) {
			t.Fatalf("message %q is not visible", d.Body)
		}
		x.receives++
		x.received, x.due = time.Now(), time.Now().Add(visibility)
		if x.id == "" {
			x.id = d.ID
		}
		if d.Receives != x.receives || d.ID != x.id || m.known(d.Handle) {
			t.Fatalf("message %q: received %d times, want %d; ID %q, want %q; its handle is new: %v",
				d.Body, d.Receives, x.receives, d.ID, x.id, !m.known(d.Handle))
		}
		x.handle = d.Handle
		m.handles = append(m.handles, d.Handle)
	}
}

func (m *model) known(handle string) bool {
	return slices.Contains(m.handles, handle)
}

func (m *model) anyHandle(t *rapid.T) string {
	if len(m.handles) == 0 {
		t.Skip("no handles yet")
	}
	return rapid.SampledFrom(m.handles).Draw(t, "handle")
}

// delete uses any handle. One that is not the last may answer what it likes, as
// in SQS, but does nothing.
func (m *model) delete(t *rapid.T) {
	h := m.anyHandle(t)
	errs, err := m.transport(t).Delete(t.Context(), []string{h})
	if err != nil || len(errs) != 1 {
		t.Fatalf("deleting: %v, %v", errs, err)
	}
	x := m.byHandle(h)
	switch {
	case x == nil:
		if errs[0] != nil && !errors.Is(errs[0], queue.ErrStale) {
			t.Fatalf("deleting with an old handle: %v", errs[0])
		}
	case errs[0] == nil:
		x.gone = true
	case !errors.Is(errs[0], queue.ErrStale) || x.due.After(time.Now()):
		t.Fatalf("deleting: %v", errs[0])
	}
}

func (m *model) change(t *rapid.T) {
	h := m.anyHandle(t)
	timeout := time.Duration(rapid.IntRange(0, 5).Draw(t, "timeout")) * m.e.Unit
	errs, err := m.transport(t).ChangeVisibility(t.Context(), []queue.Visibility{{Handle: h, Timeout: timeout}})
	if err != nil || len(errs) != 1 {
		t.Fatalf("changing the visibility: %v, %v", errs, err)
	}
	x := m.byHandle(h)
	if x == nil || !x.due.After(time.Now()) {
		if !errors.Is(errs[0], queue.ErrStale) {
			t.Fatalf("changing the visibility with a stale handle: %v", errs[0])
		}
		return
	}
	if errs[0] != nil {
		t.Fatalf("changing the visibility: %v", errs[0])
	}
	x.due = time.Now().Add(timeout)
}

// drain empties the queue for the next history: everything comes, to the last.
func (m *model) drain(t *rapid.T) {
	time.Sleep(10 * m.e.Unit)
	for m.visible() > 0 {
		m.take(t, m.e.T, queue.MaxBatch, m.e.Unit)
		for _, x := range m.messages {
			if !x.gone && x.due.After(time.Now()) {
				errs, err := m.e.T.Delete(t.Context(), []string{x.handle})
				check(t, "deleting", 1, errs, err)
				x.gone = true
			}
		}
	}
}
