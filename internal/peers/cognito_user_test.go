package peers

import (
	"errors"
	"fmt"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const apiCreate = "Cognito API Reference, AdminCreateUser"

// userBehaviours: users, their states and sessions, pools.
var userBehaviours = []behaviour[*poolEnv]{
	{
		"a user who was just made", "FORCE_CHANGE_PASSWORD, with a sub",
		documented(apiCreate),
		func(e *poolEnv) string {
			p := e.pool()
			e.user(p, "ana", "true")
			got := e.status(p, "ana")
			if len(e.sub(p, "ana")) == 36 {
				got += ", with a sub"
			}
			return got
		},
	},
	{
		"making a user twice", "UsernameExistsException: User account already exists",
		documented(apiCreate + ", UsernameExistsException"),
		func(e *poolEnv) string {
			p := e.pool()
			e.user(p, "ana", "true")
			return said(e.create(p, "ana"))
		},
	},
	{
		"an e-mail address and a phone number that are none", "InvalidParameterException",
		documented("Cognito Developer Guide, user pool attributes, formats"),
		func(e *poolEnv) string {
			p := e.pool()
			return toldAll(e.create(p, "ana", "email", "nonsense"), e.create(p, "bea", "phone_number", "910"))
		},
	},
	{
		"a username with a space", "InvalidParameterException",
		documented(apiCreate + ", Username"),
		func(e *poolEnv) string { return told(e.create(e.pool(), "ana silva")) },
	},
	{
		"a username in the form of an e-mail address where that is an alias", "InvalidParameterException",
		seen("\"Username cannot be of email format, since user pool is configured for email alias.\""),
		func(e *poolEnv) string {
			return told(e.create(e.pool(aliases(types.AliasAttributeTypeEmail)), "ana@example.com"))
		},
	},
	{
		"sending the invitation again, to a new, a confirmed and no user", "accepted, UnsupportedUserStateException, UserNotFoundException",
		documented(apiCreate + ", MessageAction"),
		func(e *poolEnv) string {
			p := e.pool()
			e.user(p, "ana", "true")
			e.confirmed(p, "bea")
			var errs []error
			for _, name := range []string{"ana", "bea", "nobody"} {
				_, err := e.c.AdminCreateUser(e.ctx, &cip.AdminCreateUserInput{UserPoolId: p, Username: &name, MessageAction: types.MessageActionTypeResend})
				errs = append(errs, err)
			}
			return toldAll(errs...)
		},
	},
	{
		"a password set for good, and one for the first sign-in", "CONFIRMED, FORCE_CHANGE_PASSWORD",
		documented("Cognito API Reference, AdminSetUserPassword"),
		func(e *poolEnv) string {
			p := e.pool()
			e.confirmed(p, "ana")
			one := e.status(p, "ana")
			if _, err := e.c.AdminSetUserPassword(e.ctx, &cip.AdminSetUserPasswordInput{UserPoolId: p, Username: new("ana"), Password: new(password)}); err != nil {
				return said(err)
			}
			return one + ", " + e.status(p, "ana")
		},
	},
	{
		"a password against the policy", "InvalidPasswordException",
		documented("Cognito API Reference, AdminSetUserPassword"),
		func(e *poolEnv) string {
			p := e.pool()
			e.user(p, "ana", "true")
			_, err := e.c.AdminSetUserPassword(e.ctx, &cip.AdminSetUserPasswordInput{UserPoolId: p, Username: new("ana"), Password: new("short"), Permanent: true})
			return told(err)
		},
	},
	{
		"disabling and enabling a user", "CONFIRMED, disabled, then CONFIRMED",
		documented("Cognito API Reference, AdminDisableUser and AdminEnableUser"),
		func(e *poolEnv) string {
			p := e.pool()
			e.confirmed(p, "ana")
			e.disable(p, "ana")
			got := e.status(p, "ana")
			if _, err := e.c.AdminEnableUser(e.ctx, &cip.AdminEnableUserInput{UserPoolId: p, Username: new("ana")}); err != nil {
				return said(err)
			}
			return got + ", then " + e.status(p, "ana")
		},
	},
	{
		"reading a user who does not exist, and one of a pool that does not", "UserNotFoundException, ResourceNotFoundException",
		documented(apiUser),
		func(e *poolEnv) string {
			return e.status(e.pool(), "nobody") + ", " + e.status(new("eu-west-1_AbCdEf123"), "ana")
		},
	},
	{
		"reading a user by e-mail alias and by sub", "CONFIRMED",
		documented(apiUser + ", Username"),
		func(e *poolEnv) string {
			p := e.pool(aliases(types.AliasAttributeTypeEmail))
			e.confirmed(p, "ana")
			return once([]string{e.status(p, "ana@example.com"), e.status(p, e.sub(p, "ana"))})
		},
	},
	{
		"a refresh token after AdminUserGlobalSignOut", "accepted before, NotAuthorizedException after",
		documented("Cognito API Reference, AdminUserGlobalSignOut; " + guideTokens),
		func(e *poolEnv) string {
			return e.session(func(p *string) error { return e.signOut(p, "ana") })
		},
	},
	{
		"a refresh token after AdminDisableUser", "accepted before, NotAuthorizedException after",
		documented("Cognito API Reference, AdminDisableUser; " + guideTokens),
		func(e *poolEnv) string {
			return e.session(func(p *string) error { e.disable(p, "ana"); return nil })
		},
	},
	{
		"a refresh token after AdminDeleteUser", "accepted before, NotAuthorizedException after",
		seen("\"Refresh Token has been revoked\", \"Invalid Refresh Token\""),
		func(e *poolEnv) string {
			return e.session(func(p *string) error {
				_, err := e.c.AdminDeleteUser(e.ctx, &cip.AdminDeleteUserInput{UserPoolId: p, Username: new("ana")})
				return err
			})
		},
	},
	{
		"signing a disabled user out, and one who was reset", "accepted",
		documented("Cognito API Reference, AdminUserGlobalSignOut, names no state in which it is refused"),
		func(e *poolEnv) string {
			p := e.pool()
			e.confirmed(p, "ana")
			e.confirmed(p, "bea")
			e.disable(p, "ana")
			return toldAll(e.reset(p, "bea"), e.signOut(p, "ana"), e.signOut(p, "bea"))
		},
	},
	{
		"signing out a user who does not exist", "UserNotFoundException",
		documented("Cognito API Reference, AdminUserGlobalSignOut"),
		func(e *poolEnv) string { return told(e.signOut(e.pool(), "nobody")) },
	},
	{
		"describing a new pool", "COGNITO_DEFAULT",
		documented("Cognito API Reference, EmailConfigurationType"),
		func(e *poolEnv) string {
			out, err := e.c.DescribeUserPool(e.ctx, &cip.DescribeUserPoolInput{UserPoolId: e.pool()})
			switch {
			case err != nil:
				return said(err)
			case out.UserPool.EmailConfiguration == nil:
				return "no EmailConfiguration"
			}
			return string(out.UserPool.EmailConfiguration.EmailSendingAccount)
		},
	},
	{
		"describing a pool that does not exist", "ResourceNotFoundException: User pool eu-west-1_AbCdEf123 does not exist.",
		documented("Cognito API Reference, DescribeUserPool"),
		func(e *poolEnv) string {
			_, err := e.c.DescribeUserPool(e.ctx, &cip.DescribeUserPoolInput{UserPoolId: new("eu-west-1_AbCdEf123")})
			return said(err)
		},
	},
	{
		"the HTTP status of errors", "400",
		documented(apiReset + ", HTTP Status Code: 400"),
		func(e *poolEnv) string {
			p := e.pool()
			e.user(p, "ana", "true")
			var all []string
			for _, err := range []error{e.reset(p, "nobody"), e.reset(p, "ana"), e.reset(new("eu-west-1_AbCdEf123"), "ana"), e.create(p, "ana")} {
				r, ok := errors.AsType[*smithyhttp.ResponseError](err)
				if !ok {
					return said(err)
				}
				all = append(all, fmt.Sprint(r.HTTPStatusCode()))
			}
			return once(all)
		},
	},
	{
		"a reset without a signature", "MissingAuthenticationToken",
		documented("Cognito API Reference, common errors"),
		func(e *poolEnv) string {
			return unsigned(e.ctx, e.url, "application/x-amz-json-1.1", "AWSCognitoIdentityProviderService.AdminResetUserPassword",
				`{"UserPoolId":"`+*e.pool()+`","Username":"ana"}`)
		},
	},
}

// session signs a user in, does something, and tries the refresh token before and
// after it.
func (e *poolEnv) session(do func(pool *string) error) string {
	p := e.pool()
	app := e.app(p)
	e.confirmed(p, "ana")
	token, err := e.signIn(p, app, "ana")
	if err != nil {
		return said(err)
	}
	before := told(e.refresh(p, app, token))
	if err := do(p); err != nil {
		return said(err)
	}
	return before + " before, " + told(e.refresh(p, app, token)) + " after"
}
