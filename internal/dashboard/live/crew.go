package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"relock/internal/file"
)

// crew is the processes of a run, each with a log of its own. Only those that it
// started are ever ended.
type crew struct {
	ctx  context.Context // ends them all
	end  context.CancelFunc
	dir  string
	env  []string
	wait sync.WaitGroup

	mu     sync.Mutex
	failed error
}

func newCrew(ctx context.Context, dir string) *crew {
	c := &crew{dir: dir, env: os.Environ()}
	c.ctx, c.end = context.WithCancel(ctx)
	return c
}

func (c *crew) command(ctx context.Context, name, program string, args ...string) (*exec.Cmd, *os.File, error) {
	log, err := file.Append(filepath.Join(c.dir, name+".log"))
	if err != nil {
		return nil, nil, fmt.Errorf("opening the log of %s: %w", name, err)
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env, cmd.Dir = c.env, c.dir
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	return cmd, log, nil
}

// once runs a program to its end.
func (c *crew) once(ctx context.Context, name, program string, args ...string) error {
	cmd, log, err := c.command(ctx, name, program, args...)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the process wrote it
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w; %s has its output", name, err, log.Name())
	}
	return nil
}

// start runs a program until the crew stops. It is not to end before.
func (c *crew) start(name, program string, args ...string) error {
	_, err := c.begin(name, false, program, args...)
	return err
}

// listen starts a program and returns the first line that it prints.
func (c *crew) listen(name, program string, args ...string) (string, error) {
	return c.begin(name, true, program, args...)
}

func (c *crew) begin(name string, wait bool, program string, args ...string) (first string, err error) {
	cmd, log, err := c.command(c.ctx, name, program, args...)
	if err != nil {
		return "", err
	}
	var out io.ReadCloser
	if wait {
		cmd.Stdout = nil
		if out, err = cmd.StdoutPipe(); err != nil {
			return "", fmt.Errorf("starting %s: %w", name, err)
		}
	}
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("starting %s: %w", name, err)
	}
	var rest *bufio.Reader
	if wait {
		rest = bufio.NewReader(out)
		first, err = rest.ReadString('\n')
	}
	c.wait.Go(func() {
		if rest != nil {
			_, _ = io.Copy(log, rest) // for whoever reads the log
		}
		err := cmd.Wait()
		_ = log.Close()
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.ctx.Err() == nil && c.failed == nil {
			c.failed = fmt.Errorf("%s ended before its time (%w); %s has its output", name, err, log.Name())
		}
	})
	if err != nil {
		return "", fmt.Errorf("%s printed nothing: %w", name, err)
	}
	return first, nil
}

// dead says whether a program has ended that should run.
func (c *crew) dead() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failed
}

// stop ends all programs and waits for them.
func (c *crew) stop() {
	c.end()
	c.wait.Wait()
}
