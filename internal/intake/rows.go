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
	csv   *csv.Reader // nil for JSON
	json  *jsonReader // nil for CSV
	skip  int64       // lines before those that csv has seen
	start int64       // bytes before those that csv has seen

	encoding  Encoding
	zipped    bool
	delimiter rune
	columns
	header  []string // nil without one
	members []string // of JSON, in the order of record; nil for texts

	trim, literal bool // as Config has them
	trusted       bool // the names come from the pool or the ledger

	record []string // the row that next has read; valid until the next call
	name   string   // its username
	line   int64    // where it begins; of JSON, which element it is
	at     int64    // the line where it begins
	bad    string   // why it cannot be one, whatever is in record
	last   int64    // where the one before ended
	blank  int64    // lines and rows that name nobody
	held   bool     // the first row was read for its columns, and is still to come
}

func openRows(ctx context.Context, src *source, cfg *Config, meta []metaColumn, firstPass bool) (*rows, error) {
	r := &rows{path: src.path, raw: newBlockReader(ctx, src, firstPass), trim: cfg.Trim, literal: cfg.Literal, trusted: src.stream}
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
	if looksJSON(start) {
		return r, r.openJSON(v, buf)
	}
	if err := r.sniff(start, cfg.Delimiter, v.resolve); err != nil {
		return nil, err
	}
	start = bytes.Clone(start[r.start:min(len(start), int(r.start)+shapeBytes)])
	if _, err := buf.Discard(int(r.start)); err != nil {
		return nil, err
	}
	r.csv = csv.NewReader(buf)
	r.csv.Comma = r.delimiter
	r.csv.FieldsPerRecord = -1
	r.csv.ReuseRecord = true
	if err := r.first(v, start); err != nil {
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
// fields; start is the text from there on.
func (r *rows) first(v resolver, start []byte) error {
	err := r.next()
	if errors.Is(err, io.EOF) {
		return &ListError{Kind: ErrEmpty, File: r.path, Reason: "is empty", Remedy: "check how the list was made"}
	}
	if err != nil {
		return err
	}
	r.columns, err = v.resolve(r.record)
	switch {
	case err != nil || !v.cfg.NoHeader:
	case v.cfg.Column == "" && len(r.record) > 1:
		return r.unnamed(start)
	default:
		err = v.notHeader(r.record[r.user])
	}
	if e, ok := errors.AsType[*ListError](err); ok {
		e.Line = r.line
	}
	if r.held = v.cfg.NoHeader; err != nil || r.held {
		return err
	}
	r.trusted = r.trusted || r.guarded
	r.header = slices.Clone(r.record)
	return nil
}

// next reads a row that is not blank, or returns io.EOF.
func (r *rows) next() error {
	if !r.held {
		read := r.nextCSV
		if r.json != nil {
			read = r.nextJSON
		}
		if err := read(); err != nil {
			return err
		}
	}
	r.held, r.name = false, ""
	if r.user < len(r.record) {
		r.name = r.record[r.user]
	}
	if r.trim {
		r.name = strings.TrimSpace(r.name)
	}
	return nil
}

func (r *rows) nextCSV() error {
	for {
		r.text.row = r.start + r.csv.InputOffset()
		record, err := r.csv.Read()
		r.bad = ""
		if r.formula(err) {
			return nil
		}
		if err != nil {
			if r.text.err == nil && errors.Is(err, io.EOF) {
				r.blank += r.lines() - r.last
				r.last = r.lines()
			}
			return r.explain(err)
		}
		line, _ := r.csv.FieldPos(0)
		end, _ := r.csv.FieldPos(len(record) - 1)
		r.record = record
		r.begin(int64(line))
		r.last = r.skip + int64(end+strings.Count(record[len(record)-1], "\n"))
		if !isBlank(record) {
			r.unguard()
			return nil
		}
		r.blank++
	}
}

// begin takes note of where the row begins; line is csv's.
func (r *rows) begin(line int64) {
	r.line = r.skip + line
	r.at = r.line
	r.blank += r.line - r.last - 1
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

// lines is the number of lines, or of elements, in the list, once next has returned io.EOF.
func (r *rows) lines() int64 {
	if r.json != nil {
		return r.json.elements
	}
	return r.text.count()
}

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

// formula takes the row that the CSV reader has stopped at as one that is not
// valid, if it has a cell as ="…" and no quote is open at its end.
func (r *rows) formula(err error) bool {
	pe, ok := errors.AsType[*csv.ParseError](err)
	if !ok || !errors.Is(err, csv.ErrBareQuote) || pe.Line != pe.StartLine || r.text.err != nil {
		return false
	}
	line := r.text.line(r.start + r.csv.InputOffset())
	if pe.Column < 2 || pe.Column > len(line) || line[pe.Column-2] != '=' || bytes.Count(line, []byte{'"'})%2 != 0 {
		return false
	}
	r.begin(int64(pe.Line))
	r.last = r.line
	r.record, r.bad = r.record[:0], `a cell is written as a formula for a spreadsheet, ="…"; write the value alone`
	return true
}

// check says what is wrong with the row; its Kind is empty if nothing is.
func (r *rows) check() Problem {
	p := Problem{File: r.path, Line: r.at}
	if r.json != nil {
		p.Element = r.line
	}
	if r.bad != "" {
		p.Kind, p.Reason = ProblemFields, r.bad
		return p
	}
	m := marksOf(r.name)
	if m&(markPair|markCrypt|markJoin) != 0 && !r.trusted {
		if how := suspect(r.name); how == certain || how == likely && !r.literal {
			p.Kind, p.secret = problemSecret, how
			return p
		}
	}
	for i, field := range r.record {
		if strings.IndexByte(field, '\r') >= 0 && r.json == nil {
			p.Kind, p.Column, p.Reason = ProblemControl, r.columnName(i), "contains a CR: "+mixedEnds+"; "+endsRemedy
			return p
		}
	}
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
	if p.Kind, p.Reason = r.checkName(m); p.Kind != "" {
		p.Column = r.column
		return p
	}
	if r.header != nil && r.record[r.user] == r.header[r.user] && slices.Equal(r.record, r.header) {
		p.Kind, p.Reason = ProblemHeader, "the header stands here once more; remove the line"
		return p
	}
	if p.Kind, p.Column, p.Reason = r.meta.check(r.record); p.Kind == "" && !r.trusted {
		p.Kind, p.Column, p.Reason = r.meta.checkSecret(r.record, r.literal)
	}
	return p
}

// checkName says what is wrong with the username.
func (r *rows) checkName(m mark) (ProblemKind, string) {
	kind, reason := checkUsername(r.name)
	if r.name == hidden && !r.trusted {
		reason := "CloudTrail has hidden the username, and keeps the user's sub"
		if r.sub != "" {
			reason += fmt.Sprintf("; use --column %q", r.sub)
		}
		return ProblemHidden, reason
	}
	if r.literal || r.trusted || kind != "" && (kind != ProblemSpace || strings.TrimSpace(r.name) != r.name) {
		return kind, reason
	}
	if reason := misfit(r.name, m, r.holds); reason != "" {
		return ProblemForm, reason
	}
	return kind, reason
}

func (r *rows) fieldsReason(n int) string {
	than := "the header has"
	if r.header == nil {
		than = "the first row has"
	}
	switch {
	case n <= r.user:
		return fmt.Sprintf("the row is too short: it has %s, and column %s is number %d", plural(n, "field"), r.column, r.user+1)
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
	if r.json != nil && i < len(r.members) {
		return r.members[i]
	}
	if r.header == nil || i >= len(r.header) {
		return fmt.Sprint(i + 1)
	}
	return strings.TrimSpace(r.header[i])
}
