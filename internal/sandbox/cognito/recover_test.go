package cognito_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"relock/internal/sandbox/cognito"
)

const (
	codeExpired  = "ExpiredCodeException: Invalid code provided, please request a code again."
	codeMismatch = "CodeMismatchException: Invalid verification code provided, please try again."
	noUser       = "UserNotFoundException: Username/client id combination not found."
	goodPassword = "N3w-passw0rd!"
)

// recovery is a pool with one user and an app client.
func recovery(t *testing.T) (c *cognito.Cognito, p *cognito.Pool, client string) {
	t.Helper()
	c, p = newPool(t, cognito.PoolConfig{EmailSendingAccount: "DEVELOPER"})
	add(t, p, confirmed("ana"))
	return c, p, p.AddClient("app")
}

// A user's way out of RESET_REQUIRED, through AWS's client without credentials.
func TestRecoveryThroughTheSDK(t *testing.T) {
	t.Parallel()
	c, p, client := recovery(t)
	api, ctx := sdk(t, c), t.Context()
	anonymous := func(o *cip.Options) { o.Credentials = aws.AnonymousCredentials{} }
	if _, err := api.AdminResetUserPassword(ctx, &cip.AdminResetUserPasswordInput{UserPoolId: new(poolID), Username: new("ana")}); err != nil {
		t.Fatal(err)
	}
	out, err := api.ForgotPassword(ctx, &cip.ForgotPasswordInput{ClientId: &client, Username: new("ana")}, anonymous)
	if err != nil {
		t.Fatal(err)
	}
	if d := out.CodeDeliveryDetails; *d.Destination != "a***@e***" || d.DeliveryMedium != types.DeliveryMediumTypeEmail || *d.AttributeName != "email" {
		t.Errorf("delivery %+v", d)
	}
	code, ok := p.Code("ana", time.Now())
	if !ok {
		t.Fatal("no code was sent")
	}
	if _, err := api.ConfirmForgotPassword(ctx, &cip.ConfirmForgotPasswordInput{ClientId: &client, Username: new("ana"), ConfirmationCode: &code, Password: new(goodPassword)}, anonymous); err != nil {
		t.Fatal(err)
	}
	if u, _ := p.User("ana"); u.Status != cognito.Confirmed || u.CodesSent != 2 || len(u.Resets) != 1 {
		t.Errorf("in the end %+v", u)
	}
	for _, u := range c.Usage() {
		if u.Category == cognito.UserAccountRecovery && u.Used[cognito.CallerUsers] != 2 {
			t.Errorf("%d calls are counted for the users, want 2", u.Used[cognito.CallerUsers])
		}
	}
}

func TestConfirmForgotPassword(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, p, client := recovery(t)
		c.Switch(func(s *cognito.Switches) { s.AttemptLimit = 0 })
		confirm := func(user, code, password string) string {
			_, e := direct(t, c, "ConfirmForgotPassword", obj{"ClientId": client, "Username": user, "ConfirmationCode": code, "Password": password})
			return e
		}
		other := func(code string) string { // a code that is not it
			if code == "000000" {
				return "000001"
			}
			return "000000"
		}
		if e := confirm("ana", "000000", goodPassword); e != codeExpired {
			t.Errorf("no code was ever sent: %q", e)
		}
		if e := reset(t, c, "ana"); e != "" {
			t.Fatal(e)
		}
		code, _ := p.Code("ana", time.Now())
		for _, tt := range []struct{ user, code, password, want string }{
			{"ana", other(code), goodPassword, codeMismatch},
			{"ana", code, "short", "InvalidPasswordException: Password did not conform with policy: Password not long enough"},
			{"ana", code, "LOUDPASS1!", "InvalidPasswordException: Password did not conform with policy: Password must have lowercase characters"},
			{"ana", code, "quietpass1!", "InvalidPasswordException: Password did not conform with policy: Password must have uppercase characters"},
			{"ana", code, "Password!", "InvalidPasswordException: Password did not conform with policy: Password must have numeric characters"},
			{"ana", code, "Password1", "InvalidPasswordException: Password did not conform with policy: Password must have symbol characters"},
			{"bob", code, goodPassword, noUser},
		} {
			if got := confirm(tt.user, tt.code, tt.password); got != tt.want {
				t.Errorf("%s with %q: got %q, want %q", tt.user, tt.password, got, tt.want)
			}
		}
		time.Sleep(time.Hour)
		if _, ok := p.Code("ana", time.Now()); !ok {
			t.Error("after an hour the code is gone")
		}
		time.Sleep(time.Nanosecond)
		if e := confirm("ana", code, goodPassword); e != codeExpired {
			t.Errorf("after an hour and a nanosecond: %q", e)
		}
		if e := reset(t, c, "ana"); e != "" {
			t.Fatal(e)
		}
		if code, _ = p.Code("ana", time.Now()); confirm("ana", code, goodPassword) != "" {
			t.Error("a fresh code does not work")
		}
		if e := confirm("ana", code, goodPassword); e != codeExpired {
			t.Errorf("the same code twice: %q", e)
		}
	})
}

func TestForgotPasswordErrors(t *testing.T) {
	t.Parallel()
	c, p, client := recovery(t)
	add(t, p,
		cognito.Seed{Username: "off", Email: "off@example.com", EmailVerified: true, Enabled: new(false)},
		cognito.Seed{Username: "new", Email: "new@example.com", EmailVerified: true, Status: cognito.ForceChangePassword},
		cognito.Seed{Username: "bare"},
	)
	for user, want := range map[string]string{"off": disabledText, "new": badState, "bare": cannotReset, "nobody": noUser} {
		if _, got := direct(t, c, "ForgotPassword", obj{"ClientId": client, "Username": user}); got != want {
			t.Errorf("%s: got %q, want %q", user, got, want)
		}
	}
	for i := range 6 {
		want := ""
		if i == 5 {
			want = attempts
		}
		if _, got := direct(t, c, "ForgotPassword", obj{"ClientId": client, "Username": "ana"}); got != want {
			t.Errorf("attempt %d: got %q, want %q", i+1, got, want)
		}
	}
}

// A client that hides who exists, and one with a secret.
func TestClients(t *testing.T) {
	t.Parallel()
	c, _, _ := recovery(t)
	made := func(in obj) obj {
		in["UserPoolId"], in["ClientName"] = poolID, "app"
		out, e := direct(t, c, "CreateUserPoolClient", in)
		if e != "" {
			t.Fatal(e)
		}
		return out["UserPoolClient"].(obj)
	}
	hiding := made(obj{"PreventUserExistenceErrors": "ENABLED"})
	if _, e := direct(t, c, "ForgotPassword", obj{"ClientId": hiding["ClientId"], "Username": "nobody"}); e != "" {
		t.Errorf("a hiding client tells: %s", e)
	}
	if _, e := direct(t, c, "ConfirmForgotPassword", obj{"ClientId": hiding["ClientId"], "Username": "nobody", "ConfirmationCode": "1", "Password": goodPassword}); e != codeExpired {
		t.Errorf("a hiding client tells: %s", e)
	}
	secret := made(obj{"GenerateSecret": true})
	id := secret["ClientId"].(string)
	mac := hmac.New(sha256.New, []byte(secret["ClientSecret"].(string)))
	mac.Write([]byte("ana" + id))
	hash := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	plain := made(obj{})["ClientId"].(string)
	for _, tt := range []struct {
		client string
		hash   any
		want   string
	}{
		{id, hash, ""},
		{id, nil, "NotAuthorizedException: Client " + id + " is configured for secret but secret was not received"},
		{id, "AAAA", "NotAuthorizedException: Unable to verify secret hash for client " + id},
		{plain, hash, "NotAuthorizedException: Client " + plain + " is not configured for secret but secret was received"},
	} {
		if _, got := direct(t, c, "ForgotPassword", obj{"ClientId": tt.client, "Username": "ana", "SecretHash": tt.hash}); got != tt.want {
			t.Errorf("secret hash %v: got %q, want %q", tt.hash, got, tt.want)
		}
	}
}

// The way of a user who signs up and never confirms.
func TestSignUp(t *testing.T) {
	t.Parallel()
	c, p, client := recovery(t)
	signUp := func(in obj) string {
		in["ClientId"] = client
		_, e := direct(t, c, "SignUp", in)
		return e
	}
	email := []obj{{"Name": "email", "Value": "new@example.com"}}
	for _, tt := range []struct {
		name string
		in   obj
		want string
	}{
		{"taken", obj{"Username": "ana", "Password": goodPassword}, "UsernameExistsException: User already exists"},
		{"no password", obj{"Username": "new"}, "InvalidPasswordException: Password did not conform with policy: Password not long enough"},
		{"verifies itself", obj{"Username": "new", "Password": goodPassword, "UserAttributes": []obj{{"Name": "email_verified", "Value": "true"}}}, "NotAuthorizedException: A client attempted to write unauthorized attribute"},
		{"no address", obj{"Username": "new", "Password": goodPassword, "UserAttributes": []obj{{"Name": "email", "Value": "new"}}}, "InvalidParameterException: Invalid email address format."},
		{"unknown attribute", obj{"Username": "new", "Password": goodPassword, "UserAttributes": []obj{{"Name": "shoe", "Value": "42"}}}, "InvalidParameterException: Attributes did not conform to the schema: Type for attribute {shoe} could not be determined"},
		{"fine", obj{"Username": "new", "Password": goodPassword, "UserAttributes": email}, ""},
	} {
		if got := signUp(tt.in); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
	if u, _ := p.User("new"); u.Status != cognito.Unconfirmed {
		t.Errorf("status %s", u.Status)
	}
	if got := reset(t, c, "new"); got != cannotReset {
		t.Errorf("reset of an unconfirmed user: %q", got)
	}
	user := obj{"UserPoolId": poolID, "Username": "new"}
	for _, want := range []string{"", "NotAuthorizedException: User cannot be confirmed. Current status is CONFIRMED"} {
		if _, got := direct(t, c, "AdminConfirmSignUp", user); got != want {
			t.Errorf("confirming: got %q, want %q", got, want)
		}
	}
}

// What a reset and a sign-out do to sign-in and to sessions.
func TestSessions(t *testing.T) {
	t.Parallel()
	c, p, client := recovery(t)
	user := obj{"UserPoolId": poolID, "Username": "ana"}
	set := obj{"UserPoolId": poolID, "Username": "ana", "Password": goodPassword, "Permanent": true}
	auth := func(flow string, params obj) (obj, string) {
		return direct(t, c, "InitiateAuth", obj{"ClientId": client, "AuthFlow": flow, "AuthParameters": params})
	}
	signIn := func() (string, string) {
		out, e := auth("USER_PASSWORD_AUTH", obj{"USERNAME": "ana", "PASSWORD": goodPassword})
		if e != "" {
			return "", e
		}
		return out["AuthenticationResult"].(obj)["RefreshToken"].(string), ""
	}
	refresh := func(token string) string {
		_, e := auth("REFRESH_TOKEN_AUTH", obj{"REFRESH_TOKEN": token})
		return e
	}
	do := func(op string, in obj) {
		t.Helper()
		if _, e := direct(t, c, op, in); e != "" {
			t.Fatalf("%s: %s", op, e)
		}
	}
	const required = "PasswordResetRequiredException: Password reset required for the user"
	const revoked = "NotAuthorizedException: Refresh Token has been revoked"
	if _, e := signIn(); e != "NotAuthorizedException: Incorrect username or password." {
		t.Errorf("without a password: %q", e)
	}
	do("AdminSetUserPassword", set)
	token, e := signIn()
	if e != "" {
		t.Fatal(e)
	}
	do("AdminResetUserPassword", user)
	if _, e := signIn(); e != required {
		t.Errorf("sign-in after the reset: %q", e)
	}
	if e := refresh(token); e != "" {
		t.Errorf("a session after the reset: %q", e)
	}
	c.Switch(func(s *cognito.Switches) { s.RefreshWhileReset = false })
	if e := refresh(token); e != required {
		t.Errorf("a session after the reset, switched: %q", e)
	}
	if u, _ := p.User("ana"); u.Sessions != 1 {
		t.Errorf("%d sessions, want 1", u.Sessions)
	}
	do("AdminUserGlobalSignOut", user)
	if e := refresh(token); e != revoked {
		t.Errorf("a session after the sign-out: %q", e)
	}
	do("AdminSetUserPassword", set)
	token, _ = signIn()
	do("AdminDisableUser", user)
	if _, e := signIn(); e != disabledText {
		t.Errorf("sign-in of a disabled user: %q", e)
	}
	do("AdminEnableUser", user)
	if e := refresh(token); e != revoked {
		t.Errorf("enabling brought the session back: %q", e)
	}
	do("AdminSetUserPassword", obj{"UserPoolId": poolID, "Username": "ana", "Password": goodPassword})
	out, e := auth("USER_PASSWORD_AUTH", obj{"USERNAME": "ana", "PASSWORD": goodPassword})
	if e != "" || out["ChallengeName"] != "NEW_PASSWORD_REQUIRED" {
		t.Errorf("with a temporary password: %v, %q", out, e)
	}
	if e := refresh("nonsense"); e != "NotAuthorizedException: Invalid Refresh Token" {
		t.Errorf("a token of nobody: %q", e)
	}
	if _, e := auth("CUSTOM_AUTH", nil); e != "InvalidParameterException: Initiate Auth method not supported." {
		t.Errorf("another flow: %q", e)
	}
}
