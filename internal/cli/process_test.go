package cli_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"relock/internal/sandbox"
)

// programs is the folder of the real binaries, once they are built.
var programs string

// binaries builds the programs once for all tests that need the real ones.
var binaries = sync.OnceValue(func() (err error) {
	if programs, err = os.MkdirTemp("", "relock-programs-"); err != nil {
		return err
	}
	out, err := exec.Command("go", "build", "-o", programs, "relock/cmd/...").CombinedOutput()
	if err != nil {
		return errors.New(string(out))
	}
	return nil
})

// process is a program that runs.
type process struct {
	*stage
	cmd *exec.Cmd
	out bytes.Buffer
}

func (s *stage) start(program string, args ...string) *process {
	s.Helper()
	if err := binaries(); err != nil {
		s.Fatalf("building the programs: %v", err)
	}
	p := &process{stage: s, cmd: exec.Command(filepath.Join(programs, program), append(s.where[:len(s.where):len(s.where)], args...)...)}
	p.cmd.Dir = s.dir
	p.cmd.Env = s.env()
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	if err := p.cmd.Start(); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = p.cmd.Process.Kill() }) // it is gone if all went well
	return p
}

// env is the environment of the programs.
func (s *stage) env() []string {
	return append(os.Environ(),
		"AWS_ENDPOINT_URL="+s.server.URL(), "AWS_ACCESS_KEY_ID="+sandbox.DemoAccessKeyID, "AWS_SECRET_ACCESS_KEY="+sandbox.DemoSecretAccessKey,
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_EC2_METADATA_DISABLED=true", "RELOCK_METRICS_LISTEN=off", "RELOCK_SAMPLE=0")
}

// signal sends a signal once the action was called, and returns the time.
func (p *process) signal(sig syscall.Signal, when <-chan struct{}) time.Time {
	p.Helper()
	select {
	case <-when:
	case <-time.After(30 * time.Second):
		p.Fatalf("it never came so far:\n%s", p.end(-1))
	}
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.Fatalf("%v\n%s", err, &p.out)
	}
	return time.Now()
}

// end waits for the process, expects its exit code, unless it is -1, and returns
// what it said.
func (p *process) end(code int) string {
	p.Helper()
	kill := time.AfterFunc(30*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer kill.Stop()
	err := p.cmd.Wait()
	if _, ok := errors.AsType[*exec.ExitError](err); !ok && err != nil {
		p.Fatal(err)
	}
	if got := p.cmd.ProcessState.ExitCode(); code >= 0 && got != code {
		p.Fatalf("it ended with %d, want %d:\n%s", got, code, &p.out)
	}
	return p.out.String()
}
