package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"unicode/utf16"

	"relock/internal/file"
)

func benchDryRun(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "relock-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // a temporary folder
	s := &stand{bin: o.bin, dir: dir, url: "http://127.0.0.1:9"}
	sizes := []int{1_000_000}
	if o.long {
		sizes = append(sizes, 10_000_000)
	}
	for _, n := range sizes {
		plain, err := s.writeList(n)
		if err != nil {
			return err
		}
		for _, form := range []struct {
			name  string
			write func(io.Writer, io.Reader) error
		}{{"plain", nil}, {"UTF-16", toUTF16}, {"gzip", toGzip}} {
			path := plain
			if form.write != nil {
				if path, err = convert(plain, form.name, form.write); err != nil {
					return err
				}
			}
			best := usage{}
			for i := range max(o.pairs/2, 1) {
				u, err := s.measure(ctx, s.program("enqueue"), []string{"--user-pool-id", pool, "--queue", "https://sqs.eu-west-1.amazonaws.com/123456789012/q", "--ledger", "file:" + dir, "--dry-run", "--offline", path})
				if err != nil {
					return err
				}
				if i == 0 || u.wall < best.wall {
					best = u
				}
			}
			fmt.Printf("  %8d rows, %-6s: %.2f s, %.0f MiB\n", n, form.name, best.wall.Seconds(), mib(best.rss))
		}
	}
	return nil
}

func convert(path, form string, write func(io.Writer, io.Reader) error) (string, error) {
	in, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = in.Close() }() // only read
	to := filepath.Join(filepath.Dir(path), form+"-"+filepath.Base(path))
	out, err := file.New(to)
	if err != nil {
		return "", err
	}
	return to, errors.Join(write(out, in), out.Close())
}

func toGzip(w io.Writer, r io.Reader) error {
	z := gzip.NewWriter(w)
	_, err := io.Copy(z, r)
	return errors.Join(err, z.Close())
}

// toUTF16 writes little-endian UTF-16 with a byte order mark, as Excel does.
func toUTF16(w io.Writer, r io.Reader) error {
	b := bufio.NewWriter(w)
	_, _ = b.Write([]byte{0xff, 0xfe}) // the writer keeps the first error for Flush
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		for _, u := range utf16.Encode([]rune(lines.Text() + "\r\n")) {
			_, _ = b.Write([]byte{byte(u), byte(u >> 8)})
		}
	}
	return errors.Join(lines.Err(), b.Flush())
}
