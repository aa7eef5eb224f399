package sim

import (
	"math"
	"math/rand/v2"
	"time"
)

// The retry modes of aws-sdk-go-v2 v1.47.7, modelled after its aws/retry package
// (standard.go, jitter_backoff.go, adaptive_ratelimit.go,
// adaptive_token_bucket.go).

// sdkBackoff is the wait before a retry after the nth attempt: a random part of
// 2ⁿ seconds.
func sdkBackoff(r *rand.Rand, nth int) time.Duration {
	return time.Duration(r.Float64() * math.Exp2(float64(nth)) * float64(time.Second))
}

// sdkStandard is standard mode: three attempts a call, and a store of 500 tokens
// from which a retry takes five; a retry that succeeds gives them back, a first
// attempt that succeeds one.
type sdkStandard struct{ tokens int }

func (s *sdkStandard) retry() bool {
	if s.tokens < 5 {
		return false
	}
	s.tokens -= 5
	return true
}

func (s *sdkStandard) ok(attempt int) {
	back := 1
	if attempt > 1 {
		back += 5
	}
	s.tokens = min(500, s.tokens+back)
}

// sdkAdaptive is the limiter of adaptive mode: CUBIC after the first throttle,
// none before.
type sdkAdaptive struct {
	enabled                  bool
	fill, measured, lastMax  float64
	lastThrottle, txAt       float64
	requests                 float64
	tokens, capacity, filled float64
	started                  bool
}

// acquire takes a token or says how long to wait before asking again.
func (a *sdkAdaptive) acquire(now float64) time.Duration {
	if !a.enabled {
		return 0
	}
	a.refill(now)
	if a.tokens < 1 {
		return time.Duration(math.Ceil((1 - a.tokens) / a.fill * float64(time.Second)))
	}
	a.tokens--
	return 0
}

func (a *sdkAdaptive) update(now float64, throttled bool) {
	const smooth, beta, scale, least = 0.8, 0.7, 0.4, 0.5
	a.requests++
	if at := math.Floor(now*2) / 2; at > a.txAt {
		a.measured = a.requests/(at-a.txAt)*smooth + a.measured*(1-smooth)
		a.requests, a.txAt = 0, at
	}
	var rate float64
	if throttled {
		rate = a.measured
		if a.enabled {
			rate = min(rate, a.fill)
		}
		a.lastMax, a.lastThrottle, a.enabled = rate, now, true
		rate *= beta
	} else {
		window := math.Cbrt(a.lastMax * (1 - beta) / scale)
		rate = scale*math.Pow(now-a.lastThrottle-window, 3) + a.lastMax
	}
	rate = min(rate, 2*a.measured)
	a.refill(now)
	a.fill = max(rate, least)
	a.capacity = max(rate, 1)
	a.tokens = min(a.tokens, a.capacity)
}

func (a *sdkAdaptive) refill(now float64) {
	if a.started {
		a.tokens = min(a.tokens+(now-a.filled)*a.fill, a.capacity)
	}
	a.started, a.filled = true, now
}
