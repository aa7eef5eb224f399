package intake

import (
	"bytes"
	"errors"
	"io"
)

// maxRow bounds a row, so that a quote that is never closed does not take the
// rest of a large list into memory.
const maxRow = 1 << 20

var errRowTooLong = errors.New("no row ends within 1 MiB")

// textReader stands below the CSV reader. It counts lines, remembers its own
// error, which a CSV reader may hide behind a complaint about the broken row,
// and ends a row that does not end.
type textReader struct {
	in    io.Reader
	total int64 // bytes handed out
	row   int64 // where the row that is being read begins
	lines int64 // line ends
	open  bool  // the last line has no end yet
	err   error // other than io.EOF

	kept   []byte // the text from row on, and some before
	from   int64  // where it begins
	before int64  // line ends before row, for lineOf
}

// Read implements io.Reader.
func (t *textReader) Read(p []byte) (int, error) {
	if t.total-t.row > maxRow {
		t.err = errRowTooLong
		return 0, t.err
	}
	n, err := t.in.Read(p)
	if n > 0 {
		t.total += int64(n)
		t.lines += int64(bytes.Count(p[:n], []byte{'\n'}))
		t.open = p[n-1] != '\n'
		t.keep(p[:n])
	}
	if err != nil && !errors.Is(err, io.EOF) {
		t.err = err
	}
	return n, err
}

// count is the number of lines read, the last without an end included.
func (t *textReader) count() int64 {
	if t.open {
		return t.lines + 1
	}
	return t.lines
}

// begin says where the next row begins. It counts the lines before, which a CSV
// reader does by itself.
func (t *textReader) begin(offset int64) {
	t.before = t.lineOf(offset) - 1
	t.row = offset
}

// lineOf is the line of a byte from row on, from 1, if each row was begun.
func (t *textReader) lineOf(offset int64) int64 {
	return t.before + int64(bytes.Count(t.kept[t.row-t.from:offset-t.from], []byte{'\n'})) + 1
}

// line is the line that ends at offset; it begins at row or after it.
func (t *textReader) line(offset int64) []byte {
	line := bytes.TrimRight(t.kept[:offset-t.from], "\r\n")
	return line[bytes.LastIndexByte(line, '\n')+1:]
}

// keep keeps the text from row on.
func (t *textReader) keep(p []byte) {
	old := min(t.row-t.from, int64(len(t.kept)))
	t.kept = append(t.kept[:copy(t.kept, t.kept[old:])], p...)
	t.from += old
}
