// Package file writes files so that a symbolic link that somebody has put in their
// place is never followed, and nobody but their owner reads what is in them.
package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrKind is why a path is refused: it is there, and no regular file.
var ErrKind = errors.New("it is not a regular file")

// New makes a file that does not exist yet, for its owner alone. Its error is
// fs.ErrExist where there is anything at path, a symbolic link included.
func New(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
}

// Append opens a file to write at its end, and makes it, for its owner alone, where
// it is missing. Its error is ErrKind where something else than a file is there.
func Append(path string) (*os.File, error) {
	before, err := existing(path)
	if err != nil {
		return nil, err
	}
	if before == nil {
		return New(path)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	// What was looked at may have been replaced since.
	after, err := f.Stat()
	if err == nil && !os.SameFile(before, after) {
		err = refused(path)
	}
	if err == nil {
		err = f.Chmod(0o600)
	}
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, err
	}
	return f, nil
}

// existing is the regular file at path, or nil if nothing is there.
func existing(path string) (fs.FileInfo, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil //nolint:nilnil // nothing is there
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, refused(path)
	}
	return info, nil
}

func refused(path string) error {
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		return fmt.Errorf("%s is a symbolic link, which is not followed: %w", path, ErrKind)
	}
	return fmt.Errorf("%s: %w", path, ErrKind)
}

// Replacement is a file that takes the place of another, or of nothing, once it is
// complete. Until then it lies beside it, under another name. One goroutine at a
// time.
type Replacement struct {
	*os.File
	path string
	done bool
}

// Replace begins a file that is to be at path, with the given permissions. What is at
// path keeps its content until Commit. Its error is ErrKind where that is no regular
// file.
func Replace(path string, perm fs.FileMode) (*Replacement, error) {
	if _, err := existing(path); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return nil, named(err, path)
	}
	r := &Replacement{File: f, path: path}
	if err := f.Chmod(perm); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// Write implements io.Writer; its error names the file that is replaced.
func (r *Replacement) Write(p []byte) (int, error) {
	n, err := r.File.Write(p)
	return n, named(err, r.path)
}

// named is an error of os that names another path: that of a temporary file says
// nothing.
func named(err error, path string) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		e.Path = path
	}
	return err
}

// Path is where the file will be.
func (r *Replacement) Path() string { return r.path }

// Commit puts the file, as it was written so far, in its place.
func (r *Replacement) Commit() error {
	if err := r.Sync(); err != nil {
		return named(err, r.path)
	}
	if err := os.Rename(r.Name(), r.path); err != nil {
		return err
	}
	r.done = true
	return nil
}

// Close closes the file, and removes it unless Commit has put it in its place.
func (r *Replacement) Close() error {
	err := r.File.Close()
	if !r.done {
		err = errors.Join(err, os.Remove(r.Name()))
	}
	return err
}

// Write replaces the file at path by data, at once and as a whole.
func Write(path string, data []byte, perm fs.FileMode) (err error) {
	r, err := Replace(path, perm)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if _, err := r.Write(data); err != nil {
		return err
	}
	return r.Commit()
}
