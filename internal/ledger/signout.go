package ledger

import (
	"fmt"

	"relock/internal/job"
)

// CodeMissing is the code of a sign-out that CloseSignOuts gave up: the message
// was lost before it was made.
const CodeMissing = "missing"

// Check returns an error unless the record says how the second step ended.
func (r SignOutRecord) Check() error {
	if r.State != job.SignOutDone && r.State != job.SignOutFailed {
		return fmt.Errorf("recording a sign-out: %q is not an end", r.State)
	}
	return nil
}
