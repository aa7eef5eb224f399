package peers

import (
	"cmp"
	"fmt"
	"strings"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

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
