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

// holder names the process that writes to the database at path or has it for itself
// (locking_mode=EXCLUSIVE), in words; empty where none does any more or the kernel
// does not say. It only reads
// /proc/locks: to open and close one of SQLite's files beside SQLite would drop
// this process's own locks on it (fcntl(2)).
func holder(path string) string {
	f, err := os.Open("/proc/locks")
	if err != nil {
		return ""
	}
	defer f.Close()
	pid := lockedBy(f, inode(path+"-shm"), inode(path))
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

// inode is that of the file at path; 0 if there is none.
func inode(path string) uint64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Ino
	}
	return 0
}

// lockedBy finds in the text of /proc/locks which process has locked the byte
// writeLock of the file with the inode shm, or any of that with the inode db, for
// writing; 0 if none has. In WAL mode nobody else locks the latter for writing. The device is not compared: an overlay's or
// Btrfs's differs from stat's.
func lockedBy(locks io.Reader, shm, db uint64) int {
	for s := bufio.NewScanner(locks); s.Scan(); {
		// 1: POSIX  ADVISORY  WRITE 1234 08:01:5678 120 120
		f := strings.Fields(s.Text())
		if len(f) != 8 || f[1] != "POSIX" || f[3] != "WRITE" {
			continue
		}
		_, inode, _ := strings.Cut(f[5][strings.Index(f[5], ":")+1:], ":") // MAJOR:MINOR:INODE
		n, err := strconv.ParseUint(inode, 10, 64)
		if err != nil || n == 0 || n != db && (n != shm || f[6] != writeLock) {
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
