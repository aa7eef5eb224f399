package cognito_test

import (
	"testing"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"relock/internal/sandbox/cognito"
)

// The way of a person who sets the scene: a pool, a user, a reset, a look.
func TestResetThroughTheSDK(t *testing.T) {
	t.Parallel()
	c := cognito.New(cognito.Config{})
	api, ctx := sdk(t, c), t.Context()
	made, err := api.CreateUserPool(ctx, &cip.CreateUserPoolInput{PoolName: new("scene")})
	if err != nil {
		t.Fatal(err)
	}
	pool := made.UserPool.Id
	if _, err = api.AdminCreateUser(ctx, &cip.AdminCreateUserInput{UserPoolId: pool, Username: new("ana"), UserAttributes: []types.AttributeType{
		{Name: new("email"), Value: new("ana@example.com")}, {Name: new("email_verified"), Value: new("true")},
	}}); err != nil {
		t.Fatal(err)
	}
	if _, err = api.AdminSetUserPassword(ctx, &cip.AdminSetUserPasswordInput{UserPoolId: pool, Username: new("ana"), Password: new("Sandb0x!pass"), Permanent: true}); err != nil {
		t.Fatal(err)
	}
	if _, err = api.AdminResetUserPassword(ctx, &cip.AdminResetUserPasswordInput{UserPoolId: pool, Username: new("ana"), ClientMetadata: map[string]string{"case": "INC-1"}}); err != nil {
		t.Fatal(err)
	}
	got, err := api.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: pool, Username: new("ana")})
	if err != nil {
		t.Fatal(err)
	}
	if got.UserStatus != types.UserStatusTypeResetRequired {
		t.Errorf("status after the reset is %s", got.UserStatus)
	}
	p, _ := c.Pool(*pool)
	u, _ := p.User("ana")
	if len(u.Resets) != 1 || u.Resets[0].Metadata != `{"case":"INC-1"}` || u.CodesSent != 1 {
		t.Errorf("the inspection says %+v", u)
	}
	_, err = api.AdminResetUserPassword(ctx, &cip.AdminResetUserPasswordInput{UserPoolId: pool, Username: new("bob")})
	if want := "UserNotFoundException: User does not exist."; codeOf(err) != want {
		t.Errorf("unknown user: got %q, want %q", codeOf(err), want)
	}
}
