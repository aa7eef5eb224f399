package cognito

// operations is the table of what the service can do, each with the category
// whose quota it uses (Cognito developer guide, "API operation categories and
// request rate quotas").
func (c *Cognito) operations() map[string]operation {
	return map[string]operation{
		"AdminAddUserToGroup":       {UserUpdate, false, bind((*groupInput).checkMember, c.adminAddUserToGroup)},
		"AdminConfirmSignUp":        {UserCreation, false, bind((*adminUserInput).check, c.adminConfirmSignUp)},
		"AdminCreateUser":           {UserCreation, false, bind((*adminCreateUserInput).check, c.adminCreateUser)},
		"AdminDeleteUser":           {UserUpdate, false, bind((*adminUserInput).check, c.adminDeleteUser)},
		"AdminDisableUser":          {UserUpdate, false, bind((*adminUserInput).check, c.adminDisableUser)},
		"AdminEnableUser":           {UserUpdate, false, bind((*adminUserInput).check, c.adminEnableUser)},
		"AdminGetUser":              {UserRead, false, bind((*adminUserInput).check, c.adminGetUser)},
		"AdminInitiateAuth":         {UserAuthentication, false, bind((*authInput).checkAdmin, c.adminInitiateAuth)},
		"AdminRemoveUserFromGroup":  {UserUpdate, false, bind((*groupInput).checkMember, c.adminRemoveUserFromGroup)},
		"AdminResetUserPassword":    {UserAccountRecovery, false, bind((*adminUserInput).check, c.adminResetUserPassword)},
		"AdminSetUserPassword":      {UserAccountRecovery, false, bind((*adminSetUserPasswordInput).check, c.adminSetUserPassword)},
		"AdminUpdateUserAttributes": {UserUpdate, false, bind((*adminUpdateUserAttributesInput).check, c.adminUpdateUserAttributes)},
		"AdminUserGlobalSignOut":    {UserUpdate, false, bind((*adminUserInput).check, c.adminUserGlobalSignOut)},
		"ConfirmForgotPassword":     {UserAccountRecovery, true, bind((*appInput).checkConfirmForgot, c.confirmForgotPassword)},
		"CreateGroup":               {UserPoolResourceUpdate, false, bind((*groupInput).checkGroup, c.createGroup)},
		"CreateUserPool":            {UserPoolUpdate, false, bind((*poolInput).checkCreatePool, c.createUserPool)},
		"CreateUserPoolClient":      {UserPoolClientUpdate, false, bind((*createUserPoolClientInput).check, c.createUserPoolClient)},
		"DeleteUserPool":            {UserPoolUpdate, false, bind((*poolInput).checkPool, c.deleteUserPool)},
		"DescribeUserPool":          {UserPoolRead, false, bind((*poolInput).checkPool, c.describeUserPool)},
		"ForgotPassword":            {UserAccountRecovery, true, bind((*appInput).checkNames, c.forgotPassword)},
		"InitiateAuth":              {UserAuthentication, true, bind((*authInput).check, c.initiateAuth)},
		"ListGroups":                {UserPoolResourceRead, false, bind((*groupInput).checkGroups, c.listGroups)},
		"ListUserPools":             {UserPoolRead, false, bind((*listPoolsInput).check, c.listUserPools)},
		"ListUserPoolReplicas":      {UserPoolRead, false, bind((*replicasInput).check, c.listUserPoolReplicas)},
		"ListUsers":                 {UserList, false, bind((*listUsersInput).check, c.listUsers)},
		"ListUsersInGroup":          {UserList, false, bind((*groupInput).checkGroup, c.listUsersInGroup)},
		"SignUp":                    {UserCreation, true, bind((*appInput).checkSignUp, c.signUp)},
		"UpdateUserPool":            {UserPoolUpdate, false, bind((*poolInput).checkUpdatePool, c.updateUserPool)},
	}
}
