package queue

import (
	"bytes"

	"relock/internal/job"
)

// decodePlain reads a body that is, byte for byte, what Encode writes for a message
// without metadata and without anything to escape, as nearly all are. It costs a
// tenth of the strict decoder, to which any other body is left.
func decodePlain(body []byte) (Message, bool) {
	var m Message
	var username string
	rest := body
	for _, f := range []struct {
		before string
		to     *string
	}{
		{`{"v":1,"ledger":"`, &m.Ledger},
		{`","job":"`, &m.Job},
		{`","pool":"`, &m.Pool},
		{`","username":"`, &username},
	} {
		var ok bool
		if rest, ok = bytes.CutPrefix(rest, []byte(f.before)); !ok {
			return Message{}, false
		}
		n := bytes.IndexByte(rest, '"')
		if n <= 0 || !plain(rest[:n]) {
			return Message{}, false
		}
		*f.to, rest = string(rest[:n]), rest[n:]
	}
	if string(rest) != `"}` {
		return Message{}, false
	}
	m.Username = job.Username(username)
	return m, true
}

// plain reports whether a JSON string of these bytes means just these bytes.
func plain(b []byte) bool {
	for _, c := range b {
		if c < 0x20 || c == '\\' {
			return false
		}
	}
	return true
}
