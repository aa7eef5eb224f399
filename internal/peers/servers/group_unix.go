//go:build unix

package servers

import (
	"os/exec"
	"syscall"
)

// ownGroup has a command lead a process group, so that a shell and the server
// that it started end together.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup ends a command and what it started.
func killGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
