package intake

import (
	"errors"
	"io/fs"
	"os"
)

// tempFile is a temporary file that nobody else can open and that leaves
// nothing behind when the process dies.
type tempFile struct {
	*os.File
	linked bool // where an open file cannot be unlinked, Close removes it
}

// newTempFile makes a temporary file, mode 0600 (os.CreateTemp's), unlinked at
// once.
func newTempFile(dir string) (*tempFile, error) {
	f, err := os.CreateTemp(dir, "relock-*")
	if err != nil {
		return nil, tempError(dir, err)
	}
	t := &tempFile{File: f}
	if err := os.Remove(f.Name()); err != nil {
		t.linked = true
	}
	return t, nil
}

// Close gives the file's space back.
func (t *tempFile) Close() error {
	err := t.File.Close()
	if t.linked {
		err = errors.Join(err, os.Remove(t.Name()))
	}
	return err
}

// tempError explains a temporary file that cannot be made, written or read.
func tempError(dir string, err error) error {
	if dir == "" {
		dir = os.TempDir()
	}
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err // The file's random name tells nobody anything.
	}
	return &ListError{
		Kind: ErrTemp, Reason: "a temporary file in " + dir + " cannot be used", Err: err,
		Remedy: "free space there, or set TMPDIR to a folder with about as much space as the list has",
	}
}
