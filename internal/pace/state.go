package pace

import "time"

// State is what a Pacer has learnt, small enough to be kept in the ledger's
// lease, so that a takeover or a restart does not learn it again at the users'
// cost. The zero value is "nothing learnt".
type State struct {
	// Pace is the rate in use, Ceiling the one last found to be too high (0 if
	// none was), both in requests a second.
	Pace    float64 `json:"pace,omitempty"`
	Ceiling float64 `json:"ceiling,omitempty"`
	// At is when this was true, by the clock of its writer.
	At time.Time `json:"at,omitzero"`
}

// Snapshot is a Pacer at one moment, for metrics, logs and the progress block.
type Snapshot struct {
	// Pace, Budget and Quota are in requests a second; Ceiling is the rate last
	// found to be too high, 0 while none was.
	Pace, Budget, Quota, Ceiling float64
	// InFlight is how many calls have begun and not ended, InFlightLimit how
	// many may.
	InFlight, InFlightLimit int
	// Latency is the smoothed round trip; 0 before the first.
	Latency time.Duration
	// Calls and Throttles count since the start.
	Calls, Throttles uint64
	// PausedUntil is when calling goes on after a throttle; zero or past if it
	// does already.
	PausedUntil time.Time
}
