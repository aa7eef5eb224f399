package sqlite

import (
	"bufio"
	"strings"
	"testing"
)

func TestMountType(t *testing.T) {
	const table = `22 1 254:0 / / rw,relatime - ext4 /dev/root rw
31 22 0:27 / /home/ana/Remote\040Disk rw - fuse.sshfs ana@host:/ rw
32 22 0:28 / /home/ana/s3 rw - fuse s3fs rw
33 22 0:29 / /home/ana/Private rw - fuse.gocryptfs /home/ana/.cipher rw
34 22 0:30 / /home/ana/Priv rw - fuse.rclone remote: rw
a line that is none
`
	for dir, want := range map[string]bool{
		"/home/ana/Remote Disk/relock": true,
		"/home/ana/s3":                 true,
		"/home/ana/Private/relock":     false,
		"/home/ana/Priv/x":             true,
		"/home/ana":                    false,
	} {
		kind := mountType(bufio.NewScanner(strings.NewReader(table)), dir)
		if got := networkFuse(kind); got != want || kind == "" {
			t.Errorf("%s is %q, of a network: %v, want %v", dir, kind, got, want)
		}
	}
}
