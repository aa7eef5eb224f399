package leader

import (
	"errors"
	"sync/atomic"
)

// ErrNotLeader says that a call was not made because the leadership did not cover it.
var ErrNotLeader = errors.New("this worker does not hold the lease of the account and Region")

// Fence refuses to send bytes to Cognito while its worker does not lead. A worker looks
// at its leadership before each call; a process that is suspended right after that look
// would still send the call when it goes on, and only a look that stands next to the
// write prevents that. The zero value refuses nothing until Follow. Its methods may be
// called concurrently.
type Fence struct{ elector atomic.Pointer[Elector] }

// Follow makes the fence refuse while e does not lead.
func (f *Fence) Follow(e *Elector) { f.elector.Store(e) }

// Err is ErrNotLeader if nothing may be sent now.
func (f *Fence) Err() error {
	if e := f.elector.Load(); e != nil && e.Left() <= 0 {
		return ErrNotLeader
	}
	return nil
}
