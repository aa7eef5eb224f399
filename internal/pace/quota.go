package pace

// Category is a group of Cognito operations that share one quota, per account
// and Region, over all user pools. The rates are those of
// https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html, the
// codes those that Service Quotas lists under cognito-idp.
type Category struct {
	// Name is Cognito's own.
	Name string
	// Code is the quota's in Service Quotas, service code "cognito-idp".
	Code string
	// Default is the quota of an account that was granted no other, in requests
	// a second.
	Default float64
}

// The categories of which Relock calls operations.
var (
	// UserAccountRecovery holds AdminResetUserPassword, and the ForgotPassword
	// and ConfirmForgotPassword of the users being reset. Not adjustable.
	UserAccountRecovery = Category{"UserAccountRecovery", "L-7D6E8ED3", 30}
	// UserUpdate holds AdminUserGlobalSignOut. Not adjustable.
	UserUpdate = Category{"UserUpdate", "L-6621E65D", 25}
	// UserRead holds AdminGetUser.
	UserRead = Category{"UserRead", "L-D6BD5178", 120}
	// UserList holds ListUsers. Not adjustable.
	UserList = Category{"UserList", "L-259E3368", 30}
)
