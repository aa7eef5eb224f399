package pace

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// drive is a dispatcher with a goroutine a call, for d, and returns when the
// calls began. latency and result are asked as each call begins.
func drive(t *testing.T, p *Pacer, d time.Duration, latency func(i int) time.Duration, result func(i int) Result) []time.Time {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	var wg sync.WaitGroup
	defer wg.Wait()
	var begun []time.Time
	for i := 0; ; i++ {
		if err := p.Wait(ctx); err != nil {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("Wait: %v", err)
			}
			return begun
		}
		begun = append(begun, time.Now())
		c := p.Begin()
		l, r := latency(i), result(i)
		wg.Go(func() {
			time.Sleep(l)
			c.Done(r)
		})
	}
}

func always[T any](v T) func(int) T { return func(int) T { return v } }

func mustNew(t *testing.T, c Config) *Pacer {
	t.Helper()
	p, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// leastIn10s is the smallest number of calls in a window of ten seconds after
// the first second.
func leastIn10s(start time.Time, d time.Duration, begun []time.Time) int {
	least := len(begun)
	for from := start.Add(time.Second); from.Add(10*time.Second).Sub(start) <= d; from = from.Add(50 * time.Millisecond) {
		n := 0
		for _, b := range begun {
			if !b.Before(from) && b.Before(from.Add(10*time.Second)) {
				n++
			}
		}
		least = min(least, n)
	}
	return least
}

func TestAloneUsesTheBudget(t *testing.T) {
	for _, tc := range []struct {
		name    string
		latency func(int) time.Duration
	}{
		{"100 ms", always(100 * time.Millisecond)},
		{"2 s", always(2 * time.Second)},
		{"turns from 100 ms to 2 s", func(i int) time.Duration {
			if i < 240 {
				return 100 * time.Millisecond
			}
			return 2 * time.Second
		}},
		{"one in ten takes 5 s", func(i int) time.Duration {
			if i%10 == 3 {
				return 5 * time.Second
			}
			return 80 * time.Millisecond
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := mustNew(t, Config{Quota: 30, Budget: 24})
				start, d := time.Now(), 40*time.Second
				begun := drive(t, p, d, tc.latency, always(OK))
				if got := leastIn10s(start, d, begun); got < 238 {
					t.Errorf("%d calls in a window of 10 s, want at least 99 %% of 240", got)
				}
				if got, most := len(begun), 24*40+1; got > most {
					t.Errorf("%d calls in 40 s, want at most %d", got, most)
				}
			})
		})
	}
}

// A lower pace has to hold from the next call on, though 64 calls are in flight
// and the dispatcher waits already.
func TestLowerPaceHoldsFromTheNextCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := mustNew(t, Config{Quota: 30, Budget: 30})
		var calls []*Call
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for range 64 {
			if err := p.Wait(ctx); err != nil {
				t.Fatal(err)
			}
			calls = append(calls, p.Begin())
		}
		next := make(chan time.Time)
		go func() {
			for range 2 {
				if p.Wait(t.Context()) == nil {
					p.Begin()
				}
				next <- time.Now()
			}
		}()
		synctest.Wait()
		lowered := time.Now()
		if err := p.SetBudget(1, 30); err != nil {
			t.Fatal(err)
		}
		first := <-next
		second := <-next
		if got := first.Sub(lowered); got < 900*time.Millisecond {
			t.Errorf("the waiting call began %v after the pace was lowered to 1, want about a second", got)
		}
		if got := second.Sub(first); got < 990*time.Millisecond {
			t.Errorf("the call after it began %v later, want a second", got)
		}
		for _, c := range calls {
			c.Done(OK)
		}
	})
}

func TestThrottleIsFeltByTheWaitingDispatcher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := mustNew(t, Config{Quota: 30, Budget: 30})
		if err := p.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		c := p.Begin()
		time.Sleep(20 * time.Millisecond)
		done := make(chan time.Time)
		go func() {
			_ = p.Wait(t.Context())
			done <- time.Now()
		}()
		synctest.Wait()
		at := time.Now()
		c.Done(Throttled)
		pause := Learning{}.withDefaults().Pause
		if got := (<-done).Sub(at); got < pause || got > pause+100*time.Millisecond {
			t.Errorf("the dispatcher went on after %v, want the pause of %v", got, pause)
		}
	})
}

// A burst of throttles within a round trip is one message, not many.
func TestOnceARoundTrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := mustNew(t, Config{Quota: 30, Budget: 30})
		var calls []*Call
		for range 10 {
			_ = p.Wait(t.Context())
			calls = append(calls, p.Begin())
		}
		time.Sleep(time.Millisecond)
		calls[0].Done(Throttled)
		after := p.Snapshot()
		if after.Pace >= 30 {
			t.Fatalf("the pace is %v after a throttle", after.Pace)
		}
		for _, c := range calls[1:] {
			c.Done(Throttled)
		}
		if got := p.Snapshot(); got.Pace != after.Pace || got.Throttles != 10 {
			t.Errorf("pace %v and %d throttles, want %v and 10", got.Pace, got.Throttles, after.Pace)
		}
		time.Sleep(2 * time.Second)
		c := p.Begin()
		time.Sleep(100 * time.Millisecond)
		c.Done(Throttled)
		if got := p.Snapshot(); got.Pace >= after.Pace {
			t.Errorf("the pace is %v after a throttle of a later call, want under %v", got.Pace, after.Pace)
		}
	})
}

func TestDoneCountsOnce(t *testing.T) {
	p := mustNew(t, Config{Quota: 30, Budget: 30})
	c := p.Begin()
	c.Done(OK)
	c.Done(Throttled)
	if s := p.Snapshot(); s.InFlight != 0 || s.Throttles != 0 || s.Calls != 1 {
		t.Errorf("got %+v", s)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := mustNew(t, Config{Quota: 1, Budget: 0.1})
		_ = p.Wait(t.Context())
		start := time.Now()
		stop := errors.New("stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		for range 2 { // the second waits for its turn
			go func() {
				if err := p.Wait(ctx); !errors.Is(err, stop) {
					t.Errorf("Wait: %v, want the cause", err)
				}
			}()
		}
		time.Sleep(3 * time.Second)
		cancel(stop)
		synctest.Wait()
		// The reservation was given back: the token is due ten seconds after
		// the first, not twenty.
		if err := p.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := time.Since(start).Round(time.Millisecond); got != 10*time.Second {
			t.Errorf("the next token came after %v, want 10s", got)
		}
	})
}

func TestInFlightIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := mustNew(t, Config{Quota: 30, Budget: 30, MaxInFlight: 40})
		var calls []*Call
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for p.Wait(ctx) == nil {
			calls = append(calls, p.Begin())
		}
		if len(calls) != 40 {
			t.Fatalf("%d calls in flight though none ended, want 40", len(calls))
		}
		got := make(chan time.Duration)
		go func() {
			start := time.Now()
			_ = p.Wait(t.Context())
			got <- time.Since(start)
		}()
		synctest.Wait()
		calls[0].Done(Other)
		if d := <-got; d > recheck {
			t.Errorf("the dispatcher went on %v after a call ended", d)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	for name, c := range map[string]Config{
		"nothing":            {},
		"no budget":          {Quota: 30},
		"over the quota":     {Quota: 30, Budget: 31},
		"negative in flight": {Quota: 30, Budget: 24, MaxInFlight: -1},
		"cut of 2":           {Quota: 30, Budget: 24, Learning: Learning{Cut: 2}},
		"negative pause":     {Quota: 30, Budget: 24, Learning: Learning{Pause: -1}},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
