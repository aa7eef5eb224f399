package fault

import (
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want Rule
		err  string // a part of it
	}{
		{text: "throttle=0.05", want: Rule{Name: Throttle, Rate: 0.05}},
		{text: "throttle@sqs=1", want: Rule{Name: Throttle, Service: "sqs", Rate: 1}},
		{text: "reset-after@sqs.SendMessage=1,skip=10,count=2", want: Rule{Name: ResetAfter, Service: "sqs", Operation: "SendMessage", Rate: 1, Skip: 10, Count: 2}},
		{text: "latency=1,uniform:70ms:130ms", want: Rule{Name: Latency, Rate: 1, Latency: Uniform(70*time.Millisecond, 130*time.Millisecond)}},
		{text: "latency=0.5,lognormal:100ms:0.5,count=3", want: Rule{Name: Latency, Rate: 0.5, Count: 3, Latency: LogNormal(100*time.Millisecond, 0.5)}},
		{text: "error@sqs=1,code=KmsThrottled,query-code=KMS.ThrottlingException,status=400,message=too fast, a=b", want: Rule{
			Name: Error, Service: "sqs", Rate: 1, Code: "KmsThrottled", QueryCode: "KMS.ThrottlingException", Status: 400, Message: "too fast, a=b",
		}},
		{text: "throttle", err: "write NAME=RATE"},
		{text: "rain=1", err: `there is no fault "rain"; the faults are latency, throttle`},
		{text: "throttle=2", err: "not between 0 and 1"},
		{text: "throttle=NaN", err: "not between 0 and 1"},
		{text: "throttle=x", err: `reading "x"`},
		{text: "throttle@.Op=1", err: "needs its service"},
		{text: "throttle=1,colour=red", err: "there is no parameter colour"},
		{text: "throttle=1,count=-1", err: "cannot be negative"},
		{text: "throttle=1,fixed:1s", err: "only the fault latency takes a distribution"},
		{text: "latency=1", err: "a distribution is missing"},
		{text: "latency=1,fixed:2m", err: "a latency is between 0 and 1m0s"},
		{text: "latency=1,uniform:2s:1s", err: "write fixed:100ms"},
		{text: "latency=1,lognormal:1s:-1", err: "write fixed:100ms"},
		{text: "error=1", err: "its code is missing"},
		{text: "throttle=1,code=X", err: "only the fault error takes a code"},
		{text: "error=1,code=X,status=200", err: "not between 400 and 599"},
	}
	for _, tt := range tests {
		got, err := Parse(tt.text)
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s: error %v, want one with %q", tt.text, err, tt.err)
			}
			continue
		}
		if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(Distribution{})); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", tt.text, err, diff)
		}
		again, err := Parse(got.String())
		if diff := cmp.Diff(got, again, cmp.AllowUnexported(Distribution{})); err != nil || diff != "" {
			t.Errorf("%s, written as %s: %v\n%s", tt.text, got, err, diff)
		}
	}
}

// draws is which of n calls a fault strikes.
func draws(i *Injector, name string, n int) []int {
	var out []int
	for k := range n {
		if i.Roll(name, "sqs", "SendMessage") {
			out = append(out, k)
		}
	}
	return out
}

func with(t *testing.T, seed uint64, rules ...string) *Injector {
	t.Helper()
	i := New(seed)
	for _, text := range rules {
		r, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := i.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	return i
}

func TestRoll(t *testing.T) {
	t.Parallel()
	if got := draws(nil, Throttle, 3); got != nil {
		t.Errorf("no injector strikes %v", got)
	}
	if got := draws(new(Injector), Throttle, 3); got != nil {
		t.Errorf("no rules strike %v", got)
	}
	if got := draws(with(t, 1, "throttle@cognito-idp=1", "throttle@sqs.ReceiveMessage=1", "hang=1"), Throttle, 3); got != nil {
		t.Errorf("rules for others strike %v", got)
	}
	if got := draws(with(t, 1, "throttle@sqs.SendMessage=1,skip=2,count=3"), Throttle, 10); !slices.Equal(got, []int{2, 3, 4}) {
		t.Errorf("skip 2, count 3: %v", got)
	}
	if got := draws(with(t, 1, "throttle=1,count=1", "throttle=1,count=1,skip=1"), Throttle, 9); !slices.Equal(got, []int{0, 2}) {
		t.Errorf("two rules: %v", got) // the second sees only what the first lets pass
	}
	if n := len(draws(with(t, 1, "throttle=0.1"), Throttle, 20000)); n < 1800 || n > 2200 {
		t.Errorf("a rate of 0.1 struck %d of 20,000", n)
	}
}

func TestReplay(t *testing.T) {
	t.Parallel()
	want := draws(with(t, 7, "throttle=0.3"), Throttle, 200)
	if got := draws(with(t, 7, "hang=0.5", "throttle=0.3"), Throttle, 200); !slices.Equal(got, want) {
		t.Error("another rule changed what this one strikes")
	}
	if got := draws(with(t, 8, "throttle=0.3"), Throttle, 200); slices.Equal(got, want) {
		t.Error("another seed struck the same calls")
	}
	if got := draws(with(t, 7, "hang=0.3"), Hang, 200); slices.Equal(got, want) {
		t.Error("another fault struck the same calls")
	}
}

func TestCountIsExact(t *testing.T) {
	t.Parallel()
	i := with(t, 1, "throttle=0.5,count=100")
	var wg sync.WaitGroup
	hits := make([]int, 8)
	for w := range hits {
		wg.Go(func() { hits[w] = len(draws(i, Throttle, 1000)) })
	}
	wg.Wait()
	total := 0
	for _, n := range hits {
		total += n
	}
	want := []Status{{Rule: Rule{Name: Throttle, Rate: 0.5, Count: 100}, Seen: 8000, Struck: 100}}
	if diff := cmp.Diff(want, i.Rules()); total != 100 || diff != "" {
		t.Errorf("struck %d, want 100\n%s", total, diff)
	}
}

func TestSetAndClear(t *testing.T) {
	t.Parallel()
	i := with(t, 1, "throttle=1")
	if err := i.Set(Rule{Name: "rain"}); err == nil {
		t.Error("a rule of no fault was set")
	}
	if !i.Roll(Throttle, "sqs", "X") {
		t.Error("a refused rule replaced those in force")
	}
	if err := i.Set(Rule{Name: Hang, Rate: 1}); err != nil {
		t.Fatal(err)
	}
	if i.Roll(Throttle, "sqs", "X") || !i.Roll(Hang, "sqs", "X") {
		t.Error("Set did not replace the rules")
	}
	i.Clear()
	if i.Roll(Hang, "sqs", "X") || len(i.Rules()) != 0 {
		t.Error("Clear left rules")
	}
}

func TestDelay(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text              string
		low, median, high time.Duration
	}{
		{"fixed:100ms", 100 * time.Millisecond, 100 * time.Millisecond, 100 * time.Millisecond},
		{"uniform:70ms:130ms", 70 * time.Millisecond, 100 * time.Millisecond, 130 * time.Millisecond},
		{"lognormal:100ms:0.5", 0, 100 * time.Millisecond, time.Minute},
		{"lognormal:100ms:2:1s", 0, 100 * time.Millisecond, time.Second},
	}
	for _, tt := range tests {
		i := with(t, 3, "latency=1,"+tt.text)
		var all []time.Duration
		for range 20001 {
			all = append(all, i.Delay("sqs", "SendMessage"))
		}
		slices.Sort(all)
		if median := all[len(all)/2]; all[0] < tt.low || all[len(all)-1] > tt.high || math.Abs(float64(median-tt.median)) > 0.05*float64(tt.median) {
			t.Errorf("%s: from %v over %v to %v", tt.text, all[0], median, all[len(all)-1])
		}
	}
	if d := with(t, 1, "latency@sqs.Other=1,fixed:1s").Delay("sqs", "SendMessage"); d != 0 {
		t.Errorf("a rule for another operation delayed by %v", d)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"throttle=0.05", "latency@sqs.SendMessage=1,lognormal:100ms:0.5:10s,skip=1,count=2", "error=1,code=X,status=500,message=a,b", "a@b.c=1e-9"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := Parse(s)
		if err != nil {
			return
		}
		if err := r.Validate(); err != nil {
			t.Fatalf("%q was accepted: %v", s, err)
		}
		again, err := Parse(r.String())
		if err != nil || again.String() != r.String() {
			t.Fatalf("%q is written as %q, which reads as %q, %v", s, r, again, err)
		}
		if r.Latency != nil {
			for n := range uint64(20) {
				if d := r.Latency.draw(1, n); d < 0 || d > maxLatency {
					t.Fatalf("%q delays by %v", s, d)
				}
			}
		}
	})
}
