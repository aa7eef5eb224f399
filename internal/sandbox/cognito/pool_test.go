package cognito_test

import (
	"errors"
	"testing"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/google/go-cmp/cmp"

	"relock/internal/sandbox/cognito"
	"relock/internal/sandbox/wire"
)

// A pool's life through AWS's client.
func TestPoolThroughTheSDK(t *testing.T) {
	t.Parallel()
	c := cognito.New(cognito.Config{Quotas: unlimited()})
	api, ctx := sdk(t, c), t.Context()
	made, err := api.CreateUserPool(ctx, &cip.CreateUserPoolInput{
		PoolName:              new("people"),
		AliasAttributes:       []types.AliasAttributeType{types.AliasAttributeTypeEmail},
		UsernameConfiguration: &types.UsernameConfigurationType{CaseSensitive: new(false)},
		EmailConfiguration: &types.EmailConfigurationType{
			EmailSendingAccount: types.EmailSendingAccountTypeDeveloper, SourceArn: new("arn:aws:ses:eu-west-1:123456789012:identity/x@example.com"),
		},
		LambdaConfig:     &types.LambdaConfigType{CustomMessage: new("arn:aws:lambda:eu-west-1:123456789012:function:x")},
		SmsConfiguration: &types.SmsConfigurationType{SnsCallerArn: new("arn:aws:iam::123456789012:role/sms"), ExternalId: new("x")},
		AccountRecoverySetting: &types.AccountRecoverySettingType{RecoveryMechanisms: []types.RecoveryOptionType{
			{Name: types.RecoveryOptionNameTypeVerifiedEmail, Priority: new(int32(1))},
		}},
		Policies: &types.UserPoolPolicyType{PasswordPolicy: &types.PasswordPolicyType{MinimumLength: new(int32(12))}},
	})
	if err != nil {
		t.Fatal(err)
	}
	id := made.UserPool.Id
	p, _ := c.Pool(*id)
	add(t, p, confirmed("ana"), confirmed("bob"))
	got, err := api.DescribeUserPool(ctx, &cip.DescribeUserPoolInput{UserPoolId: id})
	if err != nil {
		t.Fatal(err)
	}
	u := got.UserPool
	type view struct {
		Name, Arn, Lambda, SMS, Source string
		Sending                        types.EmailSendingAccountType
		Recovery                       types.RecoveryOptionNameType
		Users, Length                  int32
		CaseSensitive                  bool
		Aliases                        []types.AliasAttributeType
	}
	want := view{
		"people", "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/" + *id, "arn:aws:lambda:eu-west-1:123456789012:function:x",
		"arn:aws:iam::123456789012:role/sms", "arn:aws:ses:eu-west-1:123456789012:identity/x@example.com",
		types.EmailSendingAccountTypeDeveloper, types.RecoveryOptionNameTypeVerifiedEmail, 2, 12, false, []types.AliasAttributeType{types.AliasAttributeTypeEmail},
	}
	if diff := cmp.Diff(want, view{
		*u.Name, *u.Arn, *u.LambdaConfig.CustomMessage, *u.SmsConfiguration.SnsCallerArn, *u.EmailConfiguration.SourceArn,
		u.EmailConfiguration.EmailSendingAccount, u.AccountRecoverySetting.RecoveryMechanisms[0].Name, u.EstimatedNumberOfUsers,
		*u.Policies.PasswordPolicy.MinimumLength, *u.UsernameConfiguration.CaseSensitive, u.AliasAttributes,
	}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := api.UpdateUserPool(ctx, &cip.UpdateUserPoolInput{UserPoolId: id, DeletionProtection: types.DeletionProtectionTypeActive}); err != nil {
		t.Fatal(err)
	}
	if got, err = api.DescribeUserPool(ctx, &cip.DescribeUserPoolInput{UserPoolId: id}); err != nil {
		t.Fatal(err)
	}
	if a := got.UserPool.EmailConfiguration.EmailSendingAccount; a != types.EmailSendingAccountTypeCognitoDefault {
		t.Errorf("UpdateUserPool keeps what it was not told: %s", a)
	}
	_, err = api.DeleteUserPool(ctx, &cip.DeleteUserPoolInput{UserPoolId: id})
	if _, ok := errors.AsType[*types.InvalidParameterException](err); !ok {
		t.Errorf("deleting a protected pool: %v", err)
	}
	if _, err := api.UpdateUserPool(ctx, &cip.UpdateUserPoolInput{UserPoolId: id}); err != nil {
		t.Fatal(err)
	}
	if _, err := api.DeleteUserPool(ctx, &cip.DeleteUserPoolInput{UserPoolId: id}); err != nil {
		t.Fatal(err)
	}
	_, err = api.DescribeUserPool(ctx, &cip.DescribeUserPoolInput{UserPoolId: id})
	if got, want := codeOf(err), "ResourceNotFoundException: User pool "+*id+" does not exist."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestListUserPools(t *testing.T) {
	t.Parallel()
	c, _ := newPool(t, cognito.PoolConfig{})
	for _, id := range []string{"eu-west-1_Bbb", "us-east-1_Ccc", "eu-west-1_Aaa"} {
		if _, err := c.AddPool(cognito.PoolConfig{ID: id}); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	var token any
	for {
		out, e := direct(t, c, "ListUserPools", obj{"MaxResults": 2, "NextToken": token})
		if e != "" {
			t.Fatal(e)
		}
		for _, p := range out["UserPools"].([]any) {
			got = append(got, p.(obj)["Id"].(string))
		}
		if token = out["NextToken"]; token == nil {
			break
		}
	}
	if diff := cmp.Diff([]string{"eu-west-1_Aaa", poolID, "eu-west-1_Bbb"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPoolErrors(t *testing.T) {
	t.Parallel()
	c := cognito.New(cognito.Config{})
	for name, tt := range map[string]struct {
		in   obj
		want string
	}{
		"both kinds of names":  {obj{"AliasAttributes": []string{"email"}, "UsernameAttributes": []string{"email"}}, "InvalidParameterException: Only one of the aliasAttributes or usernameAttributes can be set in a user pool."},
		"SES without identity": {obj{"EmailConfiguration": obj{"EmailSendingAccount": "DEVELOPER"}}, "InvalidParameterException: Source ARN is required when EmailSendingAccount is DEVELOPER."},
		"admin_only and more": {obj{"AccountRecoverySetting": obj{"RecoveryMechanisms": []obj{{"Name": "admin_only", "Priority": 1}, {"Name": "verified_email", "Priority": 2}}}},
			"InvalidParameterException: Invalid account recovery setting parameter. Account Recovery Setting cannot use admin_only setting with any other recovery mechanisms."},
		"no case": {obj{"UsernameConfiguration": obj{}}, "InvalidParameterException: 1 validation error detected: Value null at 'usernameConfiguration.caseSensitive' failed to satisfy constraint: Member must not be null"},
	} {
		tt.in["PoolName"] = "x"
		if _, got := direct(t, c, "CreateUserPool", tt.in); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
	for name, cfg := range map[string]cognito.PoolConfig{
		"ID of no form":           {ID: "pool"},
		"ID of another Region":    {ID: poolID, Region: "us-east-1"},
		"both kinds of names":     {AliasAttributes: []string{"email"}, UsernameAttributes: []string{"email"}},
		"no such alias":           {AliasAttributes: []string{"nickname"}},
		"no such recovery":        {Recovery: []string{"owl"}},
		"no such sending account": {EmailSendingAccount: "SES"},
		"no pattern":              {OnDemand: "("},
	} {
		if _, err := c.AddPool(cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := c.AddPool(cognito.PoolConfig{ID: poolID}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.AddPool(cognito.PoolConfig{ID: poolID}); err == nil {
		t.Error("the same ID twice: no error")
	}
}

// Creating users: who is there already, and the invitation again.
func TestAdminCreateUser(t *testing.T) {
	t.Parallel()
	c, p := newPool(t, cognito.PoolConfig{})
	do := func(op string, in obj) string {
		in["UserPoolId"] = poolID
		_, e := direct(t, c, op, in)
		return e
	}
	for _, tt := range []struct {
		op   string
		in   obj
		want string
	}{
		{"AdminCreateUser", obj{"Username": "ana", "TemporaryPassword": "Passw0rd!"}, ""},
		{"AdminCreateUser", obj{"Username": "ana"}, "UsernameExistsException: User account already exists"},
		{"AdminCreateUser", obj{"Username": "ana", "MessageAction": "RESEND"}, ""},
		{"AdminCreateUser", obj{"Username": "bob", "MessageAction": "RESEND"}, notFound},
		{"AdminCreateUser", obj{"Username": "bob", "TemporaryPassword": "short"}, "InvalidPasswordException: Password did not conform with policy: Password not long enough"},
		{"AdminCreateUser", obj{"Username": "bob", "UserAttributes": []obj{{"Name": "sub", "Value": "x"}}}, "InvalidParameterException: user.sub: Attribute cannot be updated.\n"},
		{"AdminSetUserPassword", obj{"Username": "ana", "Password": goodPassword, "Permanent": true}, ""},
		{"AdminCreateUser", obj{"Username": "ana", "MessageAction": "RESEND"}, "UnsupportedUserStateException: Resend not possible. User is not in FORCE_CHANGE_PASSWORD state"},
	} {
		if got := do(tt.op, tt.in); got != tt.want {
			t.Errorf("%s %v: got %q, want %q", tt.op, tt.in, got, tt.want)
		}
	}
	if m := c.Mail(); m.Email != 2 {
		t.Errorf("%d invitations were counted, want 2", m.Email)
	}
	c.Switch(func(s *cognito.Switches) { s.EmailPerDay = 2 })
	if got := do("AdminCreateUser", obj{"Username": "eve"}); got != dailyCap {
		t.Errorf("over the cap: %q", got)
	}
	if _, ok := p.User("eve"); ok || p.Len() != 1 {
		t.Errorf("a user whose invitation was refused is there; %d users", p.Len())
	}
	first, _ := p.User("ana")
	if got := do("AdminDeleteUser", obj{"Username": "ana"}); got != "" {
		t.Fatal(got)
	}
	if got := do("AdminCreateUser", obj{"Username": "ana", "MessageAction": "SUPPRESS"}); got != "" {
		t.Fatal(got)
	}
	if again, _ := p.User("ana"); again.Sub == first.Sub {
		t.Error("a user who was created anew has the old sub")
	}
}

// HTTP statuses: 400 as seen live, or those of AWS's model.
func TestStatuses(t *testing.T) {
	t.Parallel()
	c, _ := newPool(t, cognito.PoolConfig{})
	if err := c.SetQuota(cognito.UserUpdate, cognito.Limit{Rate: 0.001, Burst: 1}); err != nil {
		t.Fatal(err)
	}
	status := func(op string) int {
		_, err := c.Service().Operations[op](t.Context(), &wire.Call{Operation: op, Region: region, Body: []byte(`{"UserPoolId":"` + poolID + `","Username":"x"}`)})
		e, ok := errors.AsType[*wire.Error](err)
		if !ok {
			t.Fatalf("%s: %v", op, err)
		}
		return e.HTTPStatus()
	}
	if got := status("AdminGetUser"); got != 400 {
		t.Errorf("unknown user: %d", got)
	}
	c.Switch(func(s *cognito.Switches) { s.ModelStatus = true })
	if got := status("AdminGetUser"); got != 404 {
		t.Errorf("unknown user, as in the model: %d", got)
	}
	status("AdminEnableUser")
	if got := status("AdminEnableUser"); got != 429 {
		t.Errorf("throttled, as in the model: %d", got)
	}
}
