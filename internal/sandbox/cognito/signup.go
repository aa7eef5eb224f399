package cognito

import (
	"time"

	"relock/internal/sandbox/wire"
)

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
