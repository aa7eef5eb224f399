package queuetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"relock/internal/queue"
)

// Cases lists the tests of the suite.
func Cases() []Case {
	return []Case{
		{Name: "a message comes as it was sent", Run: asSent},
		{Name: "each message comes once while it is invisible", Run: onceEach},
		{Name: "a batch is at most what was asked for", Run: atMost},
		{Name: "what is deleted does not come again", Run: deleted},
		{Name: "what is not deleted comes again, and is counted", Run: comesAgain},
		{Name: "visibility is set ahead", Run: setAhead},
		{Name: "visibility is set back", Run: setBack},
		{Name: "handing back is at once", Run: handBack},
		{Name: "handles go stale", Run: stale},
		{Name: "an old handle does not touch a new delivery", Run: oldHandle},
		{Name: "a batch answers entry by entry", Run: mixedBatch},
		{Name: "a long poll ends with the first message", Run: longPoll},
		{Name: "a long poll sees what becomes visible", Run: longPollVisible},
		{Name: "a long poll ends with nothing, and without an error", Run: longPollEmpty},
		{Name: "a long poll ends with its context", Run: longPollCancelled},
		{Name: "a message received too often is a dead letter", MaxReceives: 2, Run: receivedTooOften},
		{Name: "a dead letter on purpose", Run: deadLetter},
		{Name: "depth counts", Run: depths},
		{Name: "many consumers share the messages", Run: manyConsumers},
	}
}

func asSent(t T, e *Env) {
	sent := []string{
		`{"v":1}`, "ünï ユーザー \U0001F600", `quotes " and \ and 'single'`, "line\nbreak\ttab",
		"x", strings.Repeat("long ", 3000), "{}", "=1+1",
	}
	if e.lenient[NarrowText] {
		sent[1] = "ünï ユーザー"
	}
	before := time.Now()
	e.send(t, sent...)
	var got []string
	ids, handles := make(map[string]bool), make(map[string]bool)
	for _, d := range e.receive(t, len(sent), 20*e.Unit) {
		got = append(got, string(d.Body))
		ids[d.ID], handles[d.Handle] = true, true
		if d.Receives != 1 || d.Corrupt || d.ID == "" || d.Handle == "" {
			t.Errorf("received %d times, corrupt %v, ID %q, handle %q", d.Receives, d.Corrupt, d.ID, d.Handle)
		}
		if age := d.Sent.Sub(before); age < -time.Minute || age > time.Minute {
			t.Errorf("sent %v after the call", age)
		}
	}
	slices.Sort(sent)
	slices.Sort(got)
	if !slices.Equal(sent, got) {
		t.Errorf("got %q, want %q", got, sent)
	}
	if len(ids) != len(sent) || len(handles) != len(sent) {
		t.Errorf("%d IDs and %d handles for %d messages", len(ids), len(handles), len(sent))
	}
}

func onceEach(t T, e *Env) {
	const n = 35
	e.send(t, bodies(n)...)
	seen := make(map[string]bool)
	for _, d := range e.receive(t, n, 20*e.Unit) {
		if seen[d.ID] {
			t.Errorf("%s came twice", d.Body)
		}
		seen[d.ID] = true
	}
	e.nothing(t, "with all in flight")
}

func atMost(t T, e *Env) {
	e.send(t, bodies(20)...)
	for _, max := range []int{1, 3, queue.MaxBatch} {
		ds, err := e.T.Receive(t.Context(), max, e.Unit, 20*e.Unit)
		if err != nil || len(ds) == 0 || len(ds) > max {
			t.Errorf("asked for %d: %d messages, error %v", max, len(ds), err)
		}
	}
}

func deleted(t T, e *Env) {
	e.send(t, bodies(12)...)
	e.remove(t, e.receive(t, 12, 2*e.Unit)...)
	e.depth(t, queue.Depth{})
	e.sleep(3)
	e.nothing(t, "after the visibility")
}

func comesAgain(t T, e *Env) {
	e.send(t, "m")
	first := e.receive(t, 1, 2*e.Unit)[0]
	for want := 2; want <= 3; want++ {
		e.nothing(t, "in flight")
		e.sleep(2)
		again := e.receive(t, 1, 2*e.Unit)[0]
		if again.ID != first.ID || again.Handle == first.Handle || again.Receives != want || string(again.Body) != "m" {
			t.Errorf("ID %q, then %q; handle %q, then %q; received %d times, want %d",
				first.ID, again.ID, first.Handle, again.Handle, again.Receives, want)
		}
		if !again.Sent.Equal(first.Sent) {
			t.Errorf("sent at %v, then at %v", first.Sent, again.Sent)
		}
		first = again
	}
	e.remove(t, first)
}

func setAhead(t T, e *Env) {
	e.send(t, "m")
	d := e.receive(t, 1, 2*e.Unit)[0]
	if err := e.change(t, d.Handle, 6*e.Unit); err != nil {
		t.Fatalf("setting ahead: %v", err)
	}
	e.sleep(3)
	e.nothing(t, "past the first visibility")
	e.remove(t, d) // the handle is still good
	e.sleep(4)
	e.nothing(t, "after the delete")
}

func setBack(t T, e *Env) {
	e.send(t, "m")
	d := e.receive(t, 1, 60*e.Unit)[0]
	if err := e.change(t, d.Handle, 2*e.Unit); err != nil {
		t.Fatalf("setting back: %v", err)
	}
	e.nothing(t, "before it is over")
	e.sleep(2)
	if again := e.receive(t, 1, 2*e.Unit)[0]; again.Receives != 2 {
		t.Errorf("received %d times", again.Receives)
	}
}

func handBack(t T, e *Env) {
	e.send(t, bodies(2)...)
	ds := e.receive(t, 2, 60*e.Unit)
	for _, d := range ds {
		if err := e.change(t, d.Handle, 0); err != nil {
			t.Fatalf("handing back: %v", err)
		}
	}
	for _, d := range e.receive(t, 2, 60*e.Unit) {
		if d.Receives != 2 {
			t.Errorf("received %d times", d.Receives)
		}
	}
}

func stale(t T, e *Env) {
	want := func(what string, l Leniency, err error) {
		t.Helper()
		if !errors.Is(err, queue.ErrStale) && !e.lenient[l] {
			t.Errorf("%s: %v, want ErrStale", what, err)
		}
	}
	e.send(t, bodies(2)...)
	ds := e.receive(t, 2, e.Unit)
	e.remove(t, ds[0])
	want("a deleted message", DeletedChanges, e.change(t, ds[0].Handle, e.Unit))
	e.sleep(1.5)
	want("a message whose visibility ran out", StaleChanges, e.change(t, ds[1].Handle, e.Unit))
	want("no handle at all", GarbageHandles, e.change(t, "garbage", e.Unit))
	errs, err := e.T.Delete(t.Context(), []string{"garbage"})
	if len(errs) == 1 {
		err = errs[0]
	}
	want("deleting with no handle at all", GarbageHandles, err)
}

// oldHandle lets one consumer be too slow. In SQS the delete of an old handle
// "succeeds", so its answer says nothing; what counts is the message.
func oldHandle(t T, e *Env) {
	e.send(t, "m")
	slow := e.receive(t, 1, e.Unit)[0]
	e.sleep(1)
	quick := e.receive(t, 1, 3*e.Unit)[0]
	errs, err := e.Other.Delete(t.Context(), []string{slow.Handle})
	if err != nil || len(errs) != 1 || errs[0] != nil && !errors.Is(errs[0], queue.ErrStale) {
		t.Fatalf("deleting with the old handle: %v, %v", errs, err)
	}
	if e.lenient[OldHandlesWork] {
		return
	}
	e.sleep(3)
	again := e.receive(t, 1, 2*e.Unit)[0]
	if again.ID != quick.ID {
		t.Errorf("another message came")
	}
	e.remove(t, again)
}

func mixedBatch(t T, e *Env) {
	if e.lenient[GarbageHandles] {
		return
	}
	e.send(t, bodies(3)...)
	ds := e.receive(t, 3, 20*e.Unit)
	changes := []queue.Visibility{
		{Handle: "garbage", Timeout: e.Unit}, {Handle: ds[0].Handle, Timeout: 30 * e.Unit},
		{Handle: "garbage too", Timeout: e.Unit}, {Handle: ds[1].Handle, Timeout: 0},
	}
	errs, err := e.T.ChangeVisibility(t.Context(), changes)
	if err != nil || len(errs) != 4 || !errors.Is(errs[0], queue.ErrStale) || errs[1] != nil || !errors.Is(errs[2], queue.ErrStale) || errs[3] != nil {
		t.Fatalf("changing: %v, %v", errs, err)
	}
	back := e.receive(t, 1, 20*e.Unit)[0]
	if back.ID != ds[1].ID {
		t.Errorf("the wrong message was handed back")
	}
	errs, err = e.T.Delete(t.Context(), []string{ds[0].Handle, "garbage", ds[2].Handle, back.Handle})
	if err != nil || len(errs) != 4 || errs[0] != nil || !errors.Is(errs[1], queue.ErrStale) || errs[2] != nil || errs[3] != nil {
		t.Fatalf("deleting: %v, %v", errs, err)
	}
	e.depth(t, queue.Depth{})
}

// poll receives in a goroutine and tells what came, and how long it took.
func (e *Env) poll(ctx context.Context, wait time.Duration) <-chan polled {
	answer := make(chan polled, 1)
	go func() {
		start := time.Now()
		ds, err := e.T.Receive(ctx, queue.MaxBatch, wait, 20*e.Unit)
		answer <- polled{ds, err, time.Since(start)}
	}()
	return answer
}

type polled struct {
	ds   []queue.Delivery
	err  error
	took time.Duration
}

func longPoll(t T, e *Env) {
	answer := e.poll(t.Context(), 8*e.Unit)
	e.sleep(1)
	e.send(t, "m")
	if p := <-answer; p.err != nil || len(p.ds) != 1 || p.took > 4*e.Unit {
		t.Errorf("%d messages after %v, error %v", len(p.ds), p.took, p.err)
	}
}

func longPollVisible(t T, e *Env) {
	e.send(t, "m")
	e.receive(t, 1, 2*e.Unit)
	if p := <-e.poll(t.Context(), 8*e.Unit); p.err != nil || len(p.ds) != 1 || p.took > 5*e.Unit {
		t.Errorf("%d messages after %v, error %v", len(p.ds), p.took, p.err)
	}
}

func longPollEmpty(t T, e *Env) {
	p := <-e.poll(t.Context(), 2*e.Unit)
	if p.err != nil || len(p.ds) != 0 || p.took < 2*e.Unit-e.Unit/4 || p.took > 5*e.Unit {
		t.Errorf("%d messages after %v, error %v, want none after %v", len(p.ds), p.took, p.err, 2*e.Unit)
	}
}

func longPollCancelled(t T, e *Env) {
	ctx, cancel := context.WithCancel(t.Context())
	answer := e.poll(ctx, 15*e.Unit)
	e.sleep(1)
	cancel()
	if p := <-answer; !errors.Is(p.err, context.Canceled) || p.took > 4*e.Unit {
		t.Errorf("%d messages after %v, error %v", len(p.ds), p.took, p.err)
	}
	if e.lenient[LostPolls] {
		return
	}
	e.sleep(1) // the server may not know yet
	e.send(t, "m")
	e.receive(t, 1, e.Unit)
}

func receivedTooOften(t T, e *Env) {
	e.send(t, "bad", "good")
	for range 2 {
		for _, d := range e.receive(t, 2, e.Unit) {
			if string(d.Body) == "good" {
				// It comes back as well, but it is not received a third time.
				if d.Receives == 2 {
					e.remove(t, d)
				}
			}
		}
		e.sleep(1)
	}
	p := <-e.poll(t.Context(), 2*e.Unit)
	if p.err != nil || len(p.ds) != 0 {
		t.Errorf("%d messages came a third time, error %v", len(p.ds), p.err)
	}
	e.depth(t, queue.Depth{})
	e.dead(t, "bad")
}

// dead fails the case unless the dead letters are these.
func (e *Env) dead(t T, want ...string) {
	t.Helper()
	if e.Dead == nil {
		return
	}
	got, err := e.Dead(t.Context())
	slices.Sort(got)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("the dead letters are %q, error %v, want %q", got, err, want)
	}
}

func deadLetter(t T, e *Env) {
	e.send(t, bodies(3)...)
	ds := e.receive(t, 3, 2*e.Unit)
	if err := e.T.DeadLetter(t.Context(), ds[1]); err != nil {
		t.Fatalf("moving: %v", err)
	}
	e.remove(t, ds[0], ds[2])
	e.depth(t, queue.Depth{})
	e.sleep(2)
	e.nothing(t, "after the visibility")
	e.dead(t, string(ds[1].Body))
}

func depths(t T, e *Env) {
	e.depth(t, queue.Depth{})
	e.send(t, bodies(5)...)
	e.depth(t, queue.Depth{Visible: 5})
	ds := e.receive(t, 3, 3*e.Unit)
	e.depth(t, queue.Depth{Visible: 2, InFlight: 3})
	e.remove(t, ds[0])
	e.depth(t, queue.Depth{Visible: 2, InFlight: 2})
	if err := e.change(t, ds[1].Handle, 0); err != nil {
		t.Fatalf("handing back: %v", err)
	}
	e.depth(t, queue.Depth{Visible: 3, InFlight: 1})
	e.sleep(3)
	e.depth(t, queue.Depth{Visible: 4})
}

func manyConsumers(t T, e *Env) {
	const n, consumers = 200, 8
	e.send(t, bodies(n)...)
	var mu sync.Mutex
	seen := make(map[string]int)
	var wg sync.WaitGroup
	for i := range consumers {
		q := e.T
		if i%2 == 1 {
			q = e.Other
		}
		wg.Go(func() {
			for {
				ds, err := q.Receive(t.Context(), 7, e.Unit, 60*e.Unit)
				if err != nil {
					t.Errorf("receiving: %v", err)
					return
				}
				if len(ds) == 0 {
					return
				}
				var handles []string
				mu.Lock()
				for _, d := range ds {
					seen[string(d.Body)]++
					handles = append(handles, d.Handle)
				}
				mu.Unlock()
				errs, err := q.Delete(t.Context(), handles)
				if err := errors.Join(append(errs, err)...); err != nil {
					t.Errorf("deleting: %v", err)
				}
			}
		})
	}
	wg.Wait()
	for body, times := range seen {
		if times != 1 && !e.lenient[Duplicates] {
			t.Errorf("%s came %d times", body, times)
		}
	}
	if len(seen) != n {
		t.Errorf("%d messages came, want %d", len(seen), n)
	}
	e.depth(t, queue.Depth{})
}
