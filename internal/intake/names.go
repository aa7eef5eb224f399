package intake

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"relock/internal/guard"
)

// holds is what a column holds, by its name.
type holds uint8

const (
	holdsNames holds = iota // usernames, or unknown
	holdsEmail
	holdsSub
	holdsPhone
	holdsSecret
)

// usernameColumns are the names, as normal has them, by which the column of the
// usernames is found: the first that the header has. cognito:username is what
// Cognito's own import files call it; the first is that of the lists that `job`
// writes.
var usernameColumns = []struct {
	name  string
	holds holds
}{
	{normal(guard.Column), holdsNames},
	{"username", holdsNames},
	{"cognito:username", holdsNames},
	{"user", holdsNames},
	{"login", holdsNames},
	{"loginname", holdsNames},
	{"userlogin", holdsNames},
	{"email", holdsEmail},
	{"emailaddress", holdsEmail},
	{"mail", holdsEmail},
	{"mailaddress", holdsEmail},
	{"sub", holdsSub},
	{"usersub", holdsSub},
	{"phonenumber", holdsPhone},
	{"phone", holdsPhone},
	{"mobile", holdsPhone},
	{"mobilephone", holdsPhone},
	{"mobilenumber", holdsPhone},
	{"telephone", holdsPhone},
	{"telephonenumber", holdsPhone},
}

// usualNames are those of usernameColumns that messages name.
const usualNames = "username, cognito:username, user, login, email, sub, phone_number"

// normal is a column's name without what programs write differently: case, white
// space, underscores and hyphens.
func normal(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == '\u2010' || r == '\u2011' || unicode.IsSpace(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// rank is the index in usernameColumns of a column's name, or -1.
func rank(name string) int {
	name = normal(name)
	for i, c := range usernameColumns {
		if c.name == name {
			return i
		}
	}
	return -1
}

// holdsOf is what a column of that name holds.
func holdsOf(name string) holds {
	n := normal(name)
	for _, word := range []string{"passw", "pwd", "secret"} {
		if strings.Contains(n, word) {
			return holdsSecret
		}
	}
	if strings.HasSuffix(n, "hash") || strings.HasSuffix(n, "salt") {
		return holdsSecret
	}
	if i := rank(name); i >= 0 {
		return usernameColumns[i].holds
	}
	return holdsNames
}

// list shows the names of columns, the first twenty of them. What may be a value,
// such as a password, is no name and is only counted.
func list(names []string) string {
	const most = 20
	var shown []string
	values, more := 0, 0
	for _, n := range names {
		switch {
		case !isHeaderName(n):
			values++
		case len(shown) == most:
			more++
		case len(n) > 64:
			shown = append(shown, strconv.Quote(strings.ToValidUTF8(n[:64], "")+"…"))
		default:
			shown = append(shown, strconv.Quote(n))
		}
	}
	text := strings.Join(shown, ", ")
	if more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	if values > 0 && text != "" {
		text += " and "
	}
	if values > 0 {
		text += plural(values, "cell") + " that may be data, not shown"
	}
	return text
}

// isHeaderName reports whether a text is written as the names of columns are:
// letters, and what stands between words.
func isHeaderName(s string) bool {
	if prefix, rest, found := strings.Cut(s, ":"); found && (strings.EqualFold(prefix, "cognito") || strings.EqualFold(prefix, "custom")) {
		s = rest
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !strings.ContainsRune(" _-./()[]", r)
	})
}
