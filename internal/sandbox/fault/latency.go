package fault

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Distribution is how long a delayed call takes. Its text form is one of
//
//	fixed:100ms
//	uniform:70ms:130ms
//	lognormal:100ms:0.5        median and sigma of the logarithm
//	lognormal:100ms:0.5:10s    the same, no longer than 10 s
type Distribution struct {
	kind string
	a, b time.Duration // fixed: a; uniform: a to b; lognormal: median a, at most b
	s    float64       // lognormal: sigma
}

// maxLatency bounds every delay, so that a wide log-normal cannot hang a run.
const maxLatency = time.Minute

// Fixed is a delay that is always the same.
func Fixed(d time.Duration) *Distribution { return &Distribution{kind: "fixed", a: d} }

// Uniform is a delay between low and high.
func Uniform(low, high time.Duration) *Distribution {
	return &Distribution{kind: "uniform", a: low, b: high}
}

// LogNormal is a delay with the given median whose logarithm has the standard
// deviation sigma, cut at a minute.
func LogNormal(median time.Duration, sigma float64) *Distribution {
	return &Distribution{kind: "lognormal", a: median, b: maxLatency, s: sigma}
}

// ParseDistribution reads the text form.
func ParseDistribution(s string) (*Distribution, error) {
	d := new(Distribution)
	if err := d.UnmarshalText([]byte(s)); err != nil {
		return nil, err
	}
	return d, nil
}

// UnmarshalText reads the text form.
func (d *Distribution) UnmarshalText(text []byte) error {
	parts := strings.Split(string(text), ":")
	bad := func() error {
		return fmt.Errorf("latency %q: write fixed:100ms, uniform:70ms:130ms or lognormal:100ms:0.5", text)
	}
	dur := func(i int) time.Duration {
		v, err := time.ParseDuration(parts[i])
		if err != nil || v < 0 || v > maxLatency {
			return -1
		}
		return v
	}
	out := Distribution{kind: parts[0]}
	switch n := len(parts); {
	case out.kind == "fixed" && n == 2:
		out.a = dur(1)
	case out.kind == "uniform" && n == 3:
		out.a, out.b = dur(1), dur(2)
		if out.b < out.a {
			return bad()
		}
	case out.kind == "lognormal" && (n == 3 || n == 4):
		out.a, out.b = dur(1), maxLatency
		if n == 4 {
			out.b = dur(3)
		}
		s, err := strconv.ParseFloat(parts[2], 64)
		if err != nil || math.IsNaN(s) || s < 0 || s > 10 {
			return bad()
		}
		out.s = s
	default:
		return bad()
	}
	if out.a < 0 || out.b < 0 {
		return fmt.Errorf("%w; a latency is between 0 and %v", bad(), maxLatency)
	}
	*d = out
	return nil
}

// MarshalText writes the text form.
func (d *Distribution) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String is the text form.
func (d *Distribution) String() string {
	switch d.kind {
	case "uniform":
		return fmt.Sprintf("uniform:%v:%v", d.a, d.b)
	case "lognormal":
		if d.b == maxLatency {
			return fmt.Sprintf("lognormal:%v:%v", d.a, d.s)
		}
		return fmt.Sprintf("lognormal:%v:%v:%v", d.a, d.s, d.b)
	}
	return fmt.Sprintf("fixed:%v", d.a)
}

// draw is the n-th delay of the sequence that belongs to seed.
func (d *Distribution) draw(seed, n uint64) time.Duration {
	u1, u2 := unit(mix(seed^mix(2*n))), unit(mix(seed^mix(2*n+1)))
	switch d.kind {
	case "uniform":
		return d.a + time.Duration(u1*float64(d.b-d.a))
	case "lognormal":
		z := math.Sqrt(-2*math.Log(1-u1)) * math.Cos(2*math.Pi*u2) // Box-Muller
		return min(d.b, time.Duration(min(float64(d.a)*math.Exp(d.s*z), float64(maxLatency))))
	}
	return d.a
}
