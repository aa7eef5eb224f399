package cognito

import (
	"encoding/base64"
	"strings"

	"relock/internal/sandbox/wire"
)

// authInput is the request of InitiateAuth and AdminInitiateAuth. Both exist
// here to show what a reset and a sign-out do to sessions; their tokens are not
// JWTs.
type authInput struct {
	UserPoolId     *string
	ClientId       *string
	AuthFlow       *string
	AuthParameters map[string]string
}

func (in *authInput) check(k *checks) {
	k.need("authFlow", in.AuthFlow, ruleAuthFlow)
	k.need("clientId", in.ClientId, ruleClientID)
}

func (in *authInput) checkAdmin(k *checks) {
	k.need("userPoolId", in.UserPoolId, rulePoolID)
	in.check(k)
}

type authResult struct {
	AccessToken, IdToken string
	RefreshToken         string `json:",omitempty"`
	ExpiresIn            int
	TokenType            string
}

type authOutput struct {
	AuthenticationResult *authResult       `json:",omitempty"`
	ChallengeName        string            `json:",omitempty"`
	Session              string            `json:",omitempty"`
	ChallengeParameters  map[string]string // always there, often empty
}

func (c *Cognito) adminInitiateAuth(call *wire.Call, in *authInput) (any, error) {
	p, err := c.pool(call, *in.UserPoolId)
	if err != nil {
		return nil, err
	}
	cl, err := c.client(*in.ClientId)
	if err != nil || cl.pool != p {
		return nil, wire.Errorf("ResourceNotFoundException", "User pool client %s does not exist.", *in.ClientId)
	}
	return c.auth(call, p, in, "ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH")
}

func (c *Cognito) initiateAuth(call *wire.Call, in *authInput) (any, error) {
	cl, err := c.client(*in.ClientId)
	if err != nil {
		return nil, err
	}
	return c.auth(call, cl.pool, in, "USER_PASSWORD_AUTH", "")
}

func (c *Cognito) auth(call *wire.Call, p *Pool, in *authInput, passwordFlow, oldFlow string) (any, error) {
	switch *in.AuthFlow {
	case "REFRESH_TOKEN_AUTH", "REFRESH_TOKEN":
		return c.refresh(call, p, in.AuthParameters["REFRESH_TOKEN"])
	case passwordFlow, oldFlow:
	default:
		return nil, invalid("Initiate Auth method not supported.")
	}
	name, password := in.AuthParameters["USERNAME"], in.AuthParameters["PASSWORD"]
	if name == "" || password == "" {
		return nil, invalid("Missing required parameter USERNAME or PASSWORD")
	}
	u, err := p.user(call, name)
	if err != nil {
		return nil, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.disabled:
		return nil, notAuthorized("User is disabled.")
	case u.status == ResetRequired:
		return nil, wire.Errorf("PasswordResetRequiredException", "Password reset required for the user")
	case u.password == "" || u.password != password:
		return nil, notAuthorized("Incorrect username or password.")
	case u.status == Unconfirmed:
		return nil, wire.Errorf("UserNotConfirmedException", "User is not confirmed.")
	case u.status == ForceChangePassword:
		return authOutput{ChallengeName: "NEW_PASSWORD_REQUIRED", Session: randomName(40), ChallengeParameters: map[string]string{"USER_ID_FOR_SRP": u.name}}, nil
	case u.status != Confirmed:
		return nil, notAuthorized("Incorrect username or password.")
	}
	r := tokens()
	r.RefreshToken = base64.RawURLEncoding.EncodeToString([]byte(u.name)) + "." + randomName(24)
	e := u.more()
	if e.tokens == nil {
		e.tokens = map[string]bool{}
	}
	e.tokens[r.RefreshToken] = true
	u.sessions++
	return authOutput{AuthenticationResult: r, ChallengeParameters: map[string]string{}}, nil
}

func tokens() *authResult {
	return &authResult{AccessToken: "access." + randomName(24), IdToken: "id." + randomName(24), ExpiresIn: 3600, TokenType: "Bearer"}
}

// refresh answers for a refresh token: whether one works while the user is in
// RESET_REQUIRED is a switch.
func (c *Cognito) refresh(call *wire.Call, p *Pool, token string) (any, error) {
	head, _, _ := strings.Cut(token, ".")
	name, err := base64.RawURLEncoding.DecodeString(head)
	u := p.names.get(string(name))
	if err != nil || u == nil {
		return nil, notAuthorized("Invalid Refresh Token")
	}
	call.Note = u.name
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.extra == nil || !u.extra.tokens[token]:
		return nil, notAuthorized("Refresh Token has been revoked")
	case u.disabled:
		return nil, notAuthorized("User is disabled.")
	case u.status == ResetRequired && !c.sw().RefreshWhileReset:
		return nil, wire.Errorf("PasswordResetRequiredException", "Password reset required for the user")
	}
	return authOutput{AuthenticationResult: tokens(), ChallengeParameters: map[string]string{}}, nil
}
