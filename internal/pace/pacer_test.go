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
