package intake

import (
	"fmt"
	"strings"
	"unicode"

	"relock/internal/number"
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
		return ProblemLength, number.Text("the username has %d characters; Cognito permits %d", length, MaxUsername)
	}
	return "", ""
}

// forbidden explains a character outside of Cognito's pattern.
func forbidden(name string, r rune) (ProblemKind, string) {
	switch {
	case r == '\ufeff':
		return ProblemCharacter, "the username contains a byte order mark (U+FEFF); two files were joined here, remove it"
	case unicode.IsSpace(r) && r != '\u0085' && strings.TrimSpace(name) != name:
		return ProblemSpace, "the username begins or ends with white space; remove it, or use --trim"
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
