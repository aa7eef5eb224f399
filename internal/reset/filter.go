package reset

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"relock/internal/job"
)

// Attribute is an attribute of a user that ListUsers can search.
type Attribute string

// The attributes that ListUsers can search (API_ListUsers, Filter). Custom
// attributes cannot be searched.
const (
	ByUsername   Attribute = "username"
	ByEmail      Attribute = "email"
	ByPhone      Attribute = "phone_number"
	ByName       Attribute = "name"
	ByGivenName  Attribute = "given_name"
	ByFamilyName Attribute = "family_name"
	ByPreferred  Attribute = "preferred_username"
	ByStatus     Attribute = "cognito:user_status"
	ByEnabled    Attribute = "status"
	BySub        Attribute = "sub"
)

// Attributes lists every attribute that can be searched, in AWS's order.
func Attributes() []Attribute {
	return []Attribute{
		ByUsername, ByEmail, ByPhone, ByName, ByGivenName, ByFamilyName,
		ByPreferred, ByStatus, ByEnabled, BySub,
	}
}

// maxFilter is the longest filter that ListUsers takes, in UTF-16 units (shape
// UserFilterType of the service model).
const maxFilter = 256

// What no filter can say. None of the texts holds the value.
var (
	// ErrAttribute: ListUsers cannot search the attribute.
	ErrAttribute = errors.New("ListUsers cannot search this attribute")
	// ErrFilterValue: no filter can express the value.
	ErrFilterValue = errors.New("no ListUsers filter can express this value")
)

// escaper writes a value between quotation marks. API_ListUsers says that
// quotation marks are escaped with a backslash; that a backslash is escaped
// likewise is not written anywhere, and follows from it. So whoever looks a value
// up compares what comes back (Find does).
var escaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// Exactly is the filter of ListUsers that matches the users whose attribute has
// exactly this value. Whatever the value holds, the filter says that and nothing
// else; a value that cannot be said so is refused with ErrFilterValue: an empty
// one, one that is not UTF-8, one with control characters, and one whose filter
// would be longer than ListUsers takes. The errors do not hold the value.
func Exactly(attribute Attribute, value job.Username) (string, error) {
	if !slices.Contains(Attributes(), attribute) {
		return "", fmt.Errorf("%w: %q", ErrAttribute, string(attribute))
	}
	v := string(value)
	switch {
	case v == "":
		return "", fmt.Errorf("%w: it is empty", ErrFilterValue)
	case !utf8.ValidString(v):
		return "", fmt.Errorf("%w: it is not valid UTF-8", ErrFilterValue)
	case strings.ContainsFunc(v, isControl):
		return "", fmt.Errorf("%w: it has control characters", ErrFilterValue)
	}
	filter := string(attribute) + ` = "` + escaper.Replace(v) + `"`
	if n := units(filter); n > maxFilter {
		return "", fmt.Errorf("%w: the filter would be %d characters long, and %d are allowed", ErrFilterValue, n, maxFilter)
	}
	return filter, nil
}

func isControl(r rune) bool { return r < ' ' || 0x7f <= r && r < 0xa0 }

// units is the length of valid UTF-8 in UTF-16 units, as the service counts.
func units(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}
