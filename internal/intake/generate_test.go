package intake

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf16"
)

// The formats that generate writes.
const (
	plain    = "plain"
	utf16le  = "utf-16"
	gzipped  = "gzip"
	withMeta = "metadata"
	jsonList = "json"
)

// generate writes a list of rows in a format, one in a hundred a duplicate, and
// returns its path.
func generate(tb testing.TB, dir, format string, rows int) string {
	tb.Helper()
	path := filepath.Join(dir, fmt.Sprintf("%s-%d.csv", format, rows))
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	buffered := bufio.NewWriterSize(f, 1<<20)
	var w io.Writer = buffered
	var zip *gzip.Writer
	switch format {
	case utf16le:
		if _, err := w.Write([]byte{0xff, 0xfe}); err != nil {
			tb.Fatal(err)
		}
		w = utf16Writer{w}
	case gzipped:
		zip, _ = gzip.NewWriterLevel(w, gzip.BestSpeed)
		w = zip
	}
	rng := rand.New(rand.NewPCG(1, 2))
	header, row, end := "username,name,case\r\n", "user%08d@example.com,\"Doe, Jane\",INC-%d\r\n", ""
	if format == jsonList {
		header, end = "{\"Users\": [\n", "]}\n"
		row = ",{\n  \"Username\": \"user%08d@example.com\",\n  \"Attributes\": [{\"Name\": \"custom:case\", \"Value\": \"INC-%d\"}],\n  \"Enabled\": true\n}\n"
	}
	fmt.Fprint(w, header)
	var line []byte
	for i := range rows {
		n := i
		if i%100 == 99 {
			n = rng.IntN(i)
		}
		line = fmt.Appendf(line[:0], row, n, i%7)
		if i == 0 {
			line = bytes.TrimPrefix(line, []byte(","))
		}
		if _, err := w.Write(line); err != nil {
			tb.Fatal(err)
		}
	}
	fmt.Fprint(w, end)
	if zip != nil {
		if err := zip.Close(); err != nil {
			tb.Fatal(err)
		}
	}
	if err := buffered.Flush(); err != nil {
		tb.Fatal(err)
	}
	return path
}

// utf16Writer writes UTF-8 as UTF-16 LE. Each Write is whole characters.
type utf16Writer struct{ w io.Writer }

func (u utf16Writer) Write(p []byte) (int, error) {
	units := utf16.Encode([]rune(string(p)))
	b := make([]byte, 0, 2*len(units))
	for _, x := range units {
		b = binary.LittleEndian.AppendUint16(b, x)
	}
	if _, err := u.w.Write(b); err != nil {
		return 0, err
	}
	return len(p), nil
}
