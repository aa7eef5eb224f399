package intake

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"relock/internal/guard"
)

// textBuffer is how much text the CSV reader has at hand; the delimiter is found
// within it.
const textBuffer = 64 << 10

// rows reads the rows of one list. What it does depends on the bytes and the
// Config alone, so that both passes see the same.
type rows struct {
	path  string
	raw   *blockReader
	text  *textReader
	csv   *csv.Reader
	skip  int64 // lines before those that csv has seen
	start int64 // bytes before those that csv has seen

	encoding  Encoding
	zipped    bool
	delimiter rune
	columns
	header []string // nil without one

	record []string // the row that next has read; valid until the next call
	line   int64    // where it begins
	last   int64    // where the one before ended
	blank  int64    // lines and rows that name nobody
	held   bool     // the first row was read for its columns, and is still to come
}

func openRows(ctx context.Context, src *source, cfg *Config, meta []metaColumn, firstPass bool) (*rows, error) {
	r := &rows{path: src.path, raw: newBlockReader(ctx, src, firstPass)}
	decoded, enc, zipped, err := decode(src.path, r.raw)
	if err != nil {
		return nil, err
	}
	r.encoding, r.zipped = enc, zipped
	r.text = &textReader{in: decoded}
	buf := bufio.NewReaderSize(r.text, textBuffer)
	start, err := buf.Peek(textBuffer)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	v := resolver{cfg: cfg, meta: meta, path: src.path}
	if err := r.sniff(start, cfg.Delimiter, v.resolve); err != nil {
		return nil, err
	}
	if _, err := buf.Discard(int(r.start)); err != nil {
		return nil, err
	}
	r.csv = csv.NewReader(buf)
	r.csv.Comma = r.delimiter
	r.csv.FieldsPerRecord = -1
	r.csv.ReuseRecord = true
	if err := r.first(v); err != nil {
		return nil, err
	}
	return r, nil
}

// sniff looks at the start of the text: it finds the delimiter, and the line
// "sep=" to be skipped.
func (r *rows) sniff(start []byte, delimiter rune, resolve func([]string) (columns, error)) error {
	if len(bytes.TrimSpace(start)) == 0 && len(start) < textBuffer {
		return &ListError{Kind: ErrEmpty, File: r.path, Reason: "is empty", Remedy: "check how the list was made"}
	}
	if bytes.IndexByte(start, '\n') < 0 && bytes.IndexByte(bytes.TrimRight(start, "\r"), '\r') >= 0 {
		return &ListError{
			Kind: ErrFormat, File: r.path, Reason: "ends its lines with CR alone, as old Macintosh programs do",
			Remedy: `convert it: tr '\r' '\n' <FILE | enqueue -`,
		}
	}
	if what, remedy := markup(start); what != "" {
		return &ListError{Kind: ErrFormat, File: r.path, Reason: what, Remedy: remedy}
	}
	sep, length := sepLine(start)
	if length > 0 {
		r.skip, r.start, r.delimiter = 1, int64(length), sep
		r.last = 1
	}
	switch {
	case delimiter != 0:
		r.delimiter = delimiter
	case r.delimiter == 0:
		r.delimiter = findDelimiter(start, resolve)
	}
	return nil
}

// first reads the header, or, without one, the first row for the number of its
// fields.
func (r *rows) first(v resolver) error {
	err := r.next()
	if errors.Is(err, io.EOF) {
		return &ListError{Kind: ErrEmpty, File: r.path, Reason: "is empty", Remedy: "check how the list was made"}
	}
	if err != nil {
		return err
	}
	r.columns, err = v.resolve(r.record)
	if e, ok := errors.AsType[*ListError](err); ok {
		e.Line = r.line
	}
	if err != nil {
		return err
	}
	if v.cfg.NoHeader {
		r.held = true
		return nil
	}
	r.header = slices.Clone(r.record)
	return nil
}

// next reads a row that is not blank, or returns io.EOF.
func (r *rows) next() error {
	if r.held {
		r.held = false
		return nil
	}
	for {
		r.text.row = r.start + r.csv.InputOffset()
		record, err := r.csv.Read()
		if err != nil {
			if r.text.err == nil && errors.Is(err, io.EOF) {
				r.blank += r.lines() - r.last
				r.last = r.lines()
			}
			return r.explain(err)
		}
		line, _ := r.csv.FieldPos(0)
		end, _ := r.csv.FieldPos(len(record) - 1)
		r.record, r.line = record, r.skip+int64(line)
		r.blank += r.line - r.last - 1
		r.last = r.skip + int64(end+strings.Count(record[len(record)-1], "\n"))
		if !isBlank(record) {
			r.unguard()
			return nil
		}
		r.blank++
	}
}

// unguard gives the cells of a guarded file back as they were.
func (r *rows) unguard() {
	if !r.guarded {
		return
	}
	for i, cell := range r.record {
		r.record[i] = guard.Plain(cell)
	}
}

// lines is the number of lines in the list, once next has returned io.EOF.
func (r *rows) lines() int64 { return r.text.count() }

// isBlank reports whether all fields of a row are empty, or white space.
func isBlank(record []string) bool {
	for _, field := range record {
		if field != "" && strings.TrimSpace(field) != "" {
			return false
		}
	}
	return true
}

// explain turns an error of the CSV reader into one that says what to do.
func (r *rows) explain(err error) error {
	if r.text.err != nil && !errors.Is(r.text.err, errRowTooLong) {
		return r.text.err
	}
	e := &ListError{Kind: ErrFormat, File: r.path}
	pe, ok := errors.AsType[*csv.ParseError](err)
	switch {
	case errors.Is(err, errRowTooLong):
		e.Line = r.last + 1
		e.Reason, e.Remedy = err.Error(), `look for a quote (") in or after this line that is never closed`
	case !ok:
		return err
	case errors.Is(pe.Err, csv.ErrBareQuote):
		e.Line, e.Column = r.skip+int64(pe.Line), int64(pe.Column)
		e.Reason, e.Remedy = `a stray quote (") in a field that does not begin with one`, `quote the field and double the quote: "a""b"`
	case pe.StartLine == pe.Line:
		e.Line, e.Column = r.skip+int64(pe.Line), int64(pe.Column)
		e.Reason, e.Remedy = "a quoted field is never closed, or goes on after its closing quote", `close it, and double a quote (") within it: "a""b"`
	default:
		e.Line = r.skip + int64(pe.StartLine)
		e.Reason = fmt.Sprintf("a quoted field in the row that begins here is not closed by line %d, column %d", r.skip+int64(pe.Line), pe.Column)
		e.Remedy = `close it, and double a quote (") within it: "a""b"`
	}
	return e
}

// check says what is wrong with the row; its Kind is empty if nothing is.
func (r *rows) check() Problem {
	p := Problem{File: r.path, Line: r.line}
	if n := len(r.record); n != r.fields {
		p.Kind, p.Reason = ProblemFields, r.fieldsReason(n)
		return p
	}
	for i, field := range r.record {
		if !utf8.ValidString(field) {
			p.Kind, p.Column, p.Reason = ProblemEncoding, r.columnName(i), "is not valid UTF-8; save the list as UTF-8"
			return p
		}
	}
	name := r.record[r.user]
	if p.Kind, p.Reason = checkUsername(name); p.Kind != "" {
		p.Column = r.name
		return p
	}
	if r.header != nil && name == r.header[r.user] && slices.Equal(r.record, r.header) {
		p.Kind, p.Reason = ProblemHeader, "the header stands here once more; remove the line"
		return p
	}
	p.Kind, p.Column, p.Reason = r.meta.check(r.record)
	return p
}

func (r *rows) fieldsReason(n int) string {
	than := "the header has"
	if r.header == nil {
		than = "the first row has"
	}
	switch {
	case n <= r.user:
		return fmt.Sprintf("the row is too short: it has %s, and column %s is number %d", plural(n, "field"), r.name, r.user+1)
	case n < r.fields:
		return fmt.Sprintf("the row is too short: it has %s where %s %d", plural(n, "field"), than, r.fields)
	case isBlank(r.record[r.fields:]):
		return fmt.Sprintf("the row is too long: it has %s where %s %d; remove the %q at its end", plural(n, "field"), than, r.fields, r.delimiter)
	default:
		return fmt.Sprintf("the row is too long: it has %s where %s %d; quote a field that contains %q", plural(n, "field"), than, r.fields, r.delimiter)
	}
}

// columnName is the header's name of a column, or its number.
func (r *rows) columnName(i int) string {
	if r.header == nil {
		return fmt.Sprint(i + 1)
	}
	return strings.TrimSpace(r.header[i])
}
