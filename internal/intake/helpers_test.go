package intake

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"relock/internal/job"
)

// file writes content to a new file and returns its path.
func file(tb testing.TB, name, content string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// scan scans a list that has to be fine.
func scan(tb testing.TB, cfg Config) *List {
	tb.Helper()
	l, err := Scan(tb.Context(), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := l.Close(); err != nil {
			tb.Error(err)
		}
	})
	return l
}

// targets takes all targets out of a list.
func targets(tb testing.TB, l *List) []job.Target {
	tb.Helper()
	var ts []job.Target
	for t, err := range l.Targets(tb.Context()) {
		if err != nil {
			tb.Fatal(err)
		}
		ts = append(ts, t)
	}
	return ts
}

// names are the usernames of targets.
func names(ts []job.Target) []string {
	s := make([]string, len(ts))
	for i, t := range ts {
		s[i] = string(t.Username)
	}
	return s
}

// utf16Text is text in UTF-16 without a byte order mark.
func utf16Text(text string, bigEndian bool) string {
	var b strings.Builder
	_, _ = utf16Writer{&b}.Write([]byte(text))
	s := []byte(b.String())
	if bigEndian {
		for i := 0; i+1 < len(s); i += 2 {
			s[i], s[i+1] = s[i+1], s[i]
		}
	}
	return string(s)
}

// message is an error's text without the folder of the list.
func message(err error, path string) string {
	if err == nil {
		return ""
	}
	if path == "" {
		return err.Error()
	}
	return strings.ReplaceAll(err.Error(), path, filepath.Base(path))
}

// gzipOf compresses text.
func gzipOf(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// storedGzip wraps text without compressing it, so that it can be cut anywhere.
func storedGzip(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.NoCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
