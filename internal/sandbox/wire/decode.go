package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Decode reads the body into v, as strictly as AWS does: a wrong JSON type is a
// SerializationException, a member that the shape lacks is ignored.
func (c *Call) Decode(v any) error {
	body := c.Body
	if len(body) == 0 {
		body = []byte("{}")
	}
	if !utf8.Valid(body) {
		return &Error{Code: "SerializationException", Message: "the request body is not valid UTF-8"}
	}
	if err := json.Unmarshal(body, v); err != nil {
		if typ, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return &Error{Code: "SerializationException", Message: fmt.Sprintf("%s can not be converted to %s (member %s)", typ.Value, typ.Type, typ.Field)}
		}
		return &Error{Code: "SerializationException", Message: "the request body is not JSON: " + err.Error()}
	}
	return nil
}
