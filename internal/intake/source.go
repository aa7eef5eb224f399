package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"relock/internal/job"
)

// source is one list, open for as long as the List is: a file that is replaced
// after Scan is still the one that was checked.
type source struct {
	path   string // as given
	stream bool
	file   interface {
		io.ReaderAt
		io.Closer
	}
	sum [sha256.Size]byte // of the bytes on disk, once pass one has read them

	// blocks are digests under a random key of the file's blocks, the last of
	// which may be short. By these, pass two knows a change before it has handed
	// out anything of the block.
	seed   maphash.Seed
	blocks []uint64
}

// sourceBlock is how much of a list is read, and checked in pass two, at once.
const sourceBlock = 256 << 10

// openSource opens a list. What cannot be read twice, as standard input and
// pipes, goes through a temporary file.
func openSource(ctx context.Context, path string, cfg *Config) (*source, error) {
	s := &source{path: path, seed: maphash.MakeSeed()}
	if path == Stdin {
		return s, s.spool(ctx, cfg.Stdin, cfg.TempDir)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, readError(path, err)
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		err = readError(path, err)
	case info.IsDir():
		err = &ListError{Kind: ErrRead, File: path, Reason: "is a folder", Remedy: "name the CSV files in it"}
	case info.Mode().IsRegular():
		s.file = f
		return s, nil
	default:
		err = s.spool(ctx, f, cfg.TempDir)
	}
	_ = f.Close() // It was only read.
	if err != nil {
		return nil, err
	}
	return s, nil
}

// spool copies what can be read once to a temporary file.
func (s *source) spool(ctx context.Context, from io.Reader, dir string) error {
	f, err := newTempFile(dir)
	if err != nil {
		return err
	}
	s.file = f
	buf := make([]byte, sourceBlock)
	for {
		n, err := from.Read(buf)
		if _, werr := f.Write(buf[:n]); werr != nil {
			_ = f.Close()
			return tempError(dir, werr)
		}
		if err == nil {
			err = ctx.Err()
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			_ = f.Close()
			return readError(s.path, err)
		}
	}
}

// name is what a report calls the list: not the folders, which are the
// operator's own.
func (s *source) name() string {
	if s.path == Stdin || s.stream {
		return s.path
	}
	return filepath.Base(s.path)
}

func (s *source) source() job.Source {
	return job.Source{Name: s.name(), SHA256: hex.EncodeToString(s.sum[:])}
}

// readError explains why a list cannot be opened or read.
func readError(path string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	opening := false
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		opening = pe.Op == "open"
		err = pe.Err // The path is in the message already.
	}
	e := &ListError{Kind: ErrRead, File: path, Reason: "cannot be read", Err: err}
	switch {
	case errors.Is(err, fs.ErrPermission):
		e.Remedy = "make the file readable for this user"
	case opening: // it is not there, or what should be a folder is a file
		e.Remedy = "check the path"
	}
	return e
}

// blockReader reads a source block by block. In pass one it takes the digests,
// in pass two it compares them. Any number may read one source at once in pass
// two.
type blockReader struct {
	ctx   context.Context
	src   *source
	first bool // pass one
	sum   hash.Hash
	buf   []byte
	rest  []byte // of buf, not yet handed out
	off   int64
	next  int // index of the next block
	err   error
}

func newBlockReader(ctx context.Context, src *source, first bool) *blockReader {
	r := &blockReader{ctx: ctx, src: src, first: first, buf: make([]byte, sourceBlock)}
	if first {
		r.sum = sha256.New()
		src.blocks = src.blocks[:0]
	}
	return r
}

// Read implements io.Reader.
func (r *blockReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 && r.err == nil {
		r.err = r.fill()
	}
	if len(r.rest) == 0 {
		return 0, r.err
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// fill reads one block. The last is followed by an empty one, which has a digest
// like any other, so that a file that grew is noticed.
func (r *blockReader) fill() error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	n, err := r.src.file.ReadAt(r.buf, r.off)
	if err != nil && !errors.Is(err, io.EOF) {
		return readError(r.src.path, err)
	}
	r.off += int64(n)
	r.rest = r.buf[:n]
	digest := maphash.Bytes(r.src.seed, r.rest)
	if r.first {
		r.src.blocks = append(r.src.blocks, digest)
		r.sum.Write(r.rest)
	} else if r.next >= len(r.src.blocks) || r.src.blocks[r.next] != digest {
		r.rest = nil
		return &ListError{
			Kind: ErrChanged, File: r.src.path, Reason: "the file changed after it was checked",
			Remedy: "run the command again with a file that nothing writes to",
		}
	}
	r.next++
	if n == 0 {
		if r.first {
			r.sum.Sum(r.src.sum[:0])
		}
		return io.EOF
	}
	return nil
}
