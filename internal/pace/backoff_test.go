package pace

import (
	"testing"
	"time"
)

func TestBackoff(t *testing.T) {
	t.Parallel()
	const least, most = 250 * time.Millisecond, 20 * time.Second
	for try, full := range map[int]time.Duration{
		-1: least, 0: least, 1: least, 2: 2 * least, 3: 4 * least, 7: 64 * least, 8: most, 9: most, 1000: most,
	} {
		seen := make(map[time.Duration]bool)
		for range 100 {
			d := Backoff(try, least, most)
			if d < full/2 || d > full {
				t.Errorf("after try %d: %v, want %v to %v", try, d, full/2, full)
			}
			seen[d] = true
		}
		if len(seen) < 50 {
			t.Errorf("after try %d: %d waits are different of 100", try, len(seen))
		}
	}
}
