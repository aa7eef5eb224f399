package sqs

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"relock/internal/sandbox/wire"
)

var (
	queueName     = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,80}$`)
	fifoQueueName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,75}\.fifo$`)
	attributeName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,256}$`)
	// groupOrDedup: punctuation and alphanumerics, up to 128.
	groupOrDedup = regexp.MustCompile(`^[!-~]{1,128}$`)
)

// permitted reports whether all characters may be in a message:
// #x9 #xA #xD #x20-#xD7FF #xE000-#xFFFD #x10000-#x10FFFF.
// Source: SQS API Reference, SendMessage.
func permitted(s string) bool {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c < 0x20 && c != '\t' && c != '\n' && c != '\r' {
				return false
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 || r == 0xFFFE || r == 0xFFFF {
			return false
		}
		i += size
	}
	return true
}

// checkAttributes says what is wrong with message attributes, and how many
// bytes they add to the message.
func checkAttributes(attributes map[string]attributeValue) (size int, e *wire.Error) {
	if len(attributes) > 10 {
		return 0, invalidParameter("Number of message attributes [%d] exceeds the allowed maximum [10].", len(attributes))
	}
	for name, v := range attributes {
		lower := strings.ToLower(name)
		if !attributeName.MatchString(name) || strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") ||
			strings.Contains(name, "..") || strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon.") {
			return 0, invalidParameter("The message attribute name '%s' is invalid. Attribute name can contain A-Z, a-z, 0-9, underscore (_), hyphen (-), and period (.) characters; it must not start or end with a period, have periods in succession, or start with AWS-reserved prefixes.", name)
		}
		n, e := checkAttributeValue("user", name, v)
		if e != nil {
			return 0, e
		}
		size += len(name) + n
	}
	return size, nil
}

func checkAttributeValue(kind, name string, v attributeValue) (size int, e *wire.Error) {
	base, _, _ := strings.Cut(v.DataType, ".")
	switch {
	case v.DataType == "":
		return 0, invalidParameter("The message (%s) attribute '%s' must contain a non-empty message attribute type.", kind, name)
	case base != "String" && base != "Number" && base != "Binary":
		return 0, invalidParameter("The message (%s) attribute '%s' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.", kind, name)
	case len(v.DataType) > 256:
		return 0, invalidParameter("Length of message (%s) attribute type must be less than 256 bytes.", kind)
	case v.StringListValues != nil || v.BinaryListValues != nil:
		return 0, &wire.Error{Code: "UnsupportedOperation", QueryCode: "AWS.SimpleQueueService.UnsupportedOperation", Message: "Message attribute list values in SendMessage operation are not supported."}
	case base == "Binary" && len(v.BinaryValue) == 0, base != "Binary" && (v.StringValue == nil || *v.StringValue == ""):
		return 0, invalidParameter("Message (%s) attribute '%s' must contain a non-empty value of type '%s'.", kind, name, base)
	case base == "Binary" && v.StringValue != nil, base != "Binary" && v.BinaryValue != nil:
		return 0, invalidParameter("Message (%s) attribute '%s' has multiple values.", kind, name)
	case base == "Binary":
		return len(v.DataType) + len(v.BinaryValue), nil
	}
	if !permitted(*v.StringValue) {
		return 0, invalidParameter("Invalid binary character was found in the message (%s) attribute '%s' value, the set of allowed characters is #x9 | #xA | #xD | [#x20 to #xD7FF] | [#xE000 to #xFFFD] | [#x10000 to #x10FFFF]", kind, name)
	}
	if base == "Number" {
		if _, err := strconv.ParseFloat(*v.StringValue, 64); err != nil {
			return 0, invalidParameter("Can't cast the value of message (%s) attribute '%s' to a number.", kind, name)
		}
	}
	return len(v.DataType) + len(*v.StringValue), nil
}

// checkRange says that a number that was given is out of range.
func checkRange(v *int64, parameter string, low, high int64, reason string) *wire.Error {
	if v != nil && (*v < low || *v > high) {
		return invalidValue(*v, parameter, reason)
	}
	return nil
}

// entryID is the rule for the IDs of a batch's entries.
func entryID(id string) bool {
	if id == "" || len(id) > 80 {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}
