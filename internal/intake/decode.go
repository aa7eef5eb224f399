package intake

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
)

// Encoding is how a list's text is written.
type Encoding string

// The encodings that are read.
const (
	UTF8    Encoding = "UTF-8"
	UTF16LE Encoding = "UTF-16 LE"
	UTF16BE Encoding = "UTF-16 BE"
)

// foreign are the first bytes of files that look like lists to people.
var foreign = []struct{ magic, what, remedy string }{
	{"PK\x03\x04", "is a ZIP archive or a spreadsheet (.xlsx), not CSV", "save the sheet as \"CSV UTF-8\", or unpack the archive"},
	{"\xd0\xcf\x11\xe0", "is an old spreadsheet (.xls), not CSV", "save the sheet as \"CSV UTF-8\""},
	{"\x28\xb5\x2f\xfd", "is compressed with Zstandard", "decompress it (zstd -d), or pipe it in: zstd -dc FILE | enqueue -"},
	{"\xfd7zXZ\x00", "is compressed with xz", "decompress it (xz -d), or pipe it in: xz -dc FILE | enqueue -"},
	{"BZh", "is compressed with bzip2", "decompress it (bzip2 -d), or pipe it in: bzip2 -dc FILE | enqueue -"},
	{"%PDF-", "is a PDF, not CSV", "ask for the list as CSV"},
	{"SQLite format 3\x00", "is a SQLite database, not CSV", "export the list as CSV"},
	{"\xff\xfe\x00\x00", "is UTF-32", "save the list as UTF-8"},
	{"\x00\x00\xfe\xff", "is UTF-32", "save the list as UTF-8"},
}

// decode turns the bytes of a list into UTF-8 without a byte order mark. gzip
// and UTF-16 are told by their first bytes, whatever the file's name.
func decode(path string, raw io.Reader) (text io.Reader, enc Encoding, zipped bool, err error) {
	head := bufio.NewReader(raw)
	start, err := head.Peek(32)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, "", false, err
	}
	if bytes.HasPrefix(start, []byte("\x1f\x8b")) {
		zip, err := gzip.NewReader(head)
		if err != nil {
			return nil, "", false, gzipError(path, err)
		}
		zipped = true
		head = bufio.NewReader(&unzipper{path: path, zip: zip})
		if start, err = head.Peek(32); err != nil && !errors.Is(err, io.EOF) {
			return nil, "", false, err
		}
		if bytes.HasPrefix(start, []byte("\x1f\x8b")) {
			return nil, "", false, &ListError{Kind: ErrFormat, File: path, Reason: "is compressed twice", Remedy: "decompress it once (gzip -d)"}
		}
	}
	for _, f := range foreign {
		if bytes.HasPrefix(start, []byte(f.magic)) {
			return nil, "", false, &ListError{Kind: ErrFormat, File: path, Reason: f.what, Remedy: f.remedy}
		}
	}
	enc, bom := encodingOf(start)
	if _, err := head.Discard(bom); err != nil {
		return nil, "", false, err
	}
	if enc == UTF8 {
		return head, enc, zipped, nil
	}
	return newUTF16Reader(path, head, enc == UTF16BE), enc, zipped, nil
}

// markup tells by the first characters that a text is no CSV, and would else be
// taken for one with a stray quote, or with a strange header.
func markup(start []byte) (what, remedy string) {
	text := bytes.TrimSpace(start)
	lower := bytes.ToLower(text[:min(len(text), 16)])
	switch {
	case bytes.HasPrefix(lower, []byte("<!doctype")), bytes.HasPrefix(lower, []byte("<html")), bytes.HasPrefix(lower, []byte("<?xml")):
		return "is a web page or XML, not CSV", "fetch or export the list again, as CSV"
	}
	return "", ""
}

// encodingOf tells the encoding by the byte order mark, whose length it returns,
// or, without one, by the zero bytes of UTF-16's ASCII.
func encodingOf(start []byte) (Encoding, int) {
	switch {
	case bytes.HasPrefix(start, []byte("\xef\xbb\xbf")):
		return UTF8, 3
	case bytes.HasPrefix(start, []byte("\xff\xfe")):
		return UTF16LE, 2
	case bytes.HasPrefix(start, []byte("\xfe\xff")):
		return UTF16BE, 2
	case len(start) < 4:
		return UTF8, 0
	case start[0] != 0 && start[1] == 0 && start[2] != 0 && start[3] == 0:
		return UTF16LE, 0
	case start[0] == 0 && start[1] != 0 && start[2] == 0 && start[3] != 0:
		return UTF16BE, 0
	default:
		return UTF8, 0
	}
}

// unzipper explains gzip's errors.
type unzipper struct {
	path string
	zip  *gzip.Reader
}

// Read implements io.Reader.
func (u *unzipper) Read(p []byte) (int, error) {
	n, err := u.zip.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = gzipError(u.path, err)
	}
	return n, err
}

// gzipError explains the errors of gzip, and passes on those of the file below.
func gzipError(path string, err error) error {
	e := &ListError{Kind: ErrFormat, File: path, Remedy: "fetch or compress the file again"}
	_, corrupt := errors.AsType[flate.CorruptInputError](err)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		e.Reason = "the gzip data ends too early; the rest of the list is missing"
	case errors.Is(err, gzip.ErrHeader):
		e.Reason = "the gzip data is damaged, or something else follows it"
	case errors.Is(err, gzip.ErrChecksum), corrupt:
		e.Reason = "the gzip data is damaged"
	default:
		return err
	}
	return e
}
