package intake

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"hash/maphash"
	"io"
	"strconv"

	"relock/internal/job"
)

// Stream is a list that comes from somewhere else than a file, such as the user
// pool. It is kept in a temporary file (mode 0600, unlinked at once), so it is
// asked for once and may be of any length.
type Stream struct {
	// Name names the list in messages and in job.Source: pool:all.
	Name string
	// Write writes the whole list. An error of its is handed out as it is.
	Write func(ctx context.Context, w *StreamWriter) error
	// Keys are the keys of the targets' own metadata; may be nil. Every stream of
	// a Config has the same.
	Keys []string
}

// streamColumn heads the usernames of a stream. No username is like it, for
// those have no spaces.
const streamColumn = "user name"

// Configure makes a Config read its streams: their columns, and nothing of what
// is for files.
func (c *Config) Configure(streams ...Stream) {
	c.Paths, c.Streams = nil, streams
	c.Column, c.NoHeader, c.Delimiter, c.MetadataColumns = streamColumn, false, ',', nil
	for i, key := range streams[0].Keys {
		c.MetadataColumns = append(c.MetadataColumns, streamKey(i)+"="+key)
	}
}

func streamKey(i int) string { return "metadata " + strconv.Itoa(i+1) }

// StreamWriter takes the users of a Stream.
type StreamWriter struct {
	csv    *csv.Writer
	record []string
	keys   []string
	dir    string
}

// Add adds a user with metadata of their own, of which those keys count that the
// stream names.
func (w *StreamWriter) Add(name job.Username, metadata map[string]string) error {
	w.record = append(w.record[:0], string(name))
	for _, k := range w.keys {
		w.record = append(w.record, metadata[k])
	}
	if err := w.csv.Write(w.record); err != nil {
		return tempError(w.dir, err)
	}
	return nil
}

// openStream takes a stream in.
func openStream(ctx context.Context, s Stream, dir string) (*source, error) {
	src := &source{path: s.Name, stream: true, seed: maphash.MakeSeed()}
	f, err := newTempFile(dir)
	if err != nil {
		return nil, err
	}
	src.file = f
	if err := s.write(ctx, f, dir); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return src, nil
}

func (s Stream) write(ctx context.Context, f io.Writer, dir string) error {
	buf := bufio.NewWriterSize(f, sourceBlock)
	w := &StreamWriter{csv: csv.NewWriter(buf), keys: s.Keys, dir: dir}
	w.record = append(w.record, streamColumn)
	for i := range s.Keys {
		w.record = append(w.record, streamKey(i))
	}
	_ = w.csv.Write(w.record) // the first error is kept for the last flush
	if err := s.Write(ctx, w); err != nil {
		return err
	}
	w.csv.Flush()
	if err := errors.Join(w.csv.Error(), buf.Flush()); err != nil {
		return tempError(dir, err)
	}
	return nil
}
