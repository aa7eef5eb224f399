package cognito

import (
	"fmt"

	"relock/internal/sandbox/wire"
)

// The texts of the errors, as facts.md (section 3) has them from AWS's
// documents and from reports of live replies.
const (
	textCannotReset = "Cannot reset password for the user as there is no registered/verified email or phone_number"
	textBadState    = "User password cannot be reset in the current state."
	textAttempts    = "Attempt limit exceeded, please try after some time."
	textEmailCap    = "Exceeded daily email limit for the operation or the account. If a higher limit is required, please configure your user pool to use your own Amazon SES configuration for sending email."
	textAdminOnly   = "Contact administrator to reset password."
)

func notAuthorized(text string) error { return wire.Errorf("NotAuthorizedException", "%s", text) }

func userNotFound() error { return wire.Errorf("UserNotFoundException", "User does not exist.") }

func errPoolExists(id string) error {
	return fmt.Errorf("the user pool %s exists already", id)
}

func errUnknownCategory(c Category) error {
	return fmt.Errorf("no quota category %q; the categories are %v", c, Categories())
}

func errBadRate(c Category) error {
	return fmt.Errorf("quota of %s: the rate is not above 0; to let everything pass, make it unlimited", c)
}
