package report

import "relock/internal/job"

// CanSignIn says whether a user can still sign in with the password of before.
type CanSignIn string

// The answers.
const (
	// No: not with the old password, nor with any other before something is done.
	No CanSignIn = "no"
	// Yes: nothing has changed for the user.
	Yes CanSignIn = "yes"
	// Perhaps: it depends on what the ledger does not know.
	Perhaps CanSignIn = "perhaps"
	// Nobody: there is no such user.
	Nobody CanSignIn = "nobody"
)

// Access is what an outcome means for who can sign in, and what to do about it.
type Access struct {
	CanSignIn CanSignIn
	// Why says why, and Remedy what to do; each is one sentence without its full
	// stop. Remedy is empty where there is nothing to do.
	Why, Remedy string
}

// AccessAfter is what the outcome of a reset means; the empty outcome stands for a
// target that is still pending. It says nothing of sessions: see Sessions.
//
// Sources: API_AdminResetUserPassword, API_AdminDisableUser and
// API_AdminCreateUser in the Amazon Cognito user pools API reference, and "Managing
// user passwords" in the Amazon Cognito Developer Guide.
func AccessAfter(o job.Outcome) Access {
	switch o {
	case "":
		return Access{Yes, "the user's turn has not come", "let the worker finish; `job pending` lists them"}
	case job.Reset:
		return Access{No, "Cognito accepted the reset: the password no longer works, and a new one needs a code", ""}
	case job.AlreadyReset:
		return Access{No, "the account was found in RESET_REQUIRED after a call without an answer", ""}
	case job.UserNotFound:
		return Access{Nobody, "the pool has no user of this name", "check the list against the pool: another pool, a deleted user, or a name that is no alias of the pool"}
	case job.UserDisabled:
		return Access{No, "the user is disabled; once enabled, the old password works again", "leave the user disabled, or enable (AdminEnableUser) and retry at once"}
	case job.NotResettableState:
		return Access{Perhaps, "FORCE_CHANGE_PASSWORD: a temporary password still works until it runs out; EXTERNAL_PROVIDER: the user signs in at the identity provider", "FORCE_CHANGE_PASSWORD: send a new temporary password (AdminCreateUser with MessageAction=RESEND) or disable the user; EXTERNAL_PROVIDER: reset the password at the identity provider, and sign the user out here"}
	case job.NoVerifiedContact:
		return Access{Yes, "there is no verified e-mail address or phone number that a code may go to, so nothing was reset", "verify a contact (AdminUpdateUserAttributes, email_verified) and retry, or disable the user"}
	case job.InvalidUsername:
		return Access{Nobody, "Cognito does not take the form of the name, so that no user can have it", "correct the list"}
	case job.LambdaRejected:
		return Access{Yes, "a Lambda trigger of the pool rejected the reset", "mend the trigger and retry"}
	case job.Excluded:
		return Access{Yes, "the job's exclusions name the user", ""}
	case job.GaveUp:
		return Access{Perhaps, "the tries were spent; where a call was never answered, it may have taken effect", "retry"}
	case job.UnknownError:
		return Access{Yes, "Cognito refused with an error that Relock does not know", "look at the code, then retry"}
	case job.Cancelled:
		return Access{Yes, "the job was cancelled before the user's turn", "run the list again as a job of its own"}
	case job.Missing:
		return Access{Yes, "the user's message was lost from the queue", "retry; look into the dead-letter queue"}
	default:
		return Access{Perhaps, "an outcome that this version does not know", "use the version that wrote the ledger"}
	}
}

// Session says what is known of the sessions that a user had before the reset.
type Session string

// The answers.
const (
	// SessionEnded: Cognito accepted the sign-out, or the user is disabled, which
	// revokes tokens. Tokens that are only checked locally, and the hosted UI's
	// cookie, live until they run out.
	SessionEnded Session = "ended"
	// SessionLives: nothing ended it: a reset does not.
	SessionLives Session = "lives"
	// SessionNone: there is no such user.
	SessionNone Session = "none"
)

// SessionAfter is what outcome and second step say of a user's sessions.
//
// Sources: API_AdminUserGlobalSignOut and API_AdminDisableUser in the Amazon
// Cognito user pools API reference, and "Ending user sessions with token
// revocation" in the Amazon Cognito Developer Guide. That a reset ends no session
// is said nowhere; that it does is said nowhere either.
func SessionAfter(o job.Outcome, s job.SignOut) Session {
	switch {
	case o == job.UserNotFound || o == job.InvalidUsername:
		return SessionNone
	case s == job.SignOutDone || o == job.UserDisabled:
		return SessionEnded
	default:
		return SessionLives
	}
}
