package sim

import (
	"math"
	"math/rand/v2"
	"time"
)

// Quota is what the service grants in every scenario, unless it changes: that of
// UserAccountRecovery, in requests a second.
const Quota = 30

// Scenario is what a strategy is put into.
type Scenario struct {
	// Key names it in a file name, Name in a table.
	Key, Name string
	// Alone says that nobody else calls.
	Alone bool
	// Length of a run. The first minute is not measured.
	Length time.Duration

	quota   func() quota
	trip    func(*rand.Rand) time.Duration
	traffic traffic
	// granted is the quota at a time, if it changes.
	granted func(time.Duration) float64
}

// Granted is the quota at a time, in requests a second.
func (s *Scenario) Granted(at time.Duration) float64 {
	if s.granted == nil {
		return Quota
	}
	return s.granted(at)
}

const half = 30 * time.Minute

func bucketOf(size float64) func() quota {
	return func() quota { return newBucket(Quota, size) }
}

func secondsWindow() quota { return &window{rate: Quota, length: time.Second} }

// halved is the quota that halves after ten minutes and doubles after twenty.
func halved(at time.Duration) float64 {
	if at >= 10*time.Minute && at < 20*time.Minute {
		return Quota / 2
	}
	return Quota
}

// Scenarios is all of them but the recovery wave, whose traffic depends on ours.
func Scenarios() []*Scenario {
	change := all(quotaAt(10*time.Minute, Quota/2), quotaAt(20*time.Minute, Quota))
	return []*Scenario{
		{"alone", "alone", true, half, bucketOf(30), short, nil, nil},
		{"slow", "alone, 2 s a call", true, half, bucketOf(30), exactly(2 * time.Second), nil, nil},
		{"users10", "users at 10 rps", false, half, bucketOf(30), short, poisson(10, 0), nil},
		{"users10heavy", "users at 10 rps who retry, heavy-tailed round trips", false, half, bucketOf(30), heavy, poisson(10, 3), nil},
		{"users3", "users at 3 rps who retry", false, half, bucketOf(30), short, poisson(3, 3), nil},
		{"users20", "users at 20 rps who retry", false, half, bucketOf(30), short, poisson(20, 3), nil},
		{"drift", "users between 2 and 18 rps, up and down in 10 min", false, half, bucketOf(30), short, drifting(2, 18, 10*time.Minute, 3), nil},
		{"bursts", "users at 5 rps, and 60 within 2 s every minute", false, half, bucketOf(30), short, all(poisson(5, 3), bursts(time.Minute, 60, 3)), nil},
		{"scripts", "three foreign scripts", false, half, bucketOf(30), short, all(script(100*time.Millisecond), script(300*time.Millisecond), script(300*time.Millisecond)), nil},
		{"bucket3", "users at 10 rps, bucket of 3", false, half, bucketOf(3), short, poisson(10, 0), nil},
		{"window", "users at 10 rps, fixed window of 1 s", false, half, secondsWindow, short, poisson(10, 0), nil},
		{"halves", "alone, the quota halves, then doubles", true, half, bucketOf(30), short, change, halved},
		{"halves3", "the same with a bucket of 3", true, half, bucketOf(3), short, change, halved},
		{"halvesusers", "the quota halves, then doubles, users at 5 rps", false, half, bucketOf(30), short, all(change, poisson(5, 3)), halved},
	}
}

// ByKey finds a scenario.
func ByKey(key string) *Scenario {
	for _, s := range Scenarios() {
		if s.Key == key {
			return s
		}
	}
	return nil
}

// drifting is poisson at a rate that swings between lo and hi.
func drifting(lo, hi float64, period time.Duration, tries int) traffic {
	return func(w *world) {
		var next func()
		next = func() {
			w.after(exponential(w.traffic, time.Duration(float64(time.Second)/hi)), func() {
				now := (lo+hi)/2 + (hi-lo)/2*math.Sin(2*math.Pi*w.now.Seconds()/period.Seconds())
				if w.traffic.Float64()*hi < now {
					w.person(tries)
				}
				next()
			})
		}
		next()
	}
}
