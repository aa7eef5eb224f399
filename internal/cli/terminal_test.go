//go:build linux

package cli_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal is a pseudo-terminal, and what a person would see on it.
type terminal struct {
	*testing.T
	ctrl, tty *os.File
	read      chan string
}

func newTerminal(t *testing.T, columns uint16) *terminal {
	t.Helper()
	ctrl, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("this machine has no pseudo-terminals (mount devpts): %v", err)
	}
	fd := int(ctrl.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	m := &terminal{T: t, ctrl: ctrl, tty: tty, read: make(chan string, 1)}
	go func() {
		all, _ := io.ReadAll(ctrl) // it ends with an error when the terminal is closed
		m.read <- string(all)
	}()
	return m
}

// run runs a program of the stage on the terminal and returns all that was
// written to it.
func (m *terminal) run(s *stage, env []string, program string, args ...string) (code int, written string) {
	m.Helper()
	cmd := exec.Command(program, append(s.where[:len(s.where):len(s.where)], args...)...)
	cmd.Dir, cmd.Env = s.dir, append(s.env(), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = m.tty, m.tty, m.tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	err := cmd.Run()
	if cmd.ProcessState == nil {
		m.Fatal(err)
	}
	if err := m.tty.Close(); err != nil {
		m.Fatal(err)
	}
	written = <-m.read
	_ = m.ctrl.Close() // read to its end
	return cmd.ProcessState.ExitCode(), strings.ReplaceAll(written, "\r\n", "\n")
}

var escape = regexp.MustCompile(`\x1b\[(\d*)([A-Za-z])|\r`)

// screen is what is left on a terminal after all was written to it: it knows the
// few sequences that the programs use, and fails at others.
func (m *terminal) screen(written string) []string {
	m.Helper()
	lines := []string{""}
	rest := written
	for rest != "" {
		at := escape.FindStringSubmatchIndex(rest)
		text := rest
		if at != nil {
			text = rest[:at[0]]
		}
		for i, part := range strings.Split(text, "\n") {
			if i > 0 {
				lines = append(lines, "")
			}
			lines[len(lines)-1] += part
		}
		if at == nil {
			return lines
		}
		sequence := rest[at[0]:at[1]]
		rest = rest[at[1]:]
		up := 0
		switch _, err := fmt.Sscanf(sequence, "\x1b[%dA", &up); {
		case err == nil && sequence[len(sequence)-1] == 'A':
			lines = append(lines[:len(lines)-1-up], "")
		case sequence == "\x1b[J": // all below is gone already
		default:
			m.Fatalf("the sequence %q is not known:\n%q", sequence, written)
		}
	}
	return lines
}

// TestLiveBlock runs the worker on a terminal of 80 columns: the block stands once,
// below the log, no line of it is wider than the terminal, and its last state is
// the end of the run.
func TestLiveBlock(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.enqueueDemo().end(0)
	m := newTerminal(t, 80)
	code, written := m.run(s, []string{"TERM=xterm", "NO_COLOR=1"}, filepath.Join(programs, "worker"), "--drain")
	if code != 3 {
		t.Fatalf("the worker ends with %d, want 3:\n%s", code, written)
	}
	if n := strings.Count(written, "\x1b[J"); n < 5 {
		t.Errorf("the block was drawn over %d times, want 5 at least", n)
	}
	all := strings.Join(m.screen(written), "\n")
	log, after, ok := strings.Cut(all, "[====================] one  588 of 588 done, 71 failed\n")
	if !ok || strings.Contains(all, " of 588 done, 70 failed") || strings.Count(all, "of 588 done") != 1 {
		t.Fatalf("the block does not stand there once, with the end of the run:\n%s", all)
	}
	for line := range strings.Lines(log) {
		if !strings.HasPrefix(line, "time=") {
			t.Errorf("above the block is what is not the log: %q", line)
		}
	}
	if !strings.Contains(log, `msg="job finished"`) {
		t.Errorf("the log's last lines are not above the block:\n%s", all)
	}
	pace, after, _ := strings.Cut(after, "\n")
	if !regexp.MustCompile(`^pace 0\.0 of 150\.0 a second, 0 throttled, 0 in flight, done$`).MatchString(pace) || !strings.HasPrefix(after, "\nJob one (finished)") {
		t.Errorf("below it is %q and\n%s", pace, after)
	}
	for line := range strings.Lines(written) {
		if strings.HasPrefix(line, "[=") && len(line) > 80 || strings.HasPrefix(line, "pace") && len(line) > 80 {
			t.Errorf("a line of the block is wider than the terminal: %q", line)
		}
	}
}

// TestProgressBar runs enqueue on a terminal, with a warning in the middle of its
// bar.
func TestProgressBar(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.enqueueDemo().end(0) // builds the programs
	s.fault("error-500@sqs.SendMessageBatch=1,count=1")
	m := newTerminal(t, 80)
	list, err := filepath.Abs("../../examples/users.csv")
	if err != nil {
		t.Fatal(err)
	}
	code, written := m.run(s, []string{"TERM=xterm"}, filepath.Join(programs, "enqueue"), "--job", "two", "--yes", "--max-users", "600", list)
	if code != 0 {
		t.Fatalf("enqueue ends with %d:\n%s", code, written)
	}
	if !regexp.MustCompile(`sending 588 of 588 +\[=+\] 100 %`).MatchString(written) {
		t.Errorf("the bar is not there, or not full:\n%q", written)
	}
	if !regexp.MustCompile(`(?m)^(\x1b\[[0-9]*[A-Za-z]|\r)*time=.*msg="sending messages failed; trying again"`).MatchString(written) {
		t.Errorf("the warning does not begin a line of its own:\n%q", written)
	}
}
