package ledger

import "errors"

// ErrLeaseLost says that the lease's counter is not the one expected: somebody
// else has moved it.
var ErrLeaseLost = errors.New("the lease has moved on: somebody else holds it")

// Lease makes one worker the active one of an account and Region. No clock is
// compared between hosts: the holder moves the counter, and a standby takes
// over when the counter has stood still for a whole period by its own clock.
type Lease struct {
	// Name is what is leased, for example "123456789012/eu-west-1".
	Name string
	// Owner is who moved the counter last; empty for a lease given up.
	Owner string
	// Counter grows with every write. A lease that was never written has 0.
	Counter int64
	// State is what the holder hands on, such as the learnt ceiling of the
	// pace. Opaque to the ledger; at most a few KiB.
	State []byte
}
