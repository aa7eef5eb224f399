package peers

import (
	"strings"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

const (
	badState    = "NotAuthorizedException: User password cannot be reset in the current state."
	noContact   = "InvalidParameterException: Cannot reset password for the user as there is no registered/verified email or phone_number"
	noUser      = "UserNotFoundException: User does not exist."
	apiReset    = "Cognito API Reference, AdminResetUserPassword"
	apiUser     = "Cognito API Reference, AdminGetUser"
	guideAlias  = "Cognito Developer Guide, user pool attributes, aliases"
	guideTokens = "Cognito Developer Guide, token revocation"
)

func aliases(list ...types.AliasAttributeType) func(*cip.CreateUserPoolInput) {
	return func(in *cip.CreateUserPoolInput) { in.AliasAttributes = list }
}

// resetBehaviours: AdminResetUserPassword, and what a reset does.
var resetBehaviours = []behaviour[*poolEnv]{
	{
		"a confirmed user with a verified e-mail address", "accepted, then RESET_REQUIRED",
		documented(apiReset),
		func(e *poolEnv) string {
			p := e.pool()
			e.confirmed(p, "ana")
			return told(e.reset(p, "ana")) + ", then " + e.status(p, "ana")
		},
	},
	{
		"a confirmed user with a verified phone number alone", "accepted, then RESET_REQUIRED",
		documented(apiReset),
		func(e *poolEnv) string {
			p := e.pool()
			if err := e.create(p, "ana", "phone_number", "+351910000001", "phone_number_verified", "true"); err != nil {
				return said(err)
			}
			e.settle(p, "ana")
			return told(e.reset(p, "ana")) + ", then " + e.status(p, "ana")
		},
	},
	{
		"a user who was reset before", "accepted, then RESET_REQUIRED",
		seen("facts: whether another code is sent is not known"),
		func(e *poolEnv) string {
			p := e.pool()
			e.confirmed(p, "ana")
			return toldAll(e.reset(p, "ana"), e.reset(p, "ana")) + ", then " + e.status(p, "ana")
		},
	},
	{
		"a user who never changed the first password", badState + ", then FORCE_CHANGE_PASSWORD",
		seen("aws-aspnet-cognito-identity-provider#37, amplify-js#1340"),
		func(e *poolEnv) string {
			p := e.pool()
			e.user(p, "ana", "true")
			return said(e.reset(p, "ana")) + ", then " + e.status(p, "ana")
		},
	},
	{
		"a user who never confirmed the sign-up", noContact + ", then UNCONFIRMED",
		seen("reports from the field; Cognito Developer Guide, managing users' passwords, asks for a verified contact"),
		func(e *poolEnv) string {
			p := e.pool()
			if _, err := e.c.SignUp(e.ctx, &cip.SignUpInput{ClientId: e.app(p), Username: new("ana"), Password: new(password), UserAttributes: attributes([]string{"email", "ana@example.com"})}); err != nil {
				return said(err)
			}
			return said(e.reset(p, "ana")) + ", then " + e.status(p, "ana")
		},
	},
	{
		"a disabled user", "NotAuthorizedException: User is disabled., then CONFIRMED, disabled",
		seen("amazon-cognito-identity-js#373; with and without the full stop"),
		func(e *poolEnv) string {
			p := e.pool()
			e.confirmed(p, "ana")
			e.disable(p, "ana")
			return strings.TrimSuffix(said(e.reset(p, "ana")), ".") + "., then " + e.status(p, "ana")
		},
	},
	{
		"a confirmed user without a verified contact", noContact + ", then CONFIRMED",
		documented("Cognito Developer Guide, managing users' passwords"),
		func(e *poolEnv) string {
			p := e.pool()
			e.user(p, "ana", "false")
			e.settle(p, "ana")
			return said(e.reset(p, "ana")) + ", then " + e.status(p, "ana")
		},
	},
	{
		"a user who does not exist", noUser,
		documented(apiReset + ", UserNotFoundException"),
		func(e *poolEnv) string { return said(e.reset(e.pool(), "nobody")) },
	},
	{
		"a user pool that does not exist", "ResourceNotFoundException: User pool eu-west-1_AbCdEf123 does not exist.",
		documented(apiReset + ", ResourceNotFoundException"),
		func(e *poolEnv) string { return said(e.reset(new("eu-west-1_AbCdEf123"), "ana")) },
	},
	{
		"usernames that are empty, of 129 characters, with a space, with a line break", "InvalidParameterException",
		documented(apiReset + ", Username"),
		func(e *poolEnv) string {
			p := e.pool()
			return toldAll(e.reset(p, ""), e.reset(p, strings.Repeat("a", 129)), e.reset(p, "a b"), e.reset(p, "a\nb"))
		},
	},
	{
		"IDs of user pools without a Region, and of 56 characters", "InvalidParameterException",
		documented(apiReset + ", UserPoolId"),
		func(e *poolEnv) string {
			return toldAll(e.reset(new("AbCdEf123"), "ana"), e.reset(new("eu-west-1_"+strings.Repeat("a", 46)), "ana"))
		},
	},
	{
		"client metadata over 131,072 characters", "InvalidParameterException",
		documented(apiReset + ", ClientMetadata"),
		func(e *poolEnv) string {
			p := e.pool()
			e.confirmed(p, "ana")
			_, err := e.c.AdminResetUserPassword(e.ctx, &cip.AdminResetUserPasswordInput{
				UserPoolId: p, Username: new("ana"), ClientMetadata: map[string]string{"case": strings.Repeat("x", 131073)},
			})
			return told(err)
		},
	},
	{
		"a user named by a verified e-mail address that is an alias", "accepted, then RESET_REQUIRED",
		documented(apiReset + ", Username; " + guideAlias),
		func(e *poolEnv) string {
			p := e.pool(aliases(types.AliasAttributeTypeEmail))
			e.confirmed(p, "ana")
			return said(e.reset(p, "ana@example.com")) + ", then " + e.status(p, "ana")
		},
	},
	{
		"a user named by an e-mail address that is an alias and not verified", noUser,
		documented(guideAlias),
		func(e *poolEnv) string {
			p := e.pool(aliases(types.AliasAttributeTypeEmail))
			e.user(p, "ana", "false")
			e.settle(p, "ana")
			return said(e.reset(p, "ana@example.com"))
		},
	},
	{
		"a user named by preferred_username where that is an alias", "accepted, then RESET_REQUIRED",
		documented(apiReset + ", Username; " + guideAlias),
		func(e *poolEnv) string {
			p := e.pool(aliases(types.AliasAttributeTypePreferredUsername))
			if err := e.create(p, "u1", "email", "ana@example.com", "email_verified", "true", "preferred_username", "ana"); err != nil {
				return said(err)
			}
			e.settle(p, "u1")
			return said(e.reset(p, "ana")) + ", then " + e.status(p, "u1")
		},
	},
	{
		"a user named by sub", "accepted, then RESET_REQUIRED",
		documented(apiReset + ", Username"),
		func(e *poolEnv) string {
			p := e.pool()
			e.confirmed(p, "ana")
			return said(e.reset(p, e.sub(p, "ana"))) + ", then " + e.status(p, "ana")
		},
	},
	{
		"a user named by e-mail address where that is the username", "accepted, then RESET_REQUIRED",
		documented("Cognito Developer Guide, user pool attributes, username attributes"),
		func(e *poolEnv) string {
			p := e.pool(func(in *cip.CreateUserPoolInput) {
				in.UsernameAttributes = []types.UsernameAttributeType{types.UsernameAttributeTypeEmail}
			})
			if err := e.create(p, "ana@example.com", "email", "ana@example.com", "email_verified", "true"); err != nil {
				return said(err)
			}
			e.settle(p, "ana@example.com")
			return said(e.reset(p, "ana@example.com")) + ", then " + e.status(p, "ana@example.com")
		},
	},
	{
		"a name in other letters where case is ignored", "accepted, then RESET_REQUIRED",
		documented("Cognito Developer Guide, user pool case sensitivity"),
		func(e *poolEnv) string {
			p := e.pool(func(in *cip.CreateUserPoolInput) {
				in.UsernameConfiguration = &types.UsernameConfigurationType{CaseSensitive: new(false)}
			})
			e.confirmed(p, "ana")
			return said(e.reset(p, "ANA")) + ", then " + e.status(p, "ana")
		},
	},
	{
		"a name in other letters where case counts", noUser,
		documented("Cognito Developer Guide, user pool case sensitivity"),
		func(e *poolEnv) string {
			p := e.pool()
			e.confirmed(p, "ana")
			return said(e.reset(p, "ANA"))
		},
	},
	{
		"signing in after a reset", "PasswordResetRequiredException",
		documented(apiReset),
		func(e *poolEnv) string {
			p := e.pool()
			app := e.app(p)
			e.confirmed(p, "ana")
			if err := e.reset(p, "ana"); err != nil {
				return said(err)
			}
			_, err := e.signIn(p, app, "ana")
			return told(err)
		},
	},
	{
		"a wrong code after a reset", "CodeMismatchException, then RESET_REQUIRED",
		documented("Cognito API Reference, ConfirmForgotPassword, CodeMismatchException"),
		func(e *poolEnv) string {
			p := e.pool()
			app := e.app(p)
			e.confirmed(p, "ana")
			if err := e.reset(p, "ana"); err != nil {
				return said(err)
			}
			_, err := e.c.ConfirmForgotPassword(e.ctx, &cip.ConfirmForgotPasswordInput{ClientId: app, Username: new("ana"), ConfirmationCode: new("not-it"), Password: new(password + "2")})
			return told(err) + ", then " + e.status(p, "ana")
		},
	},
}
