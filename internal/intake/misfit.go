package intake

import (
	"strings"
	"unicode/utf8"

	"relock/internal/job"
)

// mark is a set of characters that a username holds and that are worth a second
// look. Most names have none, and cost no more than the look.
type mark uint8

const (
	markAt    mark = 1 << iota // @
	markAngle                  // < or >
	markPair                   // one of pairing
	markCrypt                  // $ or {
	markStar                   // *
	markJoin                   // space, tab, / or &
	markWide                   // not ASCII
)

var marks = func() (m [utf8.RuneSelf]mark) {
	m['@'], m['$'], m['{'], m['*'] = markAt, markCrypt, markCrypt, markStar
	m['<'], m['>'] = markAngle, markAngle
	m[' '], m['\t'], m['/'], m['&'] = markJoin, markJoin, markJoin, markJoin
	for _, c := range pairing {
		m[c] = markPair
	}
	return m
}()

// marksOf are the marks of a name.
func marksOf(name string) (m mark) {
	for i := range len(name) {
		if c := name[i]; c < utf8.RuneSelf {
			m |= marks[c]
		} else {
			m |= markWide
		}
	}
	return m
}

// hidden is what CloudTrail writes in place of a username that it takes for
// sensitive.
const hidden = "HIDDEN_DUE_TO_SECURITY_REASONS"

// misfit says why a name is none, though Cognito would permit it: a program has
// damaged it, or it is not what its column holds. Empty if nothing is wrong.
func misfit(name string, m mark, holds holds) string {
	switch c := name[0]; {
	case isPlaceholder(name):
		return "holds a word that programs write where they have nothing, such as NULL"
	case c == '#' && isSheetError(name):
		return "holds the error of a spreadsheet's formula, such as #N/A"
	case (c <= '9' && (c >= '0' || c == '+' || c == '-')) && isShortened(name):
		return "holds a number that a spreadsheet has rewritten, such as 1.55556E+10; its digits may be lost: export the list anew, with this column as text"
	case c == '\'' && len(name) > 1 && strings.IndexByte("+=-@0123456789", name[1]) >= 0:
		return "begins with an apostrophe, as spreadsheets mark text; remove it"
	case c == '=' && len(name) > 1 && (name[1] == '"' || name[1] == '+'):
		return `is written as a formula, ="…"; write the value alone`
	case isQuoted(name):
		return "has quotes around it that are part of the name; remove them"
	case m&markStar != 0 && strings.Contains(name, "***"):
		return "is masked: asterisks are in place of its letters"
	case m&markWide != 0 && strings.Contains(name, "\ufffd"):
		return "holds U+FFFD, which stands for a letter that was lost when the list was converted"
	}
	if m&markPair != 0 && scheme(name) {
		return "begins with mailto: or the like; remove it"
	}
	if m&markAt != 0 {
		if reason := aroundAddress(name, m); reason != "" {
			return reason
		}
	}
	switch {
	case holds == holdsEmail && !isEmail(name):
		return "is not an e-mail address, which the column's name promises"
	case holds == holdsSub && !job.Username(name).IsUUID():
		return "is not a sub (a UUID), which the column's name promises"
	case holds == holdsPhone && (name[0] != '+' || !isPhone(name)):
		if strings.Trim(name, "0123456789") == "" {
			return "is a phone number without its plus sign, which spreadsheets drop; write it as in +15555550100"
		}
		return "is not a phone number as Cognito has them, as in +15555550100"
	}
	return ""
}

// aroundAddress says what else is in a cell that holds an address.
func aroundAddress(name string, m mark) string {
	if m&markAngle != 0 {
		return "holds an address in angle brackets; write the address alone"
	}
	if m&(markPair|markJoin) == 0 {
		return ""
	}
	addresses := 0
	for _, part := range strings.FieldsFunc(name, func(r rune) bool { return separates(r) || r == '/' || r == '&' }) {
		if isEmail(part) {
			addresses++
		}
	}
	switch {
	case addresses > 1:
		return "holds more than one address; write one a row"
	case strings.IndexByte(pairing, name[0]) >= 0 || strings.IndexByte(pairing, name[len(name)-1]) >= 0:
		return "has a separator beside the address; write the address alone"
	}
	return ""
}

// isEmail reports whether a text is written as one e-mail address is. Cognito has
// the last word.
func isEmail(s string) bool {
	at := strings.IndexByte(s, '@')
	if at <= 0 || at == len(s)-1 || s[0] == '\'' {
		return false
	}
	local, domain := s[:at], s[at+1:]
	if strings.ContainsAny(local, ",;:<>()[]\"\\ \t") || domain[0] == '.' || domain[len(domain)-1] == '.' {
		return false
	}
	for i := range len(domain) {
		switch c := domain[i]; {
		case c >= utf8.RuneSelf, 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// placeholders are what programs write for nothing, in any case; NA and NaT only as
// written here, for they are short names.
var placeholders = []string{
	"null", "nil", "none", "nan", "n/a", "n.a.", `\n`, "undefined", "unknown", "missing",
	"(null)", "<null>", "[null]", "{null}", "<nil>", "(nil)", "(none)", "<none>", "<na>", "(blank)", "(empty)", "<empty>",
	"null_value", "-nan", "redacted", "[redacted]", "<redacted>", "(redacted)",
	"-", "--", "---", "–", "—", ".", "..", "...", "…", "?", "??", "???", "*", "**", "[]", "{}", "()", `""`, "''", "<>", "_",
}

var maxPlaceholder, placeholderStarts = func() (longest int, starts [256]bool) {
	for _, p := range placeholders {
		longest = max(longest, len(p))
		starts[p[0]], starts[strings.ToUpper(p)[0]] = true, true
	}
	return longest, starts
}()

func isPlaceholder(name string) bool {
	if len(name) > maxPlaceholder || !placeholderStarts[name[0]] {
		return false
	}
	for _, p := range placeholders {
		if len(p) == len(name) && strings.EqualFold(p, name) {
			return true
		}
	}
	return name == "NA" || name == "NaT"
}

// isSheetError reports whether a text that begins with # is the error of a
// spreadsheet in any language: #N/A, #REF!, #NAME?, #WERT!, #NV, ####.
func isSheetError(s string) bool {
	if s == "#NV" || s == "#GETTING_DATA" || strings.Trim(s, "#") == "" {
		return true
	}
	return strings.ToUpper(s) == s && strings.ContainsAny(s, "/!?") && !strings.ContainsAny(s, "@:")
}

// isShortened reports whether a text is a number as programs write it that take a
// phone number or an ID for one: 1.55556E+10, 1,55556e+10, 15555550100.0.
func isShortened(s string) bool {
	s = strings.TrimLeft(s, "+-")
	i := digits(s)
	if i == 0 || i == len(s) {
		return false
	}
	whole := i
	if s[i] == '.' || s[i] == ',' {
		n := digits(s[i+1:])
		if i += 1 + n; i == len(s) {
			return whole >= 7 && strings.Trim(s[whole+1:], "0") == ""
		}
	}
	if s[i]|0x20 != 'e' || i+2 >= len(s) || s[i+1] != '+' && s[i+1] != '-' {
		return false
	}
	return digits(s[i+2:]) == len(s)-i-2
}

// digits is how many digits a text begins with.
func digits(s string) int {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return i
		}
	}
	return len(s)
}

// isQuoted reports whether quotes are the first and the last character of a text.
func isQuoted(s string) bool {
	switch s[0] {
	case '"', '\'', '`':
		return len(s) > 2 && s[len(s)-1] == s[0]
	case "“"[0]:
		for _, q := range []string{"“”", "„“", "‘’", "””"} {
			first, last := q[:len(q)/2], q[len(q)/2:]
			if strings.HasPrefix(s, first) && strings.HasSuffix(s, last) {
				return true
			}
		}
	}
	return false
}

// scheme reports whether a text begins as the links to an address do.
func scheme(s string) bool {
	for _, p := range []string{"mailto:", "smtp:", "sip:", "tel:", "email:", "e-mail:", "http://", "https://"} {
		if len(s) > len(p) && s[0]|0x20 == p[0] && strings.EqualFold(s[:len(p)], p) {
			return true
		}
	}
	return false
}
