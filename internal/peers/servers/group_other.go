//go:build !unix

package servers

import "os/exec"

func ownGroup(*exec.Cmd) {}

// killGroup ends a command; what it started ends with its standard input.
func killGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
