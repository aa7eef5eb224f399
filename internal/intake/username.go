package intake

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxUsername is the longest username, in characters, that Cognito takes.
// Source: API reference, AdminResetUserPassword, Username: 1 to 128 characters
// of the pattern [\p{L}\p{M}\p{S}\p{N}\p{P}]+.
const MaxUsername = 128

// checkUsername says what is wrong with a username that is valid UTF-8; the
// kind is empty if nothing is.
func checkUsername(name string) (ProblemKind, string) {
	if name == "" {
		return ProblemEmpty, "the username is empty"
	}
	length := 0
	for _, r := range name {
		length++
		if r > ' ' && r < unicode.MaxASCII {
			continue // All other ASCII is in the pattern.
		}
		if r <= ' ' || r == unicode.MaxASCII || !unicode.In(r, unicode.L, unicode.M, unicode.S, unicode.N, unicode.P) {
			return forbidden(name, r)
		}
	}
	if length > MaxUsername {
		return ProblemLength, fmt.Sprintf("the username has %d characters; Cognito permits %d", length, MaxUsername)
	}
	return "", ""
}

// forbidden explains a character outside of Cognito's pattern.
func forbidden(name string, r rune) (ProblemKind, string) {
	switch {
	case r == '\ufeff':
		return ProblemCharacter, "the username contains a byte order mark (U+FEFF); two files were joined here, remove it"
	case unicode.IsSpace(r) && r != '\u0085' && strings.TrimSpace(name) != name:
		return ProblemSpace, "the username begins or ends with white space; remove it, names are taken as written"
	case r == 0:
		return ProblemControl, "the username contains the control character U+0000; the list is damaged, or partly UTF-16: save it anew as UTF-8"
	case r == '\r':
		return ProblemControl, "the username contains a CR (U+000D); if a line was meant to end there, end all lines with LF or CRLF"
	case unicode.IsControl(r):
		return ProblemControl, fmt.Sprintf("the username contains the control character %U; remove it", r)
	case unicode.IsSpace(r):
		return ProblemSpace, fmt.Sprintf("the username contains a space (%U), which Cognito does not permit", r)
	default:
		return ProblemCharacter, fmt.Sprintf("the username contains %U, which Cognito does not permit", r)
	}
}

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
	if len(name) == 36 && isUUID(name) {
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

// isUUID reports whether a name of 36 bytes is a UUID, the form of a sub.
func isUUID(name string) bool {
	for i := range len(name) {
		c := name[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !(c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f') {
				return false
			}
		}
	}
	return true
}

// checkText says what keeps a text out of a message: SQS permits #x9, #xA, #xD,
// #x20 to #xD7FF, #xE000 to #xFFFD and #x10000 to #x10FFFF. Source: API
// reference, SendMessage. Empty if nothing does.
func checkText(s string) string {
	if !utf8.ValidString(s) {
		return "is not valid UTF-8"
	}
	for _, r := range s {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
			return fmt.Sprintf("contains %U, which SQS does not permit", r)
		}
	}
	return ""
}
