package job

// SignOut is where the second step of a target stands: ending the user's
// sessions, for a job whose policy asks for it.
type SignOut string

// The states of the second step. The empty SignOut means that there is none: the
// policy does not ask for it, or the outcome leaves nobody to sign out.
const (
	// SignOutPending: the outcome is recorded, the sessions are not ended yet.
	SignOutPending SignOut = "pending"
	// SignOutDone: Cognito accepted the sign-out.
	SignOutDone SignOut = "done"
	// SignOutFailed: it did not, or the message was lost before.
	SignOutFailed SignOut = "failed"
)

// SignOuts lists every state but the empty one, in the order in which reports show
// them.
func SignOuts() []SignOut { return []SignOut{SignOutPending, SignOutDone, SignOutFailed} }

// MayHoldSession reports whether a user with this outcome exists and may hold a
// session: then a job that signs out does so, whatever became of the reset.
func (o Outcome) MayHoldSession() bool {
	switch o {
	case Reset, AlreadyReset, UserDisabled, NotResettableState, NoVerifiedContact, LambdaRejected, GaveUp, UnknownError:
		return true
	default:
		return false
	}
}
