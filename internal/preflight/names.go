package preflight

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"relock/internal/job"
	"relock/internal/reset"
)

// attributes are those by which a reset may find a user of this name, the likeliest
// first: most look-ups are one call.
func attributes(pool *types.UserPoolType, name job.Username) []reset.Attribute {
	mail, phone := strings.Contains(string(name), "@"), strings.HasPrefix(string(name), "+")
	var list []reset.Attribute
	aliased := func(alias types.AliasAttributeType, attr types.UsernameAttributeType) bool {
		return slices.Contains(pool.AliasAttributes, alias) || attr != "" && nameIs(pool, attr)
	}
	if mail && aliased(types.AliasAttributeTypeEmail, types.UsernameAttributeTypeEmail) {
		list = append(list, reset.ByEmail)
	}
	if phone && aliased(types.AliasAttributeTypePhoneNumber, types.UsernameAttributeTypePhoneNumber) {
		list = append(list, reset.ByPhone)
	}
	// A username that looks like an alias may still be one: that of a federated
	// user is the provider's name and what the provider says, often an address.
	list = append(list, reset.ByUsername)
	if name.IsUUID() {
		list = append([]reset.Attribute{reset.BySub}, list...)
	}
	if aliased(types.AliasAttributeTypePreferredUsername, "") {
		list = append(list, reset.ByPreferred)
	}
	return list
}

// namesOf are all names by which a reset finds a user.
func namesOf(pool *types.UserPoolType, u reset.User) []job.Username {
	var names []job.Username
	for _, x := range []struct {
		by   reset.Attribute
		name job.Username
	}{{reset.ByUsername, u.Username}, {reset.BySub, u.Sub}, {reset.ByEmail, u.Email}, {reset.ByPhone, u.Phone}, {reset.ByPreferred, u.Preferred}} {
		if x.name != "" && slices.Contains(attributes(pool, x.name), x.by) && means(pool, x.by, u) {
			names = append(names, x.name)
		}
	}
	return names
}

// nameIs reports whether users sign in with an attribute in place of a username.
func nameIs(pool *types.UserPoolType, a types.UsernameAttributeType) bool {
	return slices.Contains(pool.UsernameAttributes, a)
}
