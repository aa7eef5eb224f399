package cognito

import (
	"slices"
	"strings"

	"relock/internal/sandbox/wire"
)

// attribute is a user attribute on the wire.
type attribute struct {
	Name  *string
	Value *string `json:",omitempty"`
}

// userJSON is a user on the wire. AdminGetUser calls the list UserAttributes,
// the others Attributes.
type userJSON struct {
	Username             string
	Attributes           []attribute `json:",omitempty"`
	UserAttributes       []attribute `json:",omitempty"`
	UserCreateDate       stamp
	UserLastModifiedDate stamp
	Enabled              bool
	UserStatus           Status
}

// render is a user as of version v; want names the attributes to show, nil all.
func (p *Pool) render(u *user, v version, want []string) userJSON {
	out := userJSON{
		Username: u.name, UserCreateDate: stamp(u.created), UserLastModifiedDate: stamp(v.modified),
		Enabled: !v.disabled, UserStatus: v.status,
	}
	add := func(name, value string) {
		if want == nil || slices.Contains(want, name) {
			out.Attributes = append(out.Attributes, attribute{&name, &value})
		}
	}
	for _, a := range v.attrs {
		add(a.name, a.value)
	}
	add("sub", p.subOf(u))
	return out
}

func (c *Cognito) adminGetUser(call *wire.Call, in *adminUserInput) (any, error) {
	p, err := c.pool(call, *in.UserPoolId)
	if err != nil {
		return nil, err
	}
	u, err := p.user(call, *in.Username)
	if err != nil {
		return nil, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.deleted {
		return nil, userNotFound()
	}
	out := p.render(u, u.seen(0, 0), nil)
	out.UserAttributes, out.Attributes = out.Attributes, nil
	return out, nil
}

func (c *Cognito) adminDisableUser(call *wire.Call, in *adminUserInput) (any, error) {
	return c.onUser(call, in.UserPoolId, in.Username, func(_ *Pool, u *user, s *Switches, now int64) error {
		u.change(now, s.ListLag, func() { u.disabled = true })
		// "Revokes all tokens" (Cognito developer guide, token revocation).
		u.signOutAll()
		return nil
	})
}

func (c *Cognito) adminEnableUser(call *wire.Call, in *adminUserInput) (any, error) {
	return c.onUser(call, in.UserPoolId, in.Username, func(_ *Pool, u *user, s *Switches, now int64) error {
		u.change(now, s.ListLag, func() { u.disabled = false })
		return nil
	})
}

func (c *Cognito) adminDeleteUser(call *wire.Call, in *adminUserInput) (any, error) {
	return c.onUser(call, in.UserPoolId, in.Username, func(p *Pool, u *user, s *Switches, now int64) error {
		u.change(now, s.ListLag, func() { u.deleted = true })
		p.names.drop(p.fold(u.name), u)
		for _, a := range u.attributes() {
			p.alias.drop(p.fold(a.value), u)
		}
		if u.sub != "" {
			p.subs.drop(u.sub, u)
		}
		p.count.Add(-1)
		p.leaveGroups(u)
		return nil
	})
}

type adminSetUserPasswordInput struct {
	UserPoolId *string
	Username   *string
	Password   *string
	Permanent  bool
}

func (in *adminSetUserPasswordInput) check(k *checks) {
	k.need("userPoolId", in.UserPoolId, rulePoolID)
	k.need("username", in.Username, ruleUsername)
	k.need("password", in.Password, rulePassword)
}

func (c *Cognito) adminSetUserPassword(call *wire.Call, in *adminSetUserPasswordInput) (any, error) {
	return c.onUser(call, in.UserPoolId, in.Username, func(_ *Pool, u *user, s *Switches, now int64) error {
		if err := checkPassword(*in.Password); err != nil {
			return err
		}
		u.change(now, s.ListLag, func() {
			u.password = *in.Password
			u.status = ForceChangePassword
			if in.Permanent {
				u.status = Confirmed
			}
		})
		return nil
	})
}

type adminUpdateUserAttributesInput struct {
	UserPoolId     *string
	Username       *string
	UserAttributes *[]attribute
	ClientMetadata map[string]string
}

func (in *adminUpdateUserAttributesInput) check(k *checks) {
	k.need("userPoolId", in.UserPoolId, rulePoolID)
	k.need("username", in.Username, ruleUsername)
	if in.UserAttributes == nil {
		k.null("userAttributes")
	} else {
		k.attributes("userAttributes", *in.UserAttributes)
	}
	k.metadata(in.ClientMetadata)
}

func (c *Cognito) adminUpdateUserAttributes(call *wire.Call, in *adminUpdateUserAttributesInput) (any, error) {
	return c.onUser(call, in.UserPoolId, in.Username, func(p *Pool, u *user, s *Switches, now int64) error {
		attrs, err := p.merge(u.attributes(), *in.UserAttributes)
		if err != nil {
			return err
		}
		if err := p.claimAliases(u, attrs, false); err != nil {
			return err
		}
		u.change(now, s.ListLag, func() { u.attrs = attrs })
		return nil
	})
}

// standardAttributes are those of the OpenID Connect profile that every pool has.
var standardAttributes = []string{
	"address", "birthdate", "email", "email_verified", "family_name", "gender", "given_name", "locale", "middle_name",
	"name", "nickname", "phone_number", "phone_number_verified", "picture", "preferred_username", "profile", "sub",
	"updated_at", "website", "zoneinfo",
}

// merge applies changes to attributes: an empty value removes one, and a new
// e-mail address or phone number is unverified unless the request says so.
func (p *Pool) merge(attrs []attrib, changes []attribute) ([]attrib, error) {
	out := slices.Clone(attrs)
	said := map[string]bool{}
	for _, a := range changes {
		said[*a.Name] = true
	}
	for _, a := range changes {
		name, value := *a.Name, ""
		if a.Value != nil {
			value = *a.Value
		}
		switch {
		case name == "sub":
			return nil, invalid("user.sub: Attribute cannot be updated.\n")
		case !slices.Contains(standardAttributes, name) && !strings.HasPrefix(name, "custom:") && !strings.HasPrefix(name, "dev:"):
			return nil, invalid("Attributes did not conform to the schema: Type for attribute {%s} could not be determined", name)
		case name == "email" && value != "" && !isEmail(value):
			return nil, invalid("Invalid email address format.")
		case name == "phone_number" && value != "" && !isPhone(value):
			return nil, invalid("Invalid phone number format.")
		}
		if value == "" {
			out = slices.DeleteFunc(out, func(o attrib) bool { return o.name == name })
			continue
		}
		if p.folded && (name == "email" || name == "preferred_username") {
			value = strings.ToLower(value)
		}
		if flag := name + "_verified"; (name == "email" || name == "phone_number") && !said[flag] && lookup(out, name) != value {
			out = withAttr(out, flag, "false")
		}
		out = withAttr(out, name, value)
	}
	return out, nil
}

// isEmail and isPhone are the formats that Cognito wants: something@something,
// and E.164.
func isEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	return at > 0 && at < len(s)-1 && !strings.ContainsAny(s, " \t\n\r")
}

func isPhone(s string) bool {
	if len(s) < 2 || len(s) > 16 || s[0] != '+' {
		return false
	}
	return strings.Trim(s[1:], "0123456789") == ""
}

// claimAliases makes the verified alias attributes in attrs names of the locked
// user. A name that another user holds is AliasExistsException, or is taken from
// that user by force. Names that the user held before are given up.
func (p *Pool) claimAliases(u *user, attrs []attrib, force bool) error {
	if len(p.aliases)+len(p.nameAttr) == 0 {
		return nil
	}
	names := append(slices.Clone(p.aliases), p.nameAttr...)
	var claim []string
	for _, name := range names {
		value := lookup(attrs, name)
		if value == "" || name != "preferred_username" && lookup(attrs, name+"_verified") != "true" {
			continue
		}
		key := p.fold(value)
		if holder := p.alias.get(key); holder != nil && holder != u && !force {
			return wire.Errorf("AliasExistsException", "An account with the %s already exists.", name)
		}
		claim = append(claim, key)
	}
	for _, name := range names {
		if old := p.fold(lookup(u.attributes(), name)); old != "" && !slices.Contains(claim, old) {
			p.alias.drop(old, u)
		}
	}
	for _, key := range claim {
		p.alias.put(key, u)
	}
	return nil
}

// checkPassword is the default policy: eight characters, a lower-case and an
// upper-case letter, a number and a symbol.
func checkPassword(s string) error {
	bad := func(why string) error {
		return wire.Errorf("InvalidPasswordException", "Password did not conform with policy: Password %s", why)
	}
	switch {
	case len(s) < 8:
		return bad("not long enough")
	case !strings.ContainsAny(s, "abcdefghijklmnopqrstuvwxyz"):
		return bad("must have lowercase characters")
	case !strings.ContainsAny(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"):
		return bad("must have uppercase characters")
	case !strings.ContainsAny(s, "0123456789"):
		return bad("must have numeric characters")
	case !strings.ContainsAny(s, "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+- "):
		return bad("must have symbol characters")
	}
	return nil
}
