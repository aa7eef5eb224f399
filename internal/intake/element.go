package intake

import (
	"bytes"
	"encoding/json"
	"iter"
	"strings"
	"unicode/utf8"
)

// element is one user as a list in JSON has it: a text, or members.
type element struct {
	object  bool
	text    json.RawMessage
	members []member
}

// member is a member of an object, or an attribute of a user.
type member struct {
	name  string
	value json.RawMessage
}

// add adds a member, or the attributes of a user as Cognito writes them.
func (e *element) add(name string, value json.RawMessage) {
	if name != "Attributes" && name != "UserAttributes" || value[0] != '[' {
		e.members = append(e.members, member{name, value})
		return
	}
	list := walker{value}
	for attribute := range list.elements() {
		var m member
		inner := walker{attribute}
		for key, v := range inner.members() {
			switch string(key) {
			case `"Name"`:
				m.name = textOf(v)
			case `"Value"`:
				m.value = v
			}
		}
		if m.name != "" {
			e.members = append(e.members, m)
		}
	}
}

// get returns the value of the member of a name, which is as normal has it where
// none is written alike, and why it is none.
func (e *element) get(name string) (value, bad string) {
	var raw json.RawMessage
	found := 0
	for _, m := range e.members {
		if m.name == name {
			raw = m.value
			found++
		}
	}
	if found == 0 {
		name = normal(name)
		for _, m := range e.members {
			if normal(m.name) == name {
				raw = m.value
				found++
			}
		}
	}
	if found > 1 {
		return "", "comes twice"
	}
	return valueOf(raw)
}

// valueOf is a text, a number or a truth value as written, or null, which is
// empty; bad says why it is none of them.
func valueOf(raw json.RawMessage) (value, bad string) {
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return "", ""
	case raw[0] == '{' || raw[0] == '[':
		return "", "is an array or an object, not a text"
	case raw[0] != '"':
		return string(raw), ""
	}
	value = textOf(raw)
	// The decoder writes U+FFFD for what is no character, which is another name.
	if !utf8.Valid(raw) || strings.ContainsRune(value, utf8.RuneError) && !bytes.ContainsRune(raw, utf8.RuneError) {
		return "", `is not valid UTF-8, or holds half a pair of \u escapes`
	}
	return value, ""
}

// textOf is the text of a JSON string; empty for another value.
func textOf(raw []byte) (s string) {
	if len(raw) >= 2 && raw[0] == '"' && bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	_ = json.Unmarshal(raw, &s) // the decoder has read it before
	return s
}

// walker goes through an array or an object that the decoder has found valid.
type walker struct{ rest []byte }

// elements are the values of an array.
func (w *walker) elements() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for w.enter() {
			if !yield(w.value()) {
				return
			}
		}
	}
}

// members are the keys, with their quotes, and values of an object; none of
// another value.
func (w *walker) members() iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		if len(w.rest) == 0 || w.rest[0] != '{' {
			return
		}
		for w.enter() {
			key := w.value()
			w.enter() // the colon
			if !yield(key, w.value()) {
				return
			}
		}
	}
}

// enter skips the mark before a value and white space. It returns false at the end
// of the array or the object.
func (w *walker) enter() bool {
	w.rest = bytes.TrimLeft(w.rest, " \t\r\n")
	if len(w.rest) < 2 || w.rest[0] == ']' || w.rest[0] == '}' {
		return false
	}
	w.rest = bytes.TrimLeft(w.rest[1:], " \t\r\n")
	return len(w.rest) > 0 && w.rest[0] != ']' && w.rest[0] != '}'
}

// value takes the next value.
func (w *walker) value() []byte {
	n, depth := 0, 0
	for n < len(w.rest) {
		switch w.rest[n] {
		case '"':
			n += stringLen(w.rest[n:])
			if depth == 0 {
				return w.take(n)
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return w.take(n)
			}
			if depth--; depth == 0 {
				return w.take(n + 1)
			}
		case ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return w.take(n)
			}
		}
		n++
	}
	return w.take(n)
}

func (w *walker) take(n int) []byte {
	value := w.rest[:n:n]
	w.rest = w.rest[n:]
	return value
}

// stringLen is the length of the string that b begins with, quotes included.
func stringLen(b []byte) int {
	for n := 1; n < len(b); n++ {
		switch b[n] {
		case '\\':
			n++
		case '"':
			return n + 1
		}
	}
	return len(b)
}
