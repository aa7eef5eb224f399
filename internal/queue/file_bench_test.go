package queue_test

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"relock/internal/job"
	"relock/internal/queue"
)

// cpuTime is the processor time that this process has used.
func cpuTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// fillFile stages n messages, by 16 goroutines in batches of ten, and publishes
// them.
func fillFile(b *testing.B, q *queue.File, n int) {
	b.Helper()
	s := q.Stage("j")
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for {
				from := int(next.Add(queue.MaxBatch)) - queue.MaxBatch
				if from >= n {
					return
				}
				var batch [][]byte
				for i := from; i < min(n, from+queue.MaxBatch); i++ {
					body, err := queue.Encode(queue.Message{
						Ledger: "01JD0000000000000000000000", Job: "inc-2026-1123", Pool: "eu-west-1_AbCdEf123",
						Username: job.Username("user" + strconv.Itoa(i) + "@example.com"),
					})
					if err != nil {
						b.Error(err)
						return
					}
					batch = append(batch, body)
				}
				if _, err := s.Send(b.Context(), batch); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if err := s.Publish(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkFileFill sends the messages of one job and publishes them.
func BenchmarkFileFill(b *testing.B) {
	q := openFile(b, b.TempDir(), queue.FileOptions{})
	b.ResetTimer()
	start := cpuTime()
	fillFile(b, q, b.N)
	b.ReportMetric(float64((cpuTime()-start).Microseconds())/float64(b.N), "cpu-µs/message")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

// BenchmarkFileDrain receives and deletes the messages of one job, with two
// receivers and a prefetch of 100, and compares the tenths.
func BenchmarkFileDrain(b *testing.B) {
	q := openFile(b, b.TempDir(), queue.FileOptions{})
	n := max(b.N, 100)
	fillFile(b, q, n)
	handles := make(chan string, 100)
	var received, deleted atomic.Int64
	tenths := make([]time.Duration, 0, 11)
	b.ResetTimer()
	tenths = append(tenths, cpuTime())
	var receivers, deleters sync.WaitGroup
	for range 2 {
		receivers.Go(func() {
			for received.Load() < int64(n) {
				ds, err := q.Receive(b.Context(), queue.MaxBatch, 0, time.Minute)
				if err != nil {
					b.Error(err)
					return
				}
				received.Add(int64(len(ds)))
				for _, d := range ds {
					handles <- d.Handle
				}
			}
		})
		deleters.Go(func() {
			var batch []string
			for h := range handles {
				if batch = append(batch, h); len(batch) < queue.MaxBatch && len(handles) > 0 {
					continue
				}
				if _, err := q.Delete(b.Context(), batch); err != nil {
					b.Error(err)
					return
				}
				before := deleted.Add(int64(len(batch))) - int64(len(batch))
				if tenth := int64(n) / 10; before/tenth != (before+int64(len(batch)))/tenth {
					tenthsMu.Lock()
					tenths = append(tenths, cpuTime())
					tenthsMu.Unlock()
				}
				batch = batch[:0]
			}
		})
	}
	receivers.Wait()
	close(handles)
	deleters.Wait()
	b.StopTimer()
	d, err := q.Depth(b.Context())
	if err != nil || !d.Empty() {
		b.Fatalf("depth %+v, error %v", d, err)
	}
	last := len(tenths) - 1
	per := func(i int) float64 { return float64((tenths[i] - tenths[i-1]).Microseconds()) / float64(n/10) }
	b.ReportMetric(float64((tenths[last]-tenths[0]).Microseconds())/float64(n), "cpu-µs/message")
	b.ReportMetric(per(last)/per(1), "last/first")
	for i := range last {
		if n < 10_000 {
			break // a first try, of which nothing can be told
		}
		b.Logf("tenth %d: %.1f µs a message", i+1, per(i+1))
	}
}

var tenthsMu sync.Mutex
