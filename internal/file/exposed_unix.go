//go:build unix

package file

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Exposed says which folder lets other users replace what is in dir, why, and what to
// do; it is empty if there is none. A folder above counts as well: who can write there
// can put another dir in its place, unless the sticky bit keeps them from it.
func Exposed(dir string) string {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	for at, others := dir, fs.FileMode(0o022); ; at, others = filepath.Dir(at), 0o002 {
		if text := exposed(at, others, at == dir); text != "" {
			return text
		}
		if at == filepath.Dir(at) {
			return ""
		}
	}
}

// exposed is Exposed for one folder, where the bits of others must not be set.
func exposed(dir string, others fs.FileMode, own bool) string {
	info, err := os.Stat(dir)
	if err != nil {
		return "" // not made yet
	}
	sticky := info.Mode()&fs.ModeSticky != 0 && !own
	if mode := info.Mode().Perm(); mode&others != 0 && !sticky {
		return fmt.Sprintf("others can write in the folder %s (mode %04o): chmod go-w %s", dir, mode, dir)
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok && s.Uid != 0 && int64(s.Uid) != int64(os.Geteuid()) {
		return fmt.Sprintf("the folder %s belongs to another user (UID %d): name a folder of your own, or run as that user", dir, s.Uid)
	}
	return ""
}
