package sim

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"relock/internal/pace"
)

func TestEngineKeepsOrder(t *testing.T) {
	var e engine
	var got []int
	note := func(n int) func() { return func() { got = append(got, n) } }
	e.after(2*time.Second, note(3))
	e.after(time.Second, note(1))
	e.after(time.Second, func() {
		got = append(got, 2)
		e.after(0, note(20))
		e.after(-time.Second, note(21))
		e.after(time.Hour, note(99))
	})
	r := rand.New(rand.NewPCG(1, 1))
	for range 100 {
		e.after(3*time.Second+time.Duration(r.IntN(1000)), func() { got = append(got, int(e.now)) })
	}
	e.run(4 * time.Second)
	if d := cmp.Diff([]int{1, 2, 20, 21, 3}, got[:5]); d != "" {
		t.Error(d)
	}
	if !slices.IsSorted(got[5:]) || len(got) != 105 {
		t.Errorf("%d events out of order: %v", len(got), got[5:])
	}
	if e.now != 4*time.Second {
		t.Errorf("the clock stands at %v", e.now)
	}
}

func TestBucket(t *testing.T) {
	b := newBucket(30, 3)
	var got []bool
	for _, ms := range []int{0, 0, 0, 0, 33, 34, 1000, 1000, 1000, 1000} {
		got = append(got, b.take(time.Duration(ms)*time.Millisecond))
	}
	want := []bool{true, true, true, false, false, true, true, true, true, false}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestWindow(t *testing.T) {
	w := &window{rate: 2, length: time.Second}
	var got []bool
	for _, ms := range []int{0, 900, 999, 1000, 1001, 1002} {
		got = append(got, w.take(time.Duration(ms)*time.Millisecond))
	}
	if d := cmp.Diff([]bool{true, true, false, true, true, false}, got); d != "" {
		t.Error(d)
	}
}

func ourStrategy() Strategy { return Ours("ours", pace.Config{Quota: Quota, Budget: Quota}) }

func TestSameSeedSameRun(t *testing.T) {
	s := ByKey("users10heavy")
	one, two, other := Simulate(s, ourStrategy(), 1), Simulate(s, ourStrategy(), 1), Simulate(s, ourStrategy(), 2)
	if !slices.Equal(one.seconds, two.seconds) {
		t.Error("the same seed gave two runs")
	}
	if slices.Equal(one.seconds, other.seconds) {
		t.Error("two seeds gave the same run")
	}
}

func TestTrafficIsTheSameForAll(t *testing.T) {
	s := ByKey("users10")
	demand := func(st Strategy) (d []int) {
		for _, sec := range Simulate(s, st, 1).seconds {
			d = append(d, sec.demand)
		}
		return d
	}
	if d := cmp.Diff(demand(ourStrategy()), demand(Fixed("", 30))); d != "" {
		t.Error("the users' first attempts depend on the strategy")
	}
}

// The bars that a change of the learning could break, with one seed; all of them
// are measured by `make bench-pace`.
func TestLearning(t *testing.T) {
	t.Run("alone", func(t *testing.T) {
		r := Simulate(ByKey("alone"), Ours("", pace.Config{Quota: Quota, Budget: 24}), 1)
		if got := r.Worst10s(); got < 0.99*24 {
			t.Errorf("%.2f rps in the worst 10 s", got)
		}
		if got := r.OwnThrottled(); got != 0 {
			t.Errorf("%.2f %% throttled", got)
		}
	})
	t.Run("users at 10 rps", func(t *testing.T) {
		r := Simulate(ByKey("users10"), ourStrategy(), 1)
		if got := r.TheirsThrottled(); got > 0.5 || got == 0 {
			t.Errorf("%.2f %% of theirs throttled", got)
		}
		if got := r.Use(); got < 96 || got > 100 {
			t.Errorf("%.1f %% of the free quota used", got)
		}
	})
	t.Run("halves, doubles", func(t *testing.T) {
		r := Simulate(ByKey("halves"), ourStrategy(), 1)
		if got := r.OwnThrottledBetween(10*time.Minute+10*time.Second, 20*time.Minute); got >= 0.5 {
			t.Errorf("%.2f %% throttled from 10 s after the halving on", got)
		}
		if d, ok := r.Reached(20*time.Minute, 27); !ok || d > time.Minute {
			t.Errorf("90 %% of the quota after %v (%v)", d, ok)
		}
	})
	t.Run("freed quota is found within a minute, whenever it is freed", func(t *testing.T) {
		for phase := range 15 {
			at := 20*time.Minute + time.Duration(phase)*4*time.Second
			s := *ByKey("halves")
			s.traffic = all(quotaAt(10*time.Minute, Quota/2), quotaAt(at, Quota))
			if d, ok := Simulate(&s, ourStrategy(), 1).Reached(at, 0.9*Quota); !ok || d > time.Minute {
				t.Errorf("freed after %v: 90 %% of the quota after %v (%v)", at, d, ok)
			}
		}
	})
	t.Run("wave", func(t *testing.T) {
		v := Wave{Users: 5000, Mean: 5 * time.Minute, Anew: 0.3}
		our := SimulateWave(v, Ours("", pace.Config{Quota: Quota, Budget: 24}), 1, 2*time.Hour)
		fixed := SimulateWave(v, Fixed("", Quota), 1, 2*time.Hour)
		for name, w := range map[string]Waved{"ours": our, "fixed": fixed} {
			if w.Reset != v.Users || w.Recovered+w.Late != v.Users {
				t.Errorf("%s: %d reset, %d recovered, %d late, want %d in all", name, w.Reset, w.Recovered, w.Late, v.Users)
			}
		}
		if o, f := our.TheirsThrottled(), fixed.TheirsThrottled(); o > 2 || o*5 > f {
			t.Errorf("theirs throttled: ours %.2f %%, fixed at the quota %.2f %%", o, f)
		}
	})
}

// The model of adaptive mode grants and refuses exactly where the SDK's own code
// does.
func TestAdaptiveModelIsTheSDKs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sdk := retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) { o.FailOnNoAttemptTokens = true })
		var model sdkAdaptive
		start := time.Now()
		throttle := &smithy.GenericAPIError{Code: "TooManyRequestsException"}
		r := rand.New(rand.NewPCG(3, 4))
		granted, refused := 0, 0
		for range 200_000 {
			time.Sleep(time.Millisecond)
			now := time.Since(start).Seconds()
			release, err := sdk.GetAttemptToken(context.Background())
			wait := model.acquire(now)
			if (err == nil) != (wait == 0) {
				t.Fatalf("after %.3f s and %d calls the SDK says %v, the model to wait for %v", now, granted, err, wait)
			}
			if err != nil {
				refused++
				continue
			}
			granted++
			var outcome error
			if granted > 50 && r.IntN(30) == 0 {
				outcome = throttle
			}
			if err := release(outcome); err != nil {
				t.Fatal(err)
			}
			model.update(now, outcome != nil)
		}
		if granted < 500 || refused < 500 {
			t.Errorf("%d granted and %d refused: nothing was compared", granted, refused)
		}
	})
}

func TestStatOf(t *testing.T) {
	got := StatOf([]float64{8, 1, 2, 3, 4, 5, 6, 7})
	if got.Median != 4.5 || got.Low < 1 || got.Low > 3 || got.High < 6 || got.High > 8 {
		t.Errorf("got %+v", got)
	}
	if got := StatOf([]float64{3, 3, 3}); got != (Stat{3, 3, 3}) {
		t.Errorf("got %+v", got)
	}
}
