package cognito_test

import (
	"strings"
	"testing"

	"relock/internal/sandbox/cognito"
)

// AWS's validation, word for word. Usernames are sensitive in AWS's model, so
// their values are not in the text.
func TestValidation(t *testing.T) {
	t.Parallel()
	c, _ := newPool(t, cognito.PoolConfig{OnDemand: ".+"})
	if _, err := c.AddPool(cognito.PoolConfig{ID: "us-east-1_AbCdEf123", OnDemand: ".+"}); err != nil {
		t.Fatal(err)
	}
	const one = "InvalidParameterException: 1 validation error detected: "
	const name = `Value at 'username' failed to satisfy constraint: Member must `
	pattern := `satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+`
	user := func(v any) obj { return obj{"UserPoolId": poolID, "Username": v} }
	for _, tt := range []struct {
		name, op string
		in       obj
		want     string
	}{
		{"no username", "AdminResetUserPassword", obj{"UserPoolId": poolID}, one + "Value null at 'username' failed to satisfy constraint: Member must not be null"},
		{"null username", "AdminResetUserPassword", user(nil), one + "Value null at 'username' failed to satisfy constraint: Member must not be null"},
		{"nothing", "AdminResetUserPassword", obj{}, "InvalidParameterException: 2 validation errors detected: Value null at 'userPoolId' failed to satisfy constraint: Member must not be null; Value null at 'username' failed to satisfy constraint: Member must not be null"},
		{"empty username", "AdminResetUserPassword", user(""), "InvalidParameterException: 2 validation errors detected: " + name + "have length greater than or equal to 1; " + name + pattern},
		{"128 characters", "AdminResetUserPassword", user(strings.Repeat("a", 128)), ""},
		{"129 characters", "AdminResetUserPassword", user(strings.Repeat("a", 129)), one + name + "have length less than or equal to 128"},
		{"128 wide characters", "AdminResetUserPassword", user(strings.Repeat("é", 128)), ""},
		{"65 of two UTF-16 units", "AdminResetUserPassword", user(strings.Repeat("𝒳", 65)), one + name + "have length less than or equal to 128"},
		{"space", "AdminResetUserPassword", user("a b"), one + name + pattern},
		{"tab", "AdminResetUserPassword", user("a\tb"), one + name + pattern},
		{"no-break space", "AdminResetUserPassword", user("a\u00a0b"), one + name + pattern},
		{"control", "AdminResetUserPassword", user("a\x7f"), one + name + pattern},
		{"zero width space", "AdminResetUserPassword", user("a\u200b"), one + name + pattern},
		{"symbols", "AdminResetUserPassword", user("=+@$,\"é€漢"), ""},
		{"pool ID without underscore", "AdminResetUserPassword", obj{"UserPoolId": "eu-west-1", "Username": "a"}, one + `Value 'eu-west-1' at 'userPoolId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w-]+_[0-9a-zA-Z]+`},
		{"pool ID of another form", "AdminGetUser", obj{"UserPoolId": "eu-west-1_a-b", "Username": "a"}, one + `Value 'eu-west-1_a-b' at 'userPoolId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w-]+_[0-9a-zA-Z]+`},
		{"long pool ID", "AdminGetUser", obj{"UserPoolId": "eu-west-1_" + strings.Repeat("a", 46), "Username": "a"}, one + "Value 'eu-west-1_" + strings.Repeat("a", 46) + "' at 'userPoolId' failed to satisfy constraint: Member must have length less than or equal to 55"},
		{"pool of another Region", "AdminResetUserPassword", obj{"UserPoolId": "us-east-1_AbCdEf123", "Username": "a"}, "ResourceNotFoundException: User pool us-east-1_AbCdEf123 does not exist."},
		{"unknown pool", "AdminUserGlobalSignOut", obj{"UserPoolId": "eu-west-1_Nowhere", "Username": "a"}, "ResourceNotFoundException: User pool eu-west-1_Nowhere does not exist."},
		{"wrong type", "AdminResetUserPassword", user(7), "SerializationException: number can not be converted to string (member Username)"},
		{"limit too high", "ListUsers", obj{"UserPoolId": poolID, "Limit": 61}, one + "Value '61' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 60"},
		{"limit too low", "ListUsers", obj{"UserPoolId": poolID, "Limit": -1}, one + "Value '-1' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 0"},
		{"long filter", "ListUsers", obj{"UserPoolId": poolID, "Filter": strings.Repeat("a", 257)}, one + "Value '" + strings.Repeat("a", 257) + "' at 'filter' failed to satisfy constraint: Member must have length less than or equal to 256"},
		{"action", "AdminCreateUser", obj{"UserPoolId": poolID, "Username": "a", "MessageAction": "AGAIN"}, one + "Value 'AGAIN' at 'messageAction' failed to satisfy constraint: Member must satisfy enum value set: [RESEND, SUPPRESS]"},
		{"attribute without a name", "AdminCreateUser", obj{"UserPoolId": poolID, "Username": "a", "UserAttributes": []obj{{"Value": "x"}}}, one + "Value null at 'userAttributes.1.member.name' failed to satisfy constraint: Member must not be null"},
		{"no attributes", "AdminUpdateUserAttributes", user("a"), one + "Value null at 'userAttributes' failed to satisfy constraint: Member must not be null"},
		{"no password", "AdminSetUserPassword", user("a"), one + "Value null at 'password' failed to satisfy constraint: Member must not be null"},
		{"password with a space", "AdminSetUserPassword", obj{"UserPoolId": poolID, "Username": "a", "Password": "a b"}, one + `Value at 'password' failed to satisfy constraint: Member must satisfy regular expression pattern: [\S]+`},
		{"no pool name", "CreateUserPool", obj{}, one + "Value null at 'poolName' failed to satisfy constraint: Member must not be null"},
		{"sending account", "CreateUserPool", obj{"PoolName": "x", "EmailConfiguration": obj{"EmailSendingAccount": "SES"}}, one + "Value 'SES' at 'emailConfiguration.emailSendingAccount' failed to satisfy constraint: Member must satisfy enum value set: [COGNITO_DEFAULT, DEVELOPER]"},
		{"no page size", "ListUserPools", obj{}, one + "Value null at 'maxResults' failed to satisfy constraint: Member must not be null"},
		{"no client", "ForgotPassword", obj{"Username": "a"}, one + "Value null at 'clientId' failed to satisfy constraint: Member must not be null"},
		{"unknown client", "ForgotPassword", obj{"Username": "a", "ClientId": "nobody"}, "ResourceNotFoundException: User pool client nobody does not exist."},
		{"huge metadata", "AdminResetUserPassword", obj{"UserPoolId": poolID, "Username": "a", "ClientMetadata": obj{"k": strings.Repeat("v", 131073)}}, one + "Value at 'clientMetadata' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 131072, Member must have length greater than or equal to 0]"},
		{"largest metadata", "AdminResetUserPassword", obj{"UserPoolId": poolID, "Username": "a", "ClientMetadata": obj{"k": strings.Repeat("v", 131072)}}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, got := direct(t, c, tt.op, tt.in)
			if got != tt.want {
				t.Errorf("got  %.400q\nwant %.400q", got, tt.want)
			}
		})
	}
}
