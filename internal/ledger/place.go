package ledger

import (
	"math"

	"relock/internal/job"
)

// placeBits is how many bits of a place the line has.
const placeBits = 40

// Place is where a target stands among all targets of its job: one number that
// orders them by list and line. Sent and Filter.After speak of places. In the
// first list, the place is the line.
func Place(t job.Target) int64 { return int64(t.File)<<placeBits | t.Line }

// SentAll is what enqueue notes with SetSent once the queue has accepted every
// target.
const SentAll = math.MaxInt64

// fromPlace splits a place into file and line.
func fromPlace(p int64) (file int, line int64) {
	return int(p >> placeBits), p & (1<<placeBits - 1)
}
