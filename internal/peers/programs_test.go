package peers

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"relock/internal/peers/servers"
	"relock/internal/sandbox"
)

var building struct {
	once sync.Once
	err  error
}

// programs builds ours, once, and returns their folder.
func programs(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(servers.Dir(t), "bin")
	building.once.Do(func() {
		out, err := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "relock/cmd/...").CombinedOutput()
		if err != nil {
			building.err = errors.New(err.Error() + "\n" + string(out))
		}
	})
	if building.err != nil {
		t.Fatalf("building our programs: %v", building.err)
	}
	return dir
}

// shell runs programs in a folder of its own, with an environment that holds
// nothing of this machine's AWS settings.
type shell struct {
	*testing.T
	dir string
	env []string
}

func newShell(t *testing.T, env ...string) *shell {
	t.Helper()
	dir := t.TempDir()
	return &shell{t, dir, append([]string{
		"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "AWS_EC2_METADATA_DISABLED=true", "AWS_REGION=eu-west-1", "AWS_DEFAULT_REGION=eu-west-1",
		"AWS_ACCESS_KEY_ID=" + sandbox.DemoAccessKeyID, "AWS_SECRET_ACCESS_KEY=" + sandbox.DemoSecretAccessKey,
		"AWS_CA_BUNDLE=", "AWS_PAGER=", "PYENV_VERSION=" + os.Getenv("PYENV_VERSION"), "PYENV_ROOT=" + os.Getenv("PYENV_ROOT"),
	}, env...)}
}

func (s *shell) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = s.dir, s.env
	return cmd
}

// run runs a program to its end, and returns what it wrote to standard output
// and how it ended. What it wrote to standard error is logged if the test fails.
func (s *shell) run(program string, args ...string) (out string, code int) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 3*time.Minute)
	defer cancel()
	cmd := s.command(ctx, program, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	s.Cleanup(func() {
		if s.Failed() && stderr.Len() > 0 {
			s.Logf("%s said:\n%s", filepath.Base(program), &stderr)
		}
	})
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return stdout.String(), exit.ExitCode()
	}
	if err != nil {
		s.Fatalf("running %s: %v", program, err)
	}
	return stdout.String(), 0
}

// must is run for a program that has to end with code.
func (s *shell) must(code int, program string, args ...string) string {
	s.Helper()
	out, got := s.run(program, args...)
	if got != code {
		s.Fatalf("%s %s ends with %d, want %d:\n%s", filepath.Base(program), strings.Join(args, " "), got, code, out)
	}
	return out
}

// serve starts a program that goes on until stop is called, and waits for a line
// that holds mark; the line is returned. stop sends SIGTERM and returns how the
// program ended.
func (s *shell) serve(mark, program string, args ...string) (line string, stop func() int) {
	s.Helper()
	cmd := s.command(context.WithoutCancel(s.Context()), program, args...)
	read, write, err := os.Pipe()
	if err != nil {
		s.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = write, write
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	_ = write.Close()
	var all []string
	lines := bufio.NewReader(read)
	for !strings.Contains(line, mark) {
		if line, err = lines.ReadString('\n'); err != nil {
			_ = cmd.Wait() // why it ended stands in what it said
			s.Fatalf("%s ended before it said %q:\n%s", filepath.Base(program), mark, strings.Join(all, ""))
		}
		all = append(all, line)
	}
	var rest bytes.Buffer
	var reader sync.WaitGroup
	reader.Go(func() { _, _ = io.Copy(&rest, lines) })
	stop = sync.OnceValue(func() int {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		reader.Wait()
		_ = read.Close()
		_ = cmd.Wait() // ProcessState has it
		if s.Failed() {
			s.Logf("%s said:\n%s%s", filepath.Base(program), strings.Join(all, ""), &rest)
		}
		return cmd.ProcessState.ExitCode()
	})
	s.Cleanup(func() { stop() })
	return line, stop
}
