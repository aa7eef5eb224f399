package intake

import (
	"strings"

	"relock/internal/job"
)

// NameKinds counts targets by what their usernames look like. It is a hint for
// people: an e-mail address in the wrong column shows here.
type NameKinds struct {
	Email, Phone, Sub, Federated, Other int64
}

// nameKind is an index into NameKinds; it takes kindBits bits.
type nameKind uint8

const (
	kindOther nameKind = iota
	kindEmail
	kindPhone
	kindSub
	kindFederated

	kindBits = 3
)

func (k *NameKinds) add(kind nameKind) {
	switch kind {
	case kindEmail:
		k.Email++
	case kindPhone:
		k.Phone++
	case kindSub:
		k.Sub++
	case kindFederated:
		k.Federated++
	default:
		k.Other++
	}
}

// federated are the prefixes that Cognito gives to the names of users of the
// social providers. Those of SAML and OIDC providers are chosen by the pool's
// owner and cannot be told from a name with an underscore.
var federated = []string{"google_", "facebook_", "loginwithamazon_", "signinwithapple_"}

// classify says what a username looks like.
func classify(name string) nameKind {
	if at := strings.IndexByte(name, '@'); at > 0 && at < len(name)-1 {
		return kindEmail
	}
	if name[0] == '+' {
		if isPhone(name) {
			return kindPhone
		}
		return kindOther
	}
	if job.Username(name).IsUUID() {
		return kindSub
	}
	if i := strings.IndexByte(name, '_'); i > 0 {
		for _, prefix := range federated {
			if len(prefix) == i+1 && len(name) > len(prefix) && strings.EqualFold(name[:i+1], prefix) {
				return kindFederated
			}
		}
	}
	return kindOther
}

// isPhone reports whether the name is a number in the form E.164, plus sign
// first.
func isPhone(name string) bool {
	digits := name[1:]
	return len(digits) >= 7 && len(digits) <= 15 && strings.Trim(digits, "0123456789") == ""
}
