package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"relock/internal/file"
)

// reports are the files with rows that enqueue writes beside its work: those left
// out, and duplicates. Each replaces what is at its path once it is complete.
type reports []struct {
	flag string
	*file.Replacement
}

// open begins a report, which must not be one of the lists. It is nil for the null
// device, where nothing has to be written.
func (r *reports) open(flag, name string, lists []string) (io.Writer, error) {
	name = filepath.Clean(name)
	if name == os.DevNull {
		return nil, nil //nolint:nilnil // nil is what takes nothing
	}
	if there, err := os.Stat(name); err == nil {
		for _, list := range lists {
			if info, err := os.Stat(list); err == nil && os.SameFile(there, info) {
				return nil, usage("--%s %s is the list itself; name another file", flag, name)
			}
		}
	}
	for _, other := range *r {
		if other.Path() == name {
			return nil, usage("--%s and --%s both name %s; name two files", other.flag, flag, name)
		}
	}
	f, err := file.Replace(name, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--%s: %w; name a file that can be written", flag, err)
	}
	*r = append(*r, struct {
		flag string
		*file.Replacement
	}{flag, f})
	return f, nil
}

// commit puts the report of a flag in its place.
func (r *reports) commit(flag string) error {
	for _, f := range *r {
		if f.flag != flag {
			continue
		}
		if err := f.Commit(); err != nil {
			return fmt.Errorf("--%s: %w; name another file", f.flag, err)
		}
	}
	return nil
}

// close removes what was not committed.
func (r *reports) close() (err error) {
	for _, f := range *r {
		err = errors.Join(err, f.Close())
	}
	return err
}
