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
	// A username cannot have the form of an attribute that is an alias, nor, where
	// usernames are made up, any form but a UUID's.
	username := true
	if mail && aliased(types.AliasAttributeTypeEmail, types.UsernameAttributeTypeEmail) {
		list, username = append(list, reset.ByEmail), false
	}
	if phone && aliased(types.AliasAttributeTypePhoneNumber, types.UsernameAttributeTypePhoneNumber) {
		list, username = append(list, reset.ByPhone), false
	}
	if username && (len(pool.UsernameAttributes) == 0 || isUUID(name)) {
		list = append(list, reset.ByUsername)
	}
	if isUUID(name) {
		list = append([]reset.Attribute{reset.BySub}, list...)
	}
	if aliased(types.AliasAttributeTypePreferredUsername, "") {
		list = append(list, reset.ByPreferred)
	}
	return list
}

// nameIs reports whether users sign in with an attribute in place of a username.
func nameIs(pool *types.UserPoolType, a types.UsernameAttributeType) bool {
	return slices.Contains(pool.UsernameAttributes, a)
}

// isUUID reports whether a name has the form of a sub.
func isUUID(name job.Username) bool {
	const form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
	if len(name) != len(form) {
		return false
	}
	for i := range len(name) {
		c := name[i]
		hex := '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
		if (form[i] == '-') != (c == '-') || form[i] == 'x' && !hex {
			return false
		}
	}
	return true
}
