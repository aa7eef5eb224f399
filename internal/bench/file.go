package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"relock/internal/job"
	"relock/internal/queue"
)

// benchFile sends a job through the file queue: first the queue alone, then the
// programs, whose CPU is read at each tenth of the resets.
func benchFile(ctx context.Context, o options) error {
	n := 200_000
	if o.long {
		n = 1_000_000
	}
	s, err := startStand(ctx, o, "--quota", "UserAccountRecovery=unlimited")
	if err != nil {
		return err
	}
	defer s.stop()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	in, err := s.measure(ctx, self, []string{"bare-fill", "-dir", filepath.Join(s.dir, "alone"), "-n", strconv.Itoa(n)})
	if err != nil {
		return err
	}
	fmt.Printf("  the queue alone: %d rows in %.1f s, %.0f a second, %.0f MiB\n", n, in.wall.Seconds(), float64(n)/in.wall.Seconds(), mib(in.rss))

	list, err := s.writeList(n)
	if err != nil {
		return err
	}
	dir := "file:" + filepath.Join(s.dir, "relock")
	sent, err := s.measure(ctx, s.program("enqueue"), append([]string{
		"--user-pool-id", pool, "--queue", dir, "--ledger", dir, "--job", "b",
	}, unasked(list)...))
	if err != nil {
		return err
	}
	fmt.Printf("  enqueue, plan and ledger rows included: %.1f s, %.0f a second, %.0f MiB\n", sent.wall.Seconds(), float64(n)/sent.wall.Seconds(), mib(sent.rss))
	return s.drainInTenths(ctx, dir, n)
}

// drainInTenths runs the worker and reads its CPU whenever another tenth of the
// users has been reset, by the sandbox's count.
func (s *stand) drainInTenths(ctx context.Context, dir string, n int) error {
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, s.program("worker"),
		"--user-pool-id", pool, "--queue", dir, "--ledger", dir, "--drain", "--metrics-listen", "off", "--rate", "100000", "--force", "rate_over_quota")
	cmd.Stdout, cmd.Stderr, cmd.Env = &out, &out, environment(s.url)
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	var ended atomic.Bool
	result := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		ended.Store(true)
		result <- err
	}()
	base, err := s.count(ctx, "AdminResetUserPassword")
	if err != nil {
		return err
	}
	type point struct {
		resets int64
		cpu    time.Duration
	}
	points := []point{}
	for !ended.Load() {
		resets, err := s.count(ctx, "AdminResetUserPassword")
		if err != nil {
			return err
		}
		resets -= base
		if int(resets) >= len(points)*n/10 && len(points) <= 10 {
			if cpu, err := processorTime(cmd.Process.Pid); err == nil {
				points = append(points, point{resets, cpu})
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err := <-result; err != nil {
		return fmt.Errorf("worker: %w\n%s", err, out.String())
	}
	if ru, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		fmt.Printf("  worker: %.0f s, %.1f µs CPU a target, %.0f MiB\n", time.Since(begun).Seconds(),
			micros(cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime(), n), mib(ru.Maxrss<<10))
	}
	if len(points) < 11 {
		points = append(points, point{int64(n), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()})
	}
	var per []float64
	for i := 1; i < len(points); i++ {
		per = append(per, micros(points[i].cpu-points[i-1].cpu, int(points[i].resets-points[i-1].resets)))
	}
	fmt.Printf("  µs CPU a target by tenths: %.0f\n  the last against the first: %.2f\n", per, per[len(per)-1]/per[0])
	return nil
}

// processorTime is what a process has used so far, from /proc.
func processorTime(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat is not as expected", pid)
	}
	var ticks int64
	for _, v := range f[11:13] { // utime and stime, in hundredths of a second
		t, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += t
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}

// fill stages n messages by 16 goroutines in batches of ten, and publishes them.
func fill(ctx context.Context, dir string, n int) error {
	q, err := queue.CreateFile(dir, queue.FileOptions{})
	if err != nil {
		return err
	}
	defer func() { _ = q.Close() }() // every write was durable when it returned
	stage := q.Stage("b")
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make(chan error, 16)
	for range 16 {
		wg.Go(func() {
			for {
				from := int(next.Add(queue.MaxBatch)) - queue.MaxBatch
				if from >= n {
					return
				}
				batch := make([][]byte, 0, queue.MaxBatch)
				for i := from; i < min(n, from+queue.MaxBatch); i++ {
					body, err := queue.Encode(queue.Message{
						Ledger: "01JD0000000000000000000000", Job: "inc-2026-1123", Pool: pool,
						Username: job.Username(fmt.Sprintf("user-%08d", i)),
					})
					if err != nil {
						errs <- err
						return
					}
					batch = append(batch, body)
				}
				if _, err := stage.Send(ctx, batch); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return stage.Publish(ctx)
	}
}
