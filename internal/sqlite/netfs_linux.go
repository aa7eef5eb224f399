package sqlite

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Magic numbers of file systems whose locks or shared memory SQLite cannot rely
// on (statfs(2), linux/magic.h).
var networkMagic = map[int64]string{
	unix.NFS_SUPER_MAGIC:  "nfs",
	unix.SMB_SUPER_MAGIC:  "smb",
	unix.CIFS_SUPER_MAGIC: "cifs",
	unix.SMB2_SUPER_MAGIC: "smb2",
	unix.AFS_SUPER_MAGIC:  "afs",
	unix.AFS_FS_MAGIC:     "afs",
	unix.CODA_SUPER_MAGIC: "coda",
	unix.NCP_SUPER_MAGIC:  "ncp",
	unix.V9FS_MAGIC:       "9p",
	unix.CEPH_SUPER_MAGIC: "ceph",
	0x0BD00BD0:            "lustre",
	0x01161970:            "gfs2",
	0x7461636f:            "ocfs2",
	0x47504653:            "gpfs",
}

// networkFS names the file system of dir and says whether it is known to be a
// network's. FUSE hides what it is; the mount table tells its kind.
func networkFS(dir string) (kind string, remote bool) {
	var st unix.Statfs_t
	for {
		err := unix.Statfs(dir, &st)
		if err == nil {
			break
		}
		if err != unix.EINTR {
			return "", false // opening the file will say what is wrong
		}
	}
	magic := int64(uint32(st.Type)) // the type is signed on some platforms
	if kind, ok := networkMagic[magic]; ok {
		return kind, true
	}
	if magic != unix.FUSE_SUPER_MAGIC {
		return "", false
	}
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return "fuse", false
	}
	defer f.Close()
	kind = mountType(bufio.NewScanner(f), dir)
	return kind, networkFuse(kind)
}

// networkFuse reports whether a kind of FUSE file system keeps its files
// elsewhere. Others (an encrypted home, ntfs-3g) are local disks.
func networkFuse(kind string) bool {
	for _, name := range []string{
		"sshfs", "s3fs", "goofys", "mount-s3", "mountpoint-s3", "gcsfuse", "blobfuse", "rclone",
		"glusterfs", "cephfs", "ceph-fuse", "juicefs", "davfs", "curlftpfs", "smbnetfs", "nfs",
		"moosefs", "mfs", "seaweedfs", "google-drive", "onedriver", "gvfsd-fuse", "objectivefs", "lizardfs",
	} {
		if strings.Contains(kind, name) {
			return true
		}
	}
	return false
}

// mountType finds the type of the deepest mount above dir in a mountinfo table
// (proc_pid_mountinfo(5)).
func mountType(lines *bufio.Scanner, dir string) string {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	var kind, deepest string
	for lines.Scan() {
		before, after, ok := strings.Cut(lines.Text(), " - ")
		fields, rest := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(rest) < 2 {
			continue
		}
		point := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\134`, `\`).Replace(fields[4])
		inside := point == "/" || dir == point || strings.HasPrefix(dir, point+"/")
		if inside && len(point) >= len(deepest) { // a later mount hides an earlier one
			// Some name themselves as the type, some as the source.
			deepest, kind = point, rest[0]+" "+rest[1]
		}
	}
	return kind
}
