package preflight

// Words say what a Fate means for a user of the list.
func (f Fate) Words() string {
	switch f {
	case Resettable:
		return "can be reset"
	case Unknown:
		return "unknown to the pool"
	case Disabled:
		return "disabled"
	case NeverConfirmed:
		return "never confirmed"
	case ForceChangePassword:
		return "never chose a password (FORCE_CHANGE_PASSWORD)"
	case Federated:
		return "federated"
	case NoContact:
		return "without a verified contact"
	default:
		return "in another state"
	}
}

// remedy says what an operator can do for such users; a sentence without its full
// stop.
func (f Fate) remedy() string {
	switch f {
	case Unknown:
		return "Unknown users may be of another pool, or the column another than that of the names (--user-pool-id, --column)"
	case Disabled:
		return "Disabled users are reset only once they are enabled (AdminEnableUser)"
	case NeverConfirmed:
		return "Users who never confirmed have to sign up to the end, or be confirmed (AdminConfirmSignUp)"
	case ForceChangePassword:
		return "Users without a password of their own get a new invitation (AdminCreateUser with MessageAction RESEND)"
	case Federated:
		return "Federated users have their passwords at their identity provider: reset them there"
	case NoContact:
		return "Users without a verified contact need a verified e-mail address or phone number on a way that the pool's recovery uses (AdminUpdateUserAttributes)"
	default:
		return "Users in another state are for an administrator to look at"
	}
}
