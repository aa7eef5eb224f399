package sim

import (
	"fmt"
	"time"

	"golang.org/x/time/rate"

	"relock/internal/pace"
)

// Ours is the worker's own code.
func Ours(name string, c pace.Config) Strategy {
	return Strategy{name, func(w *world) {
		g, err := pace.NewGate(c)
		if err != nil {
			panic(err)
		}
		dispatch(w, gate{g})
	}}
}

type gate struct{ *pace.Gate }

func (g gate) poll(now time.Time) time.Duration         { return g.Poll(now) }
func (g gate) begin(now time.Time)                      { g.Begin(now) }
func (g gate) done(begun, now time.Time, r pace.Result) { g.Done(begun, now, r) }
func (g gate) rate(time.Time) float64                   { return g.Controller().Pace() }

// Fixed calls at one rate, whatever happens.
func Fixed(name string, r float64) Strategy {
	return Strategy{name, func(w *world) { dispatch(w, newFixed(r)) }}
}

type fixed struct {
	lim   *rate.Limiter
	token *rate.Reservation
	due   time.Time
}

func newFixed(r float64) *fixed { return &fixed{lim: rate.NewLimiter(rate.Limit(r), 1)} }

func (f *fixed) poll(now time.Time) time.Duration {
	if f.token == nil {
		f.token = f.lim.ReserveN(now, 1)
		f.due = now.Add(f.token.DelayFrom(now))
	}
	if d := f.due.Sub(now); d > 0 {
		return d
	}
	f.token = nil
	return 0
}
func (f *fixed) begin(time.Time)                    {}
func (f *fixed) done(_, _ time.Time, _ pace.Result) {}
func (f *fixed) rate(time.Time) float64             { return float64(f.lim.Limit()) }

// AIMD adds a step a second and multiplies by a factor at a throttle, once per
// round trip, between 0.5 and most.
func AIMD(name string, start, most, step, factor float64) Strategy {
	return Strategy{name, func(w *world) {
		dispatch(w, &aimd{fixed: *newFixed(start), most: most, step: step, factor: factor, at: epoch})
	}}
}

type aimd struct {
	fixed
	most, step, factor float64
	at, cut            time.Time
}

func (a *aimd) poll(now time.Time) time.Duration {
	d := now.Sub(a.at).Seconds()
	a.at = now
	a.lim.SetLimitAt(now, rate.Limit(min(a.most, float64(a.lim.Limit())+a.step*d)))
	return a.fixed.poll(now)
}

func (a *aimd) done(begun, now time.Time, r pace.Result) {
	if r != pace.Throttled || !begun.After(a.cut) {
		return
	}
	a.cut = now
	if a.token != nil {
		a.token.CancelAt(now)
		a.token = nil
	}
	a.lim.SetLimitAt(now, rate.Limit(max(0.5, float64(a.lim.Limit())*a.factor)))
}

// Unlimited keeps n calls in flight and takes the next message when one was
// throttled.
func Unlimited(n int) Strategy {
	return Strategy{fmt.Sprintf("no limiter, %d in flight", n), func(w *world) {
		for range n {
			var next func(bool)
			next = func(bool) {
				if !w.over {
					w.call(ours, next)
				}
			}
			next(true)
		}
	}}
}

// SDKStandard keeps n calls in flight, each retried as the SDK does by default.
func SDKStandard(n int) Strategy {
	return Strategy{fmt.Sprintf("SDK standard retries, %d in flight", n), func(w *world) { sdk(w, n, nil) }}
}

// SDKAdaptive is SDKStandard with the limiter of adaptive mode.
func SDKAdaptive(n int) Strategy {
	return Strategy{fmt.Sprintf("SDK adaptive mode, %d in flight", n), func(w *world) { sdk(w, n, &sdkAdaptive{}) }}
}

func sdk(w *world, n int, limit *sdkAdaptive) {
	store := &sdkStandard{tokens: 500}
	for range n {
		var try func(attempt int)
		try = func(attempt int) {
			if w.over {
				return
			}
			if limit != nil {
				if wait := limit.acquire(w.now.Seconds()); wait > 0 {
					w.after(wait, func() { try(attempt) })
					return
				}
			}
			w.call(ours, func(ok bool) {
				if limit != nil {
					limit.update(w.now.Seconds(), !ok)
				}
				switch {
				case ok:
					store.ok(attempt)
					try(1)
				case attempt < 3 && store.retry():
					w.after(sdkBackoff(w.chance, attempt), func() { try(attempt + 1) })
				default:
					try(1)
				}
			})
		}
		try(1)
	}
}
