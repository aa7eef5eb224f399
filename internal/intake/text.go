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
