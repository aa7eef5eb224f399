package inspect

import (
	"encoding/json"
	"io"
	"strconv"
	"unicode/utf8"

	"relock/internal/sandbox/wire"
)

// appendLine writes one call as a JSON line:
//
//	{"n":1,"at":1764000000000000000,"took":81000,"service":"sqs","operation":"SendMessage",
//	 "caller":"AKIA…","note":"jobs","code":"","status":200,"dropped":false,"request":"…"}
//
// at is nanoseconds since 1970, when the request arrived; took is nanoseconds.
// Empty members are left out.
func appendLine(b []byte, n int64, r wire.Record) []byte {
	b = append(b, `{"n":`...)
	b = strconv.AppendInt(b, n, 10)
	b = append(b, `,"at":`...)
	b = strconv.AppendInt(b, r.At.UnixNano(), 10)
	b = append(b, `,"took":`...)
	b = strconv.AppendInt(b, r.Took.Nanoseconds(), 10)
	b = appendMember(b, "service", r.Service)
	b = appendMember(b, "operation", r.Operation)
	b = appendMember(b, "caller", r.AccessKeyID)
	b = appendMember(b, "note", r.Note)
	b = appendMember(b, "category", r.Category)
	b = appendMember(b, "code", r.Code)
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(r.Status), 10)
	if r.Throttled {
		b = append(b, `,"throttled":true`...)
	}
	if r.Dropped {
		b = append(b, `,"dropped":true`...)
	}
	b = appendMember(b, "request", r.RequestID)
	return append(b, "}\n"...)
}

func appendMember(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(b, `,"`...)
	b = append(b, name...)
	b = append(b, `":`...)
	if plain(value) {
		b = append(b, '"')
		b = append(b, value...)
		return append(b, '"')
	}
	quoted, err := json.Marshal(value)
	if err != nil {
		return append(b, `""`...) // a string always marshals
	}
	return append(b, quoted...)
}

// plain says that a string needs no escapes in JSON.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// WriteLines writes the calls in memory with a number above n as JSON lines.
func (l *Log) WriteLines(w io.Writer, n int64) error {
	var b []byte
	for _, r := range l.after(n) {
		b = appendLine(b, r.n, r.Record)
		if len(b) > 32<<10 {
			if _, err := w.Write(b); err != nil {
				return err
			}
			b = b[:0]
		}
	}
	_, err := w.Write(b)
	return err
}
