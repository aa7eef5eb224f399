package cognito

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"relock/internal/sandbox/wire"
)

// checks collects what is wrong with a request's members and words it as AWS
// does: "1 validation error detected: Value … at 'member' failed to satisfy
// constraint: …".
type checks struct {
	faults []string
}

// rule is the constraint of a string shape in AWS's model.
type rule struct {
	// min and max are lengths in UTF-16 units, as Java counts; max 0 is none.
	min, max int
	// match and pattern are the same pattern, as code and as AWS's text.
	match   func(string) bool
	pattern string
	enum    []string
	// sensitive values are left out of the text.
	sensitive bool
}

// The shapes of the user pools API, as in the service model of 2016-04-18.
var (
	rulePoolID = rule{min: 1, max: 55, match: isPoolID, pattern: `[\w-]+_[0-9a-zA-Z]+`}
	// The model marks usernames, passwords and client IDs as sensitive.
	ruleUsername    = rule{min: 1, max: 128, match: isVisible, pattern: `[\p{L}\p{M}\p{S}\p{N}\p{P}]+`, sensitive: true}
	rulePassword    = rule{max: 256, match: isNonSpace, pattern: `[\S]+`, sensitive: true}
	ruleGroup       = rule{min: 1, max: 128, match: isVisible, pattern: `[\p{L}\p{M}\p{S}\p{N}\p{P}]+`}
	ruleAttrName    = rule{min: 1, max: 32, match: isVisibleOrBlank, pattern: `[\p{L}\p{M}\p{S}\p{N}\p{P}\t\n\r ]+`}
	ruleAttrValue   = rule{max: 2048, sensitive: true}
	rulePoolName    = rule{min: 1, max: 128, match: isPoolName, pattern: `[\w\s+=,.@-]+`}
	ruleClientID    = rule{min: 1, max: 128, match: isWordPlus, pattern: `[\w+]+`, sensitive: true}
	ruleSecretHash  = rule{min: 1, max: 128, match: isSecretHash, pattern: `[\w+=/]+`, sensitive: true}
	ruleCode        = rule{min: 1, max: 2048, match: isNonSpace, pattern: `[\S]+`}
	ruleToken       = rule{min: 1, match: isNonSpace, pattern: `[\S]+`}
	ruleNextToken   = rule{min: 1, max: 131072, match: isNonSpace, pattern: `[\S]+`}
	ruleFilter      = rule{max: 256}
	ruleDescription = rule{max: 2048}
	ruleAction      = rule{enum: []string{"RESEND", "SUPPRESS"}}
	ruleMedium      = rule{enum: []string{"SMS", "EMAIL"}}
	ruleSending     = rule{enum: []string{"COGNITO_DEFAULT", "DEVELOPER"}}
	ruleAlias       = rule{enum: []string{"phone_number", "email", "preferred_username"}}
	ruleNameAttr    = rule{enum: []string{"phone_number", "email"}}
	ruleMFA         = rule{enum: []string{"OFF", "ON", "OPTIONAL"}}
	ruleRecovery    = rule{enum: []string{"verified_email", "verified_phone_number", "admin_only"}}
	rulePrevent     = rule{enum: []string{"LEGACY", "ENABLED"}}
	ruleProtection  = rule{enum: []string{"ACTIVE", "INACTIVE"}}
	ruleAuthFlow    = rule{enum: []string{"USER_SRP_AUTH", "REFRESH_TOKEN_AUTH", "REFRESH_TOKEN", "CUSTOM_AUTH", "ADMIN_NO_SRP_AUTH", "USER_PASSWORD_AUTH", "ADMIN_USER_PASSWORD_AUTH", "USER_AUTH"}}
	ruleMetadata    = rule{max: 131072}
)

// need checks a required string.
func (k *checks) need(member string, v *string, r rule) {
	if v == nil {
		k.null(member)
		return
	}
	k.str(member, *v, r)
}

// may checks an optional string.
func (k *checks) may(member string, v *string, r rule) {
	if v != nil {
		k.str(member, *v, r)
	}
}

// each checks every member of a list.
func (k *checks) each(member string, list []string, r rule) {
	for i, v := range list {
		k.str(fmt.Sprintf("%s.%d.member", member, i+1), v, r)
	}
}

func (k *checks) str(member, v string, r rule) {
	if r.min > 0 || r.max > 0 {
		// A string's bytes are an upper bound for its UTF-16 units.
		if n := len(v); n < r.min || (r.max > 0 && n > r.max) {
			n = units(v)
			if n < r.min {
				k.fail(member, v, r, fmt.Sprintf("Member must have length greater than or equal to %d", r.min))
			}
			if r.max > 0 && n > r.max {
				k.fail(member, v, r, fmt.Sprintf("Member must have length less than or equal to %d", r.max))
			}
		}
	}
	if r.match != nil && !r.match(v) {
		k.fail(member, v, r, "Member must satisfy regular expression pattern: "+r.pattern)
	}
	if r.enum != nil {
		if slices.Contains(r.enum, v) {
			return
		}
		k.fail(member, v, r, "Member must satisfy enum value set: ["+strings.Join(r.enum, ", ")+"]")
	}
}

// between checks an optional number.
func (k *checks) between(member string, v *int, lo, hi int) {
	if v == nil {
		return
	}
	if *v < lo {
		k.faults = append(k.faults, fmt.Sprintf("Value '%d' at '%s' failed to satisfy constraint: Member must have value greater than or equal to %d", *v, member, lo))
	}
	if *v > hi {
		k.faults = append(k.faults, fmt.Sprintf("Value '%d' at '%s' failed to satisfy constraint: Member must have value less than or equal to %d", *v, member, hi))
	}
}

// attributes checks a list of user attributes.
func (k *checks) attributes(member string, list []attribute) {
	for i, a := range list {
		at := fmt.Sprintf("%s.%d.member.", member, i+1)
		k.need(at+"name", a.Name, ruleAttrName)
		k.may(at+"value", a.Value, ruleAttrValue)
	}
}

// metadata checks ClientMetadata: keys and values of up to 131,072 characters.
func (k *checks) metadata(m map[string]string) {
	for key, v := range m {
		if units(key) > ruleMetadata.max {
			k.faults = append(k.faults, "Value at 'clientMetadata' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 131072, Member must have length greater than or equal to 0]")
		}
		if units(v) > ruleMetadata.max {
			k.faults = append(k.faults, "Value at 'clientMetadata' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 131072, Member must have length greater than or equal to 0]")
		}
	}
}

func (k *checks) null(member string) {
	k.faults = append(k.faults, "Value null at '"+member+"' failed to satisfy constraint: Member must not be null")
}

func (k *checks) fail(member, v string, r rule, constraint string) {
	value := "Value '" + v + "' at '"
	if r.sensitive {
		value = "Value at '"
	}
	k.faults = append(k.faults, value+member+"' failed to satisfy constraint: "+constraint)
}

func (k *checks) err() error {
	switch n := len(k.faults); n {
	case 0:
		return nil
	case 1:
		return invalid("1 validation error detected: %s", k.faults[0])
	default:
		return invalid("%d validation errors detected: %s", n, strings.Join(k.faults, "; "))
	}
}

// invalid is an InvalidParameterException.
func invalid(format string, args ...any) error {
	return wire.Errorf("InvalidParameterException", format, args...)
}

func units(s string) int {
	n := 0
	for _, r := range s {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}

// isVisible is [\p{L}\p{M}\p{S}\p{N}\p{P}]+: every username passes through it,
// so ASCII takes the short way.
func isVisible(s string) bool {
	for i := 0; i < len(s); i++ {
		if b := s[i]; b >= utf8.RuneSelf {
			return allRunes(s[i:], isVisibleRune)
		} else if b <= ' ' || b == 0x7f {
			return false
		}
	}
	return s != ""
}

func isVisibleRune(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M, unicode.S, unicode.N, unicode.P)
}

func isVisibleOrBlank(s string) bool {
	return s != "" && allRunes(s, func(r rune) bool {
		return r == '\t' || r == '\n' || r == '\r' || r == ' ' || isVisibleRune(r)
	})
}

// isNonSpace is [\S]+ with Java's \s, which is ASCII white space only.
func isNonSpace(s string) bool { return s != "" && !strings.ContainsAny(s, " \t\n\v\f\r") }

func isWord(r rune) bool {
	return r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}

func isWordPlus(s string) bool {
	return s != "" && allRunes(s, func(r rune) bool { return isWord(r) || r == '+' })
}

func isSecretHash(s string) bool {
	return s != "" && allRunes(s, func(r rune) bool { return isWord(r) || strings.ContainsRune("+=/", r) })
}

func isPoolName(s string) bool {
	return s != "" && allRunes(s, func(r rune) bool { return isWord(r) || strings.ContainsRune(" \t\n\v\f\r+=,.@-", r) })
}

// isPoolID is [\w-]+_[0-9a-zA-Z]+.
func isPoolID(s string) bool {
	i := strings.LastIndexByte(s, '_')
	if i < 1 || i == len(s)-1 {
		return false
	}
	return allRunes(s[:i], func(r rune) bool { return isWord(r) || r == '-' }) &&
		allRunes(s[i+1:], func(r rune) bool { return isWord(r) && r != '_' })
}

func allRunes(s string, ok func(rune) bool) bool {
	for _, r := range s {
		if !ok(r) {
			return false
		}
	}
	return true
}
