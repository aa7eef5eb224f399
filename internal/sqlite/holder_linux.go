package sqlite

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// writeLock is the byte of the -shm file that a writer locks
// (https://www.sqlite.org/walformat.html, section 2.3.1: 120 is WAL_WRITE_LOCK).
const writeLock = "120"

// holder names the process that writes to the database at path, in words; empty
// where nobody does any more or the kernel does not say. It only reads
// /proc/locks: to open and close one of SQLite's files beside SQLite would drop
// this process's own locks on it (fcntl(2)).
func holder(path string) string {
	info, err := os.Stat(path + "-shm")
	if err != nil {
		return ""
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	f, err := os.Open("/proc/locks")
	if err != nil {
		return ""
	}
	defer f.Close()
	pid := lockedBy(f, st.Ino)
	if pid == 0 || pid == os.Getpid() {
		return ""
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return fmt.Sprintf("process %d", pid)
	}
	name, state := nameAndState(string(stat))
	if state != "T" {
		return fmt.Sprintf("process %d, %s: wait for it, or end it", pid, name)
	}
	return fmt.Sprintf("process %d, %s, which is stopped: continue it with `kill -CONT %d`, or end it", pid, name, pid)
}

// lockedBy finds in the text of /proc/locks who has locked the file with that inode
// for writing; 0 where nobody has. The device is not compared: an overlay's or
// Btrfs's differs from stat's.
func lockedBy(locks io.Reader, inode uint64) int {
	for s := bufio.NewScanner(locks); s.Scan(); {
		// 1: POSIX  ADVISORY  WRITE 1234 08:01:5678 120 120
		f := strings.Fields(s.Text())
		if len(f) != 8 || f[3] != "WRITE" || f[6] != writeLock || !strings.HasSuffix(f[5], fmt.Sprintf(":%d", inode)) {
			continue
		}
		if pid, err := strconv.Atoi(f[4]); err == nil && pid > 0 {
			return pid
		}
	}
	return 0
}

// nameAndState reads a process's name and its state's letter from the text of
// /proc/PID/stat (proc_pid_stat(5)).
func nameAndState(stat string) (name, state string) {
	from, to := strings.IndexByte(stat, '('), strings.LastIndexByte(stat, ')')
	if from < 0 || to < from {
		return "?", "?"
	}
	state, _, _ = strings.Cut(strings.TrimSpace(stat[to+1:]), " ")
	return stat[from+1 : to], state
}
