package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"relock/internal/file"
)

const (
	pool      = "eu-west-1_Million001"
	queueName = "bench"
)

// stand is a running sandbox with a pool in which every user exists.
type stand struct {
	bin string
	dir string
	url string
	cmd *exec.Cmd
	env []string // for the programs, beside environment's
}

func startStand(ctx context.Context, o options, flags ...string) (*stand, error) {
	dir, err := os.MkdirTemp("", "relock-bench-")
	if err != nil {
		return nil, err
	}
	args := append([]string{
		"serve", "--listen", "127.0.0.1:0", "--queue", queueName + ":120", "--seed", "1",
		"--pool", pool + ",email=DEVELOPER,on-demand=user-[0-9]{8}",
	}, flags...)
	cmd := exec.CommandContext(ctx, filepath.Join(o.bin, "sandbox"), args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the sandbox (run `make build` first): %w", err)
	}
	s := &stand{bin: o.bin, dir: dir, cmd: cmd}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if url, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
			s.url = url
			return s, nil
		}
	}
	return nil, errors.Join(errors.New("the sandbox did not say where it listens"), cmd.Wait())
}

func (s *stand) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait() // its exit code does not matter
	_ = os.RemoveAll(s.dir)
}

func (s *stand) queueURL() string { return s.url + "/123456789012/" + queueName }

// usage is what a process took.
type usage struct {
	cpu, wall time.Duration
	rss       int64 // bytes at most
}

// measure runs a program and says what it took. Exit codes in ok are fine.
func (s *stand) measure(ctx context.Context, program string, args []string, ok ...int) (usage, error) {
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Env = append(environment(s.url), s.env...)
	begun := time.Now()
	err := cmd.Run()
	wall := time.Since(begun)
	if cmd.ProcessState == nil {
		return usage{}, err
	}
	if !slices.Contains(append(ok, 0), cmd.ProcessState.ExitCode()) {
		return usage{}, fmt.Errorf("%s: %w\n%s", program, err, out.String())
	}
	ru, isRusage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !isRusage {
		return usage{}, errors.New("no resource usage on this system")
	}
	return usage{
		cpu:  cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(),
		wall: wall, rss: ru.Maxrss << 10,
	}, nil
}

// environment is the machine's without what it says of AWS; GOGC and the like
// are the same for both sides.
func environment(url string) []string {
	env := slices.DeleteFunc(os.Environ(), func(e string) bool {
		return strings.HasPrefix(e, "AWS_") || strings.HasPrefix(e, "RELOCK_")
	})
	return append(env, "AWS_ENDPOINT_URL="+url, "AWS_REGION=eu-west-1",
		"AWS_ACCESS_KEY_ID=bench", "AWS_SECRET_ACCESS_KEY=bench",
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull)
}

func (s *stand) program(name string) string { return filepath.Join(s.bin, name) }

func (s *stand) ledger(n int) string {
	return "file:" + filepath.Join(s.dir, fmt.Sprintf("ledger-%d", n))
}

// enqueueArgs sends a list under a job name of its own.
func (s *stand) enqueueArgs(list string, n int) []string {
	return append([]string{
		"--user-pool-id", pool, "--queue", s.queueURL(), "--ledger", s.ledger(n),
		"--job", fmt.Sprintf("bench-%d", n),
	}, unasked(list)...)
}

// unasked are the arguments of an enqueue that looks nobody up and goes on whatever
// the length of the list.
func unasked(list string) []string {
	return []string{"--sample", "0", "--force", "ses_allowance,queue_retention,list_longer_than_pool", "--yes", "--max-users", "100000000", list}
}

func (s *stand) workerArgs(n int, more ...string) []string {
	return append([]string{
		"--user-pool-id", pool, "--queue", s.queueURL(), "--ledger", s.ledger(n),
		"--drain", "--metrics-listen", "off",
	}, more...)
}

// writeList writes a list of n usernames.
func (s *stand) writeList(n int) (string, error) {
	path := filepath.Join(s.dir, fmt.Sprintf("list-%d.csv", n))
	f, err := file.Replace(path, 0o600)
	if err != nil {
		return "", err
	}
	w := bufio.NewWriter(f)
	_, _ = w.WriteString("username\n") // the writer keeps the first error for Flush
	for i := range n {
		_, _ = fmt.Fprintf(w, "user-%08d\n", i)
	}
	return path, errors.Join(w.Flush(), f.Commit(), f.Close())
}

// middle is the median, with the least and the greatest.
func middle(v []float64) string {
	s := slices.Sorted(slices.Values(v))
	return fmt.Sprintf("median %.3f, %.3f to %.3f over %d pairs", s[len(s)/2], s[0], s[len(s)-1], len(s))
}
