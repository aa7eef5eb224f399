package intake

import (
	"bytes"
	"errors"
	"io"
	"slices"
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

	last []byte // what the latest Read has read, in its buffer

	// track keeps where the lines from row on end, for lineOf.
	track  bool
	ends   []int64
	before int64 // line ends before those
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
		t.last = p[:n]
		t.note(p[:n])
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

// note keeps where lines end.
func (t *textReader) note(p []byte) {
	if !t.track {
		return
	}
	start := t.total - int64(len(p))
	for i, c := range p {
		if c == '\n' {
			t.ends = append(t.ends, start+int64(i))
		}
	}
}

// begin says where the next row begins.
func (t *textReader) begin(offset int64) {
	t.row = offset
	n, _ := slices.BinarySearch(t.ends, offset)
	t.before += int64(n)
	t.ends = t.ends[n:]
}

// lineOf is the line of a byte from row on, from 1.
func (t *textReader) lineOf(offset int64) int64 {
	n, _ := slices.BinarySearch(t.ends, offset)
	return t.before + int64(n) + 1
}

// tail is the text that ends at offset, as far back as it is at hand.
func (t *textReader) tail(offset int64) []byte {
	n := offset - (t.total - int64(len(t.last)))
	if n < 0 || n > int64(len(t.last)) {
		return nil
	}
	return t.last[:n]
}
