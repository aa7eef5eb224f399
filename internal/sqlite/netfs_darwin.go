package sqlite

import (
	"slices"

	"golang.org/x/sys/unix"
)

// networkFS names the file system of dir and says whether it is known to be a
// network's.
func networkFS(dir string) (kind string, remote bool) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return "", false // opening the file will say what is wrong
	}
	kind = unix.ByteSliceToString(st.Fstypename[:])
	return kind, slices.Contains([]string{"nfs", "smbfs", "afpfs", "webdav", "cifs", "ftp"}, kind)
}
