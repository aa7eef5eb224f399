package leader

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// thisProcess names this process; nil if the kernel does not say enough.
func thisProcess() *process {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return nil
	}
	space, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return nil
	}
	p := &process{Boot: strings.TrimSpace(string(boot)), Space: space, PID: os.Getpid()}
	// A /proc of another namespace would show somebody else under our PID.
	if self, err := os.Readlink("/proc/self"); err != nil || self != strconv.Itoa(p.PID) {
		return nil
	}
	st, err := readStat(p.PID)
	if err != nil || p.Boot == "" {
		return nil
	}
	p.Start = st.start
	return p
}

// gone reports whether p is dead beyond doubt, as seen by the process self.
func (p *process) gone(self *process) bool {
	if p.Boot != self.Boot || p.Space != self.Space || p.PID <= 0 || p.Start == 0 {
		return false
	}
	// Not by /proc, which may hide the processes of others (hidepid).
	if errors.Is(syscall.Kill(p.PID, 0), syscall.ESRCH) {
		return true
	}
	st, err := readStat(p.PID)
	switch {
	case err != nil:
		return false
	case st.start != p.Start:
		return true
	default:
		// A zombie is dead once no other thread is left.
		return st.state == 'Z' && st.threads <= 1
	}
}

// stat is a part of /proc/PID/stat.
type stat struct {
	state   byte
	threads int
	start   uint64
}

// readStat reads /proc/PID/stat; see proc_pid_stat(5).
func readStat(pid int) (stat, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, err
	}
	return parseStat(string(b))
}

func parseStat(text string) (s stat, err error) {
	// The second field is the program's name, which may hold anything.
	f := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(f) < 20 || len(f[0]) != 1 {
		return s, errors.New("/proc/PID/stat has another form than expected")
	}
	s.state = f[0][0] // the third field
	if s.threads, err = strconv.Atoi(f[17]); err != nil {
		return s, fmt.Errorf("reading the number of threads: %w", err)
	}
	if s.start, err = strconv.ParseUint(f[19], 10, 64); err != nil {
		return s, fmt.Errorf("reading the start time: %w", err)
	}
	return s, nil
}
