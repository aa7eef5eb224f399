package peers

// poolDifferences is where servers differ from what AWS documents of user pools.
var poolDifferences = differences{
	moto: {
		{"a user who never confirmed the sign-up", "NotAuthorizedException: User password cannot be reset in the current state., then UNCONFIRMED"},
		{"usernames that are empty, of 129 characters, with a space, with a line break", "UserNotFoundException"},
		{"IDs of user pools without a Region, and of 56 characters", "ResourceNotFoundException"},
		{"client metadata over 131,072 characters", "accepted"},
		{"a user named by a verified e-mail address that is an alias", "UserNotFoundException: User does not exist., then CONFIRMED"},
		{"a user named by preferred_username where that is an alias", "UserNotFoundException: User does not exist., then CONFIRMED"},
		{"a user named by sub", "UserNotFoundException: User does not exist., then CONFIRMED"},
		{"a name in other letters where case is ignored", "UserNotFoundException: User does not exist., then CONFIRMED"},
		{"signing in after a reset", "accepted with the challenge NEW_PASSWORD_REQUIRED"},
		{"a wrong code after a reset", "accepted, then RESET_REQUIRED"},
		{"making a user twice", "UsernameExistsException: ana"},
		{"an e-mail address and a phone number that are none", "accepted"},
		{"a username with a space", "accepted"},
		{"a username in the form of an e-mail address where that is an alias", "accepted"},
		{"sending the invitation again, to a new, a confirmed and no user", "accepted, accepted, UserNotFoundException"},
		{"reading a user by e-mail alias and by sub", "UserNotFoundException"},
		{"a refresh token after AdminDisableUser", "accepted before, accepted after"},
		{"a refresh token after AdminDeleteUser", "accepted before, HTTP 500, and nothing that the SDK understands after"},
		{"a reset without a signature", "ResourceNotFound"},
		{"filters on what cannot be searched, with two conditions, and of nonsense", "InvalidParameterException, , InvalidParameterException"},
		{"filters on names with quotation marks, escaped", ", , nobody"},
		{"a group that is not there: its members, and joining it", "ResourceNotFoundException: staff"},
		{"a limit of 61, and a token of nonsense", "accepted, InvalidToken"},
	},
}
