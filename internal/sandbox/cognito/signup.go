package cognito

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"relock/internal/sandbox/wire"
)

// client is an app client.
type client struct {
	id, name, secret string
	pool             *Pool
	created          int64
	hideUnknown      bool // PreventUserExistenceErrors: ENABLED
}

type createUserPoolClientInput struct {
	UserPoolId                 *string
	ClientName                 *string
	GenerateSecret             bool
	PreventUserExistenceErrors *string
}

func (in *createUserPoolClientInput) check(k *checks) {
	k.need("userPoolId", in.UserPoolId, rulePoolID)
	k.need("clientName", in.ClientName, rulePoolName)
	k.may("preventUserExistenceErrors", in.PreventUserExistenceErrors, rulePrevent)
}

type clientJSON struct {
	UserPoolId                 string
	ClientName                 string
	ClientId                   string
	ClientSecret               string `json:",omitempty"`
	PreventUserExistenceErrors string
	CreationDate               stamp
	LastModifiedDate           stamp
}

func (c *Cognito) createUserPoolClient(call *wire.Call, in *createUserPoolClientInput) (any, error) {
	p, err := c.pool(call, *in.UserPoolId)
	if err != nil {
		return nil, err
	}
	cl := &client{name: *in.ClientName, pool: p, created: call.At.UnixNano()}
	cl.hideUnknown = in.PreventUserExistenceErrors != nil && *in.PreventUserExistenceErrors == "ENABLED"
	if in.GenerateSecret {
		cl.secret = randomName(52)
	}
	c.addClient(cl)
	out := clientJSON{
		UserPoolId: p.id, ClientName: cl.name, ClientId: cl.id, ClientSecret: cl.secret,
		PreventUserExistenceErrors: "LEGACY", CreationDate: stamp(cl.created), LastModifiedDate: stamp(cl.created),
	}
	if cl.hideUnknown {
		out.PreventUserExistenceErrors = "ENABLED"
	}
	return struct{ UserPoolClient clientJSON }{out}, nil
}

// AddClient makes an app client without a secret and returns its ID.
func (p *Pool) AddClient(name string) string {
	cl := &client{name: name, pool: p, created: p.c.now().UnixNano()}
	p.c.addClient(cl)
	return cl.id
}

func (c *Cognito) addClient(cl *client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cl.id = randomClientID()
	c.clients[cl.id] = cl
}

func randomClientID() string {
	const lower = 36 // of alphanumeric, the last 36 are a-z and 0-9
	b := []byte(randomName(26))
	for i, ch := range b {
		if 'A' <= ch && ch <= 'Z' {
			b[i] = alphanumeric[len(alphanumeric)-lower+int(ch-'A')]
		}
	}
	return string(b)
}

// client finds the app client of a request without credentials. It has no
// Region either: on loopback nothing but a signature names one.
func (c *Cognito) client(id string) (*client, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	cl := c.clients[id]
	if cl == nil {
		return nil, wire.Errorf("ResourceNotFoundException", "User pool client %s does not exist.", id)
	}
	return cl, nil
}

// verify checks the SecretHash of clients that have a secret: HMAC-SHA256 over
// username and client ID (Cognito developer guide, "computing secret hash
// values").
func (cl *client) verify(username string, hash *string) error {
	if cl.secret == "" {
		if hash != nil {
			return notAuthorized("Client " + cl.id + " is not configured for secret but secret was received")
		}
		return nil
	}
	if hash == nil {
		return notAuthorized("Client " + cl.id + " is configured for secret but secret was not received")
	}
	mac := hmac.New(sha256.New, []byte(cl.secret))
	mac.Write([]byte(username + cl.id))
	if base64.StdEncoding.EncodeToString(mac.Sum(nil)) != *hash {
		return notAuthorized("Unable to verify secret hash for client " + cl.id)
	}
	return nil
}

type appInput struct {
	ClientId         *string
	SecretHash       *string
	Username         *string
	Password         *string
	ConfirmationCode *string
	UserAttributes   []attribute
	ClientMetadata   map[string]string
}

func (in *appInput) checkNames(k *checks) {
	k.need("clientId", in.ClientId, ruleClientID)
	k.may("secretHash", in.SecretHash, ruleSecretHash)
	k.need("username", in.Username, ruleUsername)
	k.metadata(in.ClientMetadata)
}

func (in *appInput) checkConfirmForgot(k *checks) {
	in.checkNames(k)
	k.need("confirmationCode", in.ConfirmationCode, ruleCode)
	k.need("password", in.Password, rulePassword)
}

func (in *appInput) checkSignUp(k *checks) {
	in.checkNames(k)
	k.may("password", in.Password, rulePassword)
	k.attributes("userAttributes", in.UserAttributes)
}

// app finds the client and the user of a request without credentials.
func (c *Cognito) app(call *wire.Call, in *appInput) (*client, *user, error) {
	call.Note = *in.Username
	cl, err := c.client(*in.ClientId)
	if err != nil {
		return nil, nil, err
	}
	if err := cl.verify(*in.Username, in.SecretHash); err != nil {
		return nil, nil, err
	}
	if err := cl.pool.writable(); err != nil {
		return nil, nil, err
	}
	return cl, cl.pool.find(*in.Username, call.At.UnixNano()), nil
}

type deliveryJSON struct{ CodeDeliveryDetails delivery }

// forgotPassword is a user asking for a code.
func (c *Cognito) forgotPassword(call *wire.Call, in *appInput) (any, error) {
	cl, u, err := c.app(call, in)
	if err != nil {
		return nil, err
	}
	if u == nil {
		if cl.hideUnknown {
			return deliveryJSON{delivery{masked(*in.Username + "@e"), email, "email"}}, nil
		}
		return nil, wire.Errorf("UserNotFoundException", "Username/client id combination not found.")
	}
	s, now := c.sw(), call.At.UnixNano()
	u.mu.Lock()
	defer u.mu.Unlock()
	if err := u.resettable(s); err != nil {
		return nil, err
	}
	if err := u.attempt(s, now); err != nil {
		return nil, err
	}
	d, err := c.sendCode(cl.pool, u, call, s)
	if err != nil {
		return nil, err
	}
	return deliveryJSON{d}, nil
}

// confirmForgotPassword ends a reset: the code, and a new password.
func (c *Cognito) confirmForgotPassword(call *wire.Call, in *appInput) (any, error) {
	cl, u, err := c.app(call, in)
	if err != nil {
		return nil, err
	}
	if u == nil {
		if cl.hideUnknown {
			return nil, wire.Errorf("ExpiredCodeException", "Invalid code provided, please request a code again.")
		}
		return nil, wire.Errorf("UserNotFoundException", "Username/client id combination not found.")
	}
	s, now := c.sw(), call.At.UnixNano()
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.disabled {
		return nil, notAuthorized(s.DisabledText)
	}
	if err := u.attempt(s, now); err != nil {
		return nil, err
	}
	if err := checkPassword(*in.Password); err != nil {
		return nil, err
	}
	switch {
	case !u.code.works(now):
		return nil, wire.Errorf("ExpiredCodeException", "Invalid code provided, please request a code again.")
	case u.code.String() != *in.ConfirmationCode:
		return nil, wire.Errorf("CodeMismatchException", "Invalid verification code provided, please try again.")
	}
	u.change(now, s.ListLag, func() {
		u.code = code{}
		u.password = *in.Password
		u.status = Confirmed
	})
	return none{}, nil
}

// signUp makes an UNCONFIRMED user.
func (c *Cognito) signUp(call *wire.Call, in *appInput) (any, error) {
	cl, _, err := c.app(call, in)
	if err != nil {
		return nil, err
	}
	if in.Password == nil {
		return nil, wire.Errorf("InvalidPasswordException", "Password did not conform with policy: Password not long enough")
	}
	if err := checkPassword(*in.Password); err != nil {
		return nil, err
	}
	for _, a := range in.UserAttributes {
		if *a.Name == "email_verified" || *a.Name == "phone_number_verified" {
			return nil, notAuthorized("A client attempted to write unauthorized attribute")
		}
	}
	u, err := cl.pool.create(newUser{name: *in.Username, attrs: in.UserAttributes, status: Unconfirmed, exists: "User already exists"}, call.At)
	if err != nil {
		return nil, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.password = *in.Password
	return struct {
		UserConfirmed bool
		UserSub       string
	}{false, u.sub}, nil
}

func (c *Cognito) adminConfirmSignUp(call *wire.Call, in *adminUserInput) (any, error) {
	return c.onUser(call, in.UserPoolId, in.Username, func(_ *Pool, u *user, s *Switches, now int64) error {
		if u.status != Unconfirmed {
			return notAuthorized("User cannot be confirmed. Current status is " + string(u.status))
		}
		u.change(now, s.ListLag, func() { u.status = Confirmed })
		return nil
	})
}

// Code is the code that the user with this username could confirm a reset with
// at the time now.
func (p *Pool) Code(username string, now time.Time) (string, bool) {
	u := p.names.get(p.fold(username))
	if u == nil {
		return "", false
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.code.String(), u.code.works(now.UnixNano())
}
