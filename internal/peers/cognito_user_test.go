package peers

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

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

// listBehaviours: ListUsers, and groups.
var listBehaviours = []behaviour[*poolEnv]{
	{
		"filters that find", "ana bea, ana, bea carla, bea, ana, carla, bea",
		documented("Cognito API Reference, ListUsers, Filter"),
		func(e *poolEnv) string {
			p := e.pool()
			e.confirmed(p, "ana")
			e.confirmed(p, "bea")
			e.user(p, "carla", "true")
			e.disable(p, "bea")
			var got []string
			for _, f := range []string{
				`cognito:user_status = "CONFIRMED"`, `username = "ana"`, `email ^= "bea"|email ^= "carla"`, `status = "Disabled"`,
				`sub = "` + e.sub(p, "ana") + `"`, `cognito:user_status = "FORCE_CHANGE_PASSWORD"`, `email = "bea@example.com"`,
			} {
				if a, b, or := strings.Cut(f, "|"); or { // a filter has one condition
					got = append(got, e.list(p, a)+" "+e.list(p, b))
					continue
				}
				got = append(got, e.list(p, f))
			}
			return strings.Join(got, ", ")
		},
	},
	{
		"filters on names with quotation marks, escaped", `", a"b, nobody`,
		documented("Cognito API Reference, ListUsers, Filter: quotation marks are escaped with a backslash"),
		func(e *poolEnv) string {
			p := e.pool()
			for _, name := range []string{`a"b`, `"`, "ab"} {
				if err := e.create(p, name); err != nil {
					return said(err)
				}
			}
			return strings.Join([]string{
				e.list(p, `username = "\""`), e.list(p, `username ^= "a\""`), cmp.Or(e.list(p, `username = "a\"c"`), "nobody"),
			}, ", ")
		},
	},
	{
		"members of a group, two a page", "2 and a token, then 1: ana bea carla",
		documented("Cognito API Reference, ListUsersInGroup, Limit and NextToken"),
		func(e *poolEnv) string {
			p := e.pool()
			if err := e.group(p, "staff"); err != nil {
				return said(err)
			}
			for _, name := range []string{"ana", "bea", "carla", "dan"} {
				e.user(p, name, "true")
				if name == "dan" {
					continue
				}
				if err := e.join(p, name, "staff"); err != nil {
					return said(err)
				}
			}
			return e.members(p, "staff")
		},
	},
	{
		"members of a group: one who was disabled, one who left, one who was deleted, one who is in it twice", "1 and no token: ana",
		documented("Cognito API Reference, AdminAddUserToGroup and AdminRemoveUserFromGroup"),
		func(e *poolEnv) string {
			p := e.pool()
			if err := e.group(p, "staff"); err != nil {
				return said(err)
			}
			for _, name := range []string{"ana", "ana", "bea", "carla"} {
				if name != "ana" || e.status(p, name) == "UserNotFoundException" {
					e.user(p, name, "true")
				}
				if err := e.join(p, name, "staff"); err != nil {
					return said(err)
				}
			}
			e.disable(p, "ana")
			if _, err := e.c.AdminRemoveUserFromGroup(e.ctx, &cip.AdminRemoveUserFromGroupInput{UserPoolId: p, Username: new("bea"), GroupName: new("staff")}); err != nil {
				return said(err)
			}
			if _, err := e.c.AdminDeleteUser(e.ctx, &cip.AdminDeleteUserInput{UserPoolId: p, Username: new("carla")}); err != nil {
				return said(err)
			}
			return e.members(p, "staff")
		},
	},
	{
		"a group that is not there: its members, and joining it", "ResourceNotFoundException: Group not found.",
		seen("\"Group not found.\"; Cognito API Reference, ListUsersInGroup, ResourceNotFoundException"),
		func(e *poolEnv) string {
			p := e.pool()
			e.user(p, "ana", "true")
			_, err := e.c.ListUsersInGroup(e.ctx, &cip.ListUsersInGroupInput{UserPoolId: p, GroupName: new("staff")})
			return once([]string{said(err), said(e.join(p, "ana", "staff"))})
		},
	},
	{
		"a group made twice, and a user who is not there joins it", "GroupExistsException, UserNotFoundException",
		documented("Cognito API Reference, CreateGroup and AdminAddUserToGroup"),
		func(e *poolEnv) string {
			p := e.pool()
			if err := e.group(p, "staff"); err != nil {
				return said(err)
			}
			return toldAll(e.group(p, "staff"), e.join(p, "nobody", "staff"))
		},
	},
	{
		"filters on what cannot be searched, with two conditions, and of nonsense", "InvalidParameterException",
		documented("Cognito API Reference, ListUsers, Filter"),
		func(e *poolEnv) string {
			p := e.pool()
			e.confirmed(p, "ana")
			return once([]string{e.list(p, `address = "x"`), e.list(p, `email = "a" and username = "b"`), e.list(p, `nonsense`)})
		},
	},
	{
		"61 users without a limit", "60 and a token, then 1",
		documented("Cognito API Reference, ListUsers, Limit: 60 at most"),
		func(e *poolEnv) string {
			p := e.pool()
			for i := range 61 {
				e.user(p, fmt.Sprintf("u%02d", i), "true")
			}
			return pages(e, &cip.ListUsersInput{UserPoolId: p})
		},
	},
	{
		"three users, two a page", "2 and a token, then 1",
		documented("Cognito API Reference, ListUsers, Limit and PaginationToken"),
		func(e *poolEnv) string {
			p := e.pool()
			for _, name := range []string{"ana", "bea", "carla"} {
				e.user(p, name, "true")
			}
			return pages(e, &cip.ListUsersInput{UserPoolId: p, Limit: new(int32(2))})
		},
	},
	{
		"a limit of 61, and a token of nonsense", "InvalidParameterException",
		documented("Cognito API Reference, ListUsers"),
		func(e *poolEnv) string {
			p := e.pool()
			_, err1 := e.c.ListUsers(e.ctx, &cip.ListUsersInput{UserPoolId: p, Limit: new(int32(61))})
			_, err2 := e.c.ListUsers(e.ctx, &cip.ListUsersInput{UserPoolId: p, PaginationToken: new("nonsense")})
			return toldAll(err1, err2)
		},
	},
	{
		"attributes asked for by name", "email alone",
		documented("Cognito API Reference, ListUsers, AttributesToGet"),
		func(e *poolEnv) string {
			p := e.pool()
			e.confirmed(p, "ana")
			out, err := e.c.ListUsers(e.ctx, &cip.ListUsersInput{UserPoolId: p, AttributesToGet: []string{"email"}})
			if err != nil {
				return said(err)
			}
			var names []string
			for _, a := range out.Users[0].Attributes {
				names = append(names, *a.Name)
			}
			if len(names) == 1 && names[0] == "email" {
				return "email alone"
			}
			return strings.Join(names, ", ")
		},
	},
}

// pages counts the users of the first two pages.
func pages(e *poolEnv, in *cip.ListUsersInput) string {
	one, err := e.c.ListUsers(e.ctx, in)
	if err != nil {
		return said(err)
	}
	if one.PaginationToken == nil {
		return fmt.Sprintf("%d and no token", len(one.Users))
	}
	in.PaginationToken = one.PaginationToken
	two, err := e.c.ListUsers(e.ctx, in)
	if err != nil {
		return said(err)
	}
	return fmt.Sprintf("%d and a token, then %d", len(one.Users), len(two.Users))
}
