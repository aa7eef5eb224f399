package cognito

// operations is the table of what the service can do, each with the category
// whose quota it uses (Cognito developer guide, "API operation categories and
// request rate quotas").
func (c *Cognito) operations() map[string]operation {
	return map[string]operation{
		"AdminAddUserToGroup":       {UserUpdate, bind((*groupInput).checkMember, c.adminAddUserToGroup)},
		"AdminConfirmSignUp":        {UserCreation, bind((*adminUserInput).check, c.adminConfirmSignUp)},
		"AdminCreateUser":           {UserCreation, bind((*adminCreateUserInput).check, c.adminCreateUser)},
		"AdminDeleteUser":           {UserUpdate, bind((*adminUserInput).check, c.adminDeleteUser)},
		"AdminDisableUser":          {UserUpdate, bind((*adminUserInput).check, c.adminDisableUser)},
		"AdminEnableUser":           {UserUpdate, bind((*adminUserInput).check, c.adminEnableUser)},
		"AdminGetUser":              {UserRead, bind((*adminUserInput).check, c.adminGetUser)},
		"AdminInitiateAuth":         {UserAuthentication, bind((*authInput).checkAdmin, c.adminInitiateAuth)},
		"AdminRemoveUserFromGroup":  {UserUpdate, bind((*groupInput).checkMember, c.adminRemoveUserFromGroup)},
		"AdminResetUserPassword":    {UserAccountRecovery, bind((*adminUserInput).check, c.adminResetUserPassword)},
		"AdminSetUserPassword":      {UserAccountRecovery, bind((*adminSetUserPasswordInput).check, c.adminSetUserPassword)},
		"AdminUpdateUserAttributes": {UserUpdate, bind((*adminUpdateUserAttributesInput).check, c.adminUpdateUserAttributes)},
		"AdminUserGlobalSignOut":    {UserUpdate, bind((*adminUserInput).check, c.adminUserGlobalSignOut)},
		"ConfirmForgotPassword":     {UserAccountRecovery, bind((*appInput).checkConfirmForgot, c.confirmForgotPassword)},
		"CreateGroup":               {UserPoolResourceUpdate, bind((*groupInput).checkGroup, c.createGroup)},
		"CreateUserPool":            {UserPoolUpdate, bind((*poolInput).checkCreatePool, c.createUserPool)},
		"CreateUserPoolClient":      {UserPoolClientUpdate, bind((*createUserPoolClientInput).check, c.createUserPoolClient)},
		"DeleteUserPool":            {UserPoolUpdate, bind((*poolInput).checkPool, c.deleteUserPool)},
		"DescribeUserPool":          {UserPoolRead, bind((*poolInput).checkPool, c.describeUserPool)},
		"ForgotPassword":            {UserAccountRecovery, bind((*appInput).checkNames, c.forgotPassword)},
		"InitiateAuth":              {UserAuthentication, bind((*authInput).check, c.initiateAuth)},
		"ListGroups":                {UserPoolResourceRead, bind((*groupInput).checkGroups, c.listGroups)},
		"ListUserPools":             {UserPoolRead, bind((*listPoolsInput).check, c.listUserPools)},
		"ListUserPoolReplicas":      {UserPoolRead, bind((*replicasInput).check, c.listUserPoolReplicas)},
		"ListUsers":                 {UserList, bind((*listUsersInput).check, c.listUsers)},
		"ListUsersInGroup":          {UserList, bind((*groupInput).checkGroup, c.listUsersInGroup)},
		"SignUp":                    {UserCreation, bind((*appInput).checkSignUp, c.signUp)},
		"UpdateUserPool":            {UserPoolUpdate, bind((*poolInput).checkUpdatePool, c.updateUserPool)},
	}
}

// unsigned are the operations that take no credentials: those that AWS's model marks
// noAuth, also those that are not here. They are authorised by the client's ID, by an
// access token or by a session.
var unsigned = []string{
	"AssociateSoftwareToken", "ChangePassword", "CompleteWebAuthnRegistration", "ConfirmDevice", "ConfirmForgotPassword", "ConfirmSignUp",
	"DeleteUser", "DeleteUserAttributes", "DeleteWebAuthnCredential", "ForgetDevice", "ForgotPassword", "GetDevice",
	"GetTokensFromRefreshToken", "GetUser", "GetUserAttributeVerificationCode", "GetUserAuthFactors", "GlobalSignOut", "InitiateAuth",
	"ListDevices", "ListWebAuthnCredentials", "ResendConfirmationCode", "RespondToAuthChallenge", "RevokeToken", "SetUserMFAPreference",
	"SetUserSettings", "SignUp", "StartWebAuthnRegistration", "UpdateAuthEventFeedback", "UpdateDeviceStatus", "UpdateUserAttributes",
	"VerifySoftwareToken", "VerifyUserAttribute",
}
