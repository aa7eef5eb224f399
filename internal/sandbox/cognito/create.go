package cognito

import (
	"slices"
	"strings"
	"time"

	"relock/internal/sandbox/wire"
)

type adminCreateUserInput struct {
	UserPoolId             *string
	Username               *string
	UserAttributes         []attribute
	TemporaryPassword      *string
	ForceAliasCreation     bool
	MessageAction          *string
	DesiredDeliveryMediums []string
	ClientMetadata         map[string]string
}

func (in *adminCreateUserInput) check(k *checks) {
	k.need("userPoolId", in.UserPoolId, rulePoolID)
	k.need("username", in.Username, ruleUsername)
	k.attributes("userAttributes", in.UserAttributes)
	k.may("temporaryPassword", in.TemporaryPassword, rulePassword)
	k.may("messageAction", in.MessageAction, ruleAction)
	k.each("desiredDeliveryMediums", in.DesiredDeliveryMediums, ruleMedium)
	k.metadata(in.ClientMetadata)
}

func (c *Cognito) adminCreateUser(call *wire.Call, in *adminCreateUserInput) (any, error) {
	p, err := c.pool(call, *in.UserPoolId)
	if err != nil {
		return nil, err
	}
	if err := p.writable(); err != nil {
		return nil, err
	}
	call.Note = *in.Username
	if in.MessageAction != nil && *in.MessageAction == "RESEND" {
		return c.resend(p, call, *in.Username)
	}
	if in.TemporaryPassword != nil && *in.TemporaryPassword != "" {
		if err := checkPassword(*in.TemporaryPassword); err != nil {
			return nil, err
		}
	}
	u, err := p.create(newUser{
		name: *in.Username, attrs: in.UserAttributes, status: ForceChangePassword, force: in.ForceAliasCreation, exists: "User account already exists",
	}, call.At)
	if err != nil {
		return nil, err
	}
	if in.MessageAction == nil {
		// The invitation counts against the daily limit like any other message.
		if _, err := c.mail.send(email, p.settings.Load().Email.developer(), call.At, c.sw()); err != nil {
			p.undo(u)
			return nil, err
		}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if in.TemporaryPassword != nil {
		u.password = *in.TemporaryPassword
	}
	return struct{ User userJSON }{p.render(u, u.seen(0, 0), nil)}, nil
}

// resend is AdminCreateUser with RESEND: the invitation again, for users who
// have not changed their first password.
func (c *Cognito) resend(p *Pool, call *wire.Call, name string) (any, error) {
	u, err := p.user(call, name)
	if err != nil {
		return nil, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.status != ForceChangePassword {
		return nil, wire.Errorf("UnsupportedUserStateException", "Resend not possible. User is not in FORCE_CHANGE_PASSWORD state")
	}
	if _, err := c.mail.send(email, p.settings.Load().Email.developer(), call.At, c.sw()); err != nil {
		return nil, err
	}
	return struct{ User userJSON }{p.render(u, u.seen(0, 0), nil)}, nil
}

// newUser is what create needs to know.
type newUser struct {
	name   string
	sub    string // "" makes one up at random
	attrs  []attribute
	status Status
	force  bool   // take aliases from those who hold them
	exists string // message of UsernameExistsException
}

// create adds a user. In a pool with username attributes the name is an e-mail
// address or phone number, and the username becomes the sub.
func (p *Pool) create(n newUser, at time.Time) (*user, error) {
	now := at.UnixNano()
	attrs, err := p.merge(nil, n.attrs)
	if err != nil {
		return nil, err
	}
	if n.sub == "" {
		n.sub = randomSub()
	}
	name, err := p.nameFor(&attrs, n)
	if err != nil {
		return nil, err
	}
	if len(p.nameAttr) > 0 {
		if p.alias.get(p.fold(n.name)) != nil {
			return nil, wire.Errorf("UsernameExistsException", "%s", n.exists)
		}
	}
	if p.onDemand != nil && p.onDemand.MatchString(n.name) {
		return nil, wire.Errorf("UsernameExistsException", "%s", n.exists)
	}
	u, fresh := p.names.add(p.fold(name), func() *user {
		return &user{name: p.fold(name), created: now, modified: now, sub: n.sub, status: n.status}
	})
	if !fresh {
		return nil, wire.Errorf("UsernameExistsException", "%s", n.exists)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if err := p.claimAliases(u, attrs, n.force); err != nil {
		p.names.drop(p.fold(name), u)
		return nil, err
	}
	if len(p.nameAttr) > 0 {
		// The attribute signed up with is a name from the start, verified or not.
		p.alias.put(p.fold(n.name), u)
	}
	u.remember(now, p.c.sw().ListLag, false)
	u.attrs = attrs
	p.subs.put(n.sub, u)
	p.append(u)
	return u, nil
}

// nameFor is the username of a new user, and fills in the attribute that a pool
// with username attributes takes it from.
func (p *Pool) nameFor(attrs *[]attrib, n newUser) (string, error) {
	switch {
	case n.status == ExternalProvider:
		// What a provider says is no user's choice, whatever form it has.
	case len(p.nameAttr) > 0:
		mail, phone := slices.Contains(p.nameAttr, "email"), slices.Contains(p.nameAttr, "phone_number")
		switch {
		case mail && isEmail(n.name):
			*attrs = withAttr(*attrs, "email", p.fold(n.name))
		case phone && isPhone(n.name):
			*attrs = withAttr(*attrs, "phone_number", n.name)
		case mail && phone:
			return "", invalid("Username should be either an email or a phone number.")
		case mail:
			return "", invalid("Username should be an email.")
		default:
			return "", invalid("Username should be a phone number.")
		}
		return n.sub, nil
	case slices.Contains(p.aliases, "email") && isEmail(n.name):
		return "", invalid("Username cannot be of email format, since user pool is configured for email alias.")
	case slices.Contains(p.aliases, "phone_number") && isPhone(n.name):
		return "", invalid("Username cannot be of phone number format, since user pool is configured for phone number alias.")
	}
	return strings.Clone(n.name), nil
}

// undo takes back a user who was just created.
func (p *Pool) undo(u *user) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.deleted = true
	p.names.drop(p.fold(u.name), u)
	p.subs.drop(u.sub, u)
	for _, a := range u.attributes() {
		p.alias.drop(p.fold(a.value), u)
	}
	p.count.Add(-1)
}
