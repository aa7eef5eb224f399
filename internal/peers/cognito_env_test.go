package peers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"
)

// poolEnv is one behaviour's view of a server: user pools of its own.
type poolEnv struct {
	*testing.T
	ctx context.Context
	c   *cip.Client
	url string // of the server
}

// said is told with AWS's text.
func said(err error) string {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return told(err)
	}
	return told(err) + ": " + api.ErrorMessage()
}

// pool makes a user pool.
func (e *poolEnv) pool(change ...func(*cip.CreateUserPoolInput)) *string {
	e.Helper()
	in := &cip.CreateUserPoolInput{PoolName: new("peers")}
	for _, f := range change {
		f(in)
	}
	out, err := e.c.CreateUserPool(e.ctx, in)
	if err != nil {
		e.Fatalf("creating a user pool: %v", err)
	}
	return out.UserPool.Id
}

// app makes an app client that signs in with passwords and refresh tokens.
func (e *poolEnv) app(pool *string) *string {
	e.Helper()
	out, err := e.c.CreateUserPoolClient(e.ctx, &cip.CreateUserPoolClientInput{
		UserPoolId: pool, ClientName: new("app"),
		ExplicitAuthFlows: []types.ExplicitAuthFlowsType{types.ExplicitAuthFlowsTypeAllowAdminUserPasswordAuth, types.ExplicitAuthFlowsTypeAllowRefreshTokenAuth},
	})
	if err != nil {
		e.Fatalf("creating an app client: %v", err)
	}
	return out.UserPoolClient.ClientId
}

const password = "Sandb0x!pass"

func attributes(list []string) []types.AttributeType {
	var out []types.AttributeType
	for i := 0; i+1 < len(list); i += 2 {
		out = append(out, types.AttributeType{Name: &list[i], Value: &list[i+1]})
	}
	return out
}

// create makes a user, who has to change the first password; attributes come in
// pairs.
func (e *poolEnv) create(pool *string, name string, attrs ...string) error {
	_, err := e.c.AdminCreateUser(e.ctx, &cip.AdminCreateUserInput{
		UserPoolId: pool, Username: &name, UserAttributes: attributes(attrs), MessageAction: types.MessageActionTypeSuppress,
	})
	return err
}

// user makes a user with an e-mail address, verified or not, who has not changed
// the first password.
func (e *poolEnv) user(pool *string, name, verified string) {
	e.Helper()
	if err := e.create(pool, name, "email", name+"@example.com", "email_verified", verified); err != nil {
		e.Fatalf("creating a user: %v", err)
	}
}

// confirmed makes a user with a password of their own and an e-mail address.
func (e *poolEnv) confirmed(pool *string, name string) {
	e.Helper()
	e.user(pool, name, "true")
	e.settle(pool, name)
}

// settle gives a user a password of their own.
func (e *poolEnv) settle(pool *string, name string) {
	e.Helper()
	_, err := e.c.AdminSetUserPassword(e.ctx, &cip.AdminSetUserPasswordInput{UserPoolId: pool, Username: &name, Password: new(password), Permanent: true})
	if err != nil {
		e.Fatalf("setting a password: %v", err)
	}
}

func (e *poolEnv) disable(pool *string, name string) {
	e.Helper()
	if _, err := e.c.AdminDisableUser(e.ctx, &cip.AdminDisableUserInput{UserPoolId: pool, Username: &name}); err != nil {
		e.Fatalf("disabling a user: %v", err)
	}
}

func (e *poolEnv) reset(pool *string, name string) error {
	_, err := e.c.AdminResetUserPassword(e.ctx, &cip.AdminResetUserPasswordInput{UserPoolId: pool, Username: &name})
	return err
}

func (e *poolEnv) signOut(pool *string, name string) error {
	_, err := e.c.AdminUserGlobalSignOut(e.ctx, &cip.AdminUserGlobalSignOutInput{UserPoolId: pool, Username: &name})
	return err
}

// status is the user's state, with "disabled" where that is so.
func (e *poolEnv) status(pool *string, name string) string {
	e.Helper()
	out, err := e.c.AdminGetUser(e.ctx, &cip.AdminGetUserInput{UserPoolId: pool, Username: &name})
	if err != nil {
		return told(err)
	}
	if !out.Enabled {
		return string(out.UserStatus) + ", disabled"
	}
	return string(out.UserStatus)
}

// sub is the user's sub.
func (e *poolEnv) sub(pool *string, name string) string {
	e.Helper()
	out, err := e.c.AdminGetUser(e.ctx, &cip.AdminGetUserInput{UserPoolId: pool, Username: &name})
	if err != nil {
		e.Fatalf("reading a user: %v", err)
	}
	for _, a := range out.UserAttributes {
		if *a.Name == "sub" {
			return *a.Value
		}
	}
	return ""
}

// signIn signs in with the password, and returns the refresh token.
func (e *poolEnv) signIn(pool, app *string, name string) (string, error) {
	out, err := e.c.AdminInitiateAuth(e.ctx, &cip.AdminInitiateAuthInput{
		UserPoolId: pool, ClientId: app, AuthFlow: types.AuthFlowTypeAdminUserPasswordAuth,
		AuthParameters: map[string]string{"USERNAME": name, "PASSWORD": password},
	})
	if err != nil {
		return "", err
	}
	if out.AuthenticationResult == nil {
		return "", errors.New("accepted with the challenge " + string(out.ChallengeName))
	}
	return *out.AuthenticationResult.RefreshToken, nil
}

func (e *poolEnv) refresh(pool, app *string, token string) error {
	_, err := e.c.AdminInitiateAuth(e.ctx, &cip.AdminInitiateAuthInput{
		UserPoolId: pool, ClientId: app, AuthFlow: types.AuthFlowTypeRefreshTokenAuth,
		AuthParameters: map[string]string{"REFRESH_TOKEN": token},
	})
	return err
}

// list is the names of the users that a filter finds, in order.
func (e *poolEnv) list(pool *string, filter string) string {
	var names []string
	in := &cip.ListUsersInput{UserPoolId: pool}
	if filter != "" {
		in.Filter = &filter
	}
	pages := cip.NewListUsersPaginator(e.c, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(e.ctx)
		if err != nil {
			return told(err)
		}
		for _, u := range page.Users {
			names = append(names, *u.Username)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func (e *poolEnv) group(pool *string, name string) error {
	_, err := e.c.CreateGroup(e.ctx, &cip.CreateGroupInput{UserPoolId: pool, GroupName: &name})
	return err
}

func (e *poolEnv) join(pool *string, user, group string) error {
	_, err := e.c.AdminAddUserToGroup(e.ctx, &cip.AdminAddUserToGroupInput{UserPoolId: pool, Username: &user, GroupName: &group})
	return err
}

// members are the pages of a group's listing, two users each, and their names in
// order.
func (e *poolEnv) members(pool *string, group string) string {
	var names, pages []string
	in := &cip.ListUsersInGroupInput{UserPoolId: pool, GroupName: &group, Limit: new(int32(2))}
	for {
		out, err := e.c.ListUsersInGroup(e.ctx, in)
		if err != nil {
			return said(err)
		}
		for _, u := range out.Users {
			names = append(names, *u.Username)
		}
		page := fmt.Sprint(len(out.Users))
		switch {
		case out.NextToken != nil:
			page += " and a token"
		case pages == nil:
			page += " and no token"
		}
		pages = append(pages, page)
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	slices.Sort(names)
	return strings.Join(pages, ", then ") + ": " + strings.Join(names, " ")
}
