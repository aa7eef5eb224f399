// Package wilson says how far a share that was seen in a sample may be from that of
// the whole.
package wilson

import "math"

// z95 is the 97.5th percentile of the standard normal distribution.
const z95 = 1.959963984540054

// Interval is the 95 % score interval of a share, of which k in n were seen: 0 to 1
// where n is 0. Source: E. B. Wilson, "Probable Inference, the Law of Succession,
// and Statistical Inference", JASA 22, 1927. It takes the list for endless; of a
// sample that is the whole list the share is exact.
func Interval(k, n int64) (low, high float64) {
	if n <= 0 {
		return 0, 1
	}
	p, m := float64(k)/float64(n), float64(n)
	mid := p + z95*z95/(2*m)
	half := z95 * math.Sqrt(p*(1-p)/m+z95*z95/(4*m*m))
	den := 1 + z95*z95/m
	return max(0, (mid-half)/den), min(1, (mid+half)/den)
}
