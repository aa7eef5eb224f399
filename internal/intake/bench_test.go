package intake

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// benchRows is the length of the benchmarks' lists; RELOCK_BENCH_ROWS overrides
// it.
func benchRows() int {
	if n, err := strconv.Atoi(os.Getenv("RELOCK_BENCH_ROWS")); err == nil {
		return n
	}
	return 1_000_000
}

func benchConfig(path, format string) Config {
	cfg := Config{Paths: []string{path}}
	if format == withMeta {
		cfg.MetadataColumns = []string{"case"}
	}
	return cfg
}

// BenchmarkScan measures pass one: a dry run.
func BenchmarkScan(b *testing.B) {
	for _, format := range []string{plain, utf16le, gzipped, withMeta, jsonList} {
		b.Run(format, func(b *testing.B) {
			path := generate(b, b.TempDir(), format, benchRows())
			for b.Loop() {
				l, err := Scan(b.Context(), benchConfig(path, format))
				if err != nil {
					b.Fatal(err)
				}
				if err := l.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(benchRows())*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkTargets measures pass two.
func BenchmarkTargets(b *testing.B) {
	l, err := Scan(b.Context(), benchConfig(generate(b, b.TempDir(), plain, benchRows()), plain))
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	for b.Loop() {
		for _, err := range l.Targets(b.Context()) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(benchRows())*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// scanFile, set in the environment, makes the test binary do both passes over
// a list and print the most memory it had after each, so that the figure is that of a
// process which did nothing else.
const scanFile = "RELOCK_TEST_SCAN"

func TestMain(m *testing.M) {
	if path := os.Getenv(scanFile); path != "" {
		if err := scanAndReport(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func scanAndReport(path string) error {
	ctx := context.Background()
	l, err := Scan(ctx, benchConfig(path, os.Getenv(scanFile+"_FORMAT")))
	if err != nil {
		return err
	}
	defer l.Close()
	if err := printPeak(); err != nil {
		return err
	}
	for _, err := range l.Targets(ctx) {
		if err != nil {
			return err
		}
	}
	return printPeak()
}

// printPeak prints the peak of the process's resident memory so far, in KiB.
func printPeak() error {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(status)) {
		if kib, found := strings.CutPrefix(line, "VmHWM:"); found {
			fmt.Println(strings.Fields(kib)[0])
		}
	}
	return nil
}

// BenchmarkMemory reports the peak resident memory of a process after pass one,
// and after pass two with a consumer that is as fast as can be; and its time.
func BenchmarkMemory(b *testing.B) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		b.Skip("the peak of a process's memory is read from Linux's /proc")
	}
	for _, format := range []string{plain, withMeta, jsonList} {
		b.Run(format, func(b *testing.B) {
			path := generate(b, b.TempDir(), format, benchRows())
			var peak [2]float64
			for b.Loop() {
				cmd := exec.CommandContext(b.Context(), os.Args[0])
				cmd.Env = append(os.Environ(), scanFile+"="+path, scanFile+"_FORMAT="+format)
				var stderr bytes.Buffer
				cmd.Stderr = &stderr
				out, err := cmd.Output()
				if err != nil {
					b.Fatalf("%v: %s", err, stderr.String())
				}
				for i, line := range strings.Fields(string(out)) {
					kib, err := strconv.ParseFloat(line, 64)
					if err != nil {
						b.Fatal(err)
					}
					peak[i] = max(peak[i], kib/1024)
				}
			}
			b.ReportMetric(peak[0], "MiB-scan")
			b.ReportMetric(peak[1], "MiB-both")
		})
	}
}
