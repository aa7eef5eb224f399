package intake

import (
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// utf16Reader turns UTF-16 into UTF-8. golang.org/x/text does that too, but
// replaces what is not UTF-16 without a word, and a replaced username is
// another one.
type utf16Reader struct {
	path string
	in   io.Reader
	hi   int // index of a unit's high byte: 0 or 1
	buf  []byte
	n    int    // bytes in buf
	out  []byte // decoded
	rest []byte // of out, not yet handed out
	line int64
	err  error
}

func newUTF16Reader(path string, in io.Reader, bigEndian bool) *utf16Reader {
	const size = 32 << 10
	r := &utf16Reader{path: path, in: in, hi: 1, line: 1, buf: make([]byte, size), out: make([]byte, 0, size/2*3)}
	if bigEndian {
		r.hi = 0
	}
	return r
}

// Read implements io.Reader.
func (r *utf16Reader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		r.err = r.fill()
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// fill decodes what one Read gives, and keeps half a character for the next.
func (r *utf16Reader) fill() error {
	n, err := r.in.Read(r.buf[r.n:])
	r.n += n
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	used, derr := r.decode(r.buf[:r.n])
	r.n = copy(r.buf, r.buf[used:r.n])
	switch {
	case derr != nil:
		return derr
	case err == nil:
		return nil
	case r.n == 1:
		return r.invalid("the last character is cut in half")
	case r.n > 0:
		return r.invalid("the second half of a surrogate pair is missing at the end")
	default:
		return io.EOF
	}
}

// decode fills out and returns how many bytes it took.
func (r *utf16Reader) decode(b []byte) (int, error) {
	out := r.out[:0]
	defer func() { r.rest = out }()
	i := 0
	for ; i+1 < len(b); i += 2 {
		unit := rune(b[i+r.hi])<<8 | rune(b[i+1-r.hi])
		switch {
		case unit < utf8.RuneSelf:
			if unit == '\n' {
				r.line++
			}
			out = append(out, byte(unit))
		case !utf16.IsSurrogate(unit):
			out = utf8.AppendRune(out, unit)
		case i+3 >= len(b):
			return i, nil
		default:
			low := rune(b[i+2+r.hi])<<8 | rune(b[i+3-r.hi])
			pair := utf16.DecodeRune(unit, low)
			if pair == utf8.RuneError {
				return i, r.invalid(fmt.Sprintf("half a surrogate pair (%04X) stands alone", unit))
			}
			out = utf8.AppendRune(out, pair)
			i += 2
		}
	}
	return i, nil
}

func (r *utf16Reader) invalid(reason string) error {
	return &ListError{Kind: ErrFormat, File: r.path, Line: r.line, Reason: "is not valid UTF-16: " + reason, Remedy: "save the list as UTF-8"}
}
