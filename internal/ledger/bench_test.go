package ledger_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"relock/internal/job"
	"relock/internal/ledger"
)

// cpu is the processor time that this process has used.
func cpu() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// spin uses processor time, as a call through the SDK does. The clock cannot
// tell: goroutines move from thread to thread.
func spin(d time.Duration) {
	var block [64]byte
	for range int64(d) * sums() / int64(time.Second) {
		sum := sha256.Sum256(block[:])
		copy(block[:], sum[:])
	}
}

// sums is how many digests this machine makes in a second.
var sums = sync.OnceValue(func() int64 {
	const n = 200_000
	var block [64]byte
	start := cpu()
	for range n {
		sum := sha256.Sum256(block[:])
		copy(block[:], sum[:])
	}
	return int64(n * float64(time.Second) / float64(cpu()-start))
})

func benchLedger(b *testing.B, targets int) *ledger.SQLite {
	b.Helper()
	l, err := ledger.CreateSQLite(b.TempDir(), ledger.SQLiteOptions{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := l.Close(); err != nil {
			b.Error(err)
		}
	})
	if err := l.CreateJob(b.Context(), job.Job{ID: "j"}); err != nil {
		b.Fatal(err)
	}
	if err := l.AddTargets(b.Context(), "j", benchTargets(0, targets)); err != nil {
		b.Fatal(err)
	}
	return l
}

func benchTargets(from, n int) []job.Target {
	rng := rand.New(rand.NewPCG(1, uint64(from)))
	targets := make([]job.Target, n)
	for i := range targets {
		targets[i] = job.Target{
			Line:     int64(from + i + 1),
			Username: job.Username(fmt.Sprintf("%08x-user%d@example.com", rng.Uint32(), from+i)),
		}
	}
	return targets
}

// BenchmarkClaimRecord claims a target and records its outcome: the ledger's
// share of every reset.
func BenchmarkClaimRecord(b *testing.B) {
	for _, c := range []struct {
		workers int
		call    time.Duration // of processor time, between claim and record
	}{{1, 0}, {16, 0}, {64, 0}, {16, 100 * time.Microsecond}, {64, 100 * time.Microsecond}} {
		workers := c.workers
		b.Run(fmt.Sprintf("goroutines=%d/call=%v", workers, c.call), func(b *testing.B) {
			const backlog = 100_000
			n := b.N
			targets := benchTargets(0, max(backlog, n))
			l := benchLedger(b, max(backlog, n))
			ctx := context.Background()
			sums()
			b.ResetTimer()
			start := cpu()
			var next atomic.Int64
			var wg sync.WaitGroup
			for range workers {
				wg.Go(func() {
					for {
						i := int(next.Add(1)) - 1
						if i >= n {
							return
						}
						key := ledger.Key{Job: "j", Username: targets[i].Username}
						claim, err := l.Claim(ctx, key, "worker-1", time.Minute)
						if err != nil || claim.Status != ledger.Granted {
							b.Error(claim.Status, err)
							return
						}
						spin(c.call)
						err = l.Record(ctx, ledger.Record{
							Key: key, Owner: "worker-1", Attempt: claim.Attempt, Outcome: job.Reset, Calls: 1,
							RequestID: "6a3e0f5a-5f0e-4a6e-9d2c-0d1e8f0b7c11", At: time.Now(),
						})
						if err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64((cpu()-start-time.Duration(n)*c.call).Microseconds())/float64(n), "cpu-µs/target")
		})
	}
}

// BenchmarkAddTargets lists the targets of one job, in calls of 10,000.
func BenchmarkAddTargets(b *testing.B) {
	const call = 10_000
	l := benchLedger(b, 0)
	b.ResetTimer()
	start := cpu()
	for from := 0; from < b.N; from += call {
		b.StopTimer()
		targets := benchTargets(from, min(call, b.N-from))
		b.StartTimer()
		if err := l.AddTargets(b.Context(), "j", targets); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((cpu()-start).Microseconds())/float64(b.N), "cpu-µs/target")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "targets/s")
}

// BenchmarkTotals reads the totals of a job of a million targets.
func BenchmarkTotals(b *testing.B) {
	l := benchLedger(b, 1_000_000)
	b.ResetTimer()
	for b.Loop() {
		if _, err := l.Totals(b.Context(), "j"); err != nil {
			b.Fatal(err)
		}
	}
}
