// Command bench measures the programs as they are built: resets a CPU-second
// against a bare SDK loop, enqueue against a bare SendMessageBatch loop, requests
// to SQS a user, memory and time for long lists. Each side of a comparison is a
// process of its own, the two sides take turns, and the median of the ratios is
// what counts. It reports; it does not judge.
//
//	go run ./internal/bench -bin bin            everything
//	go run ./internal/bench -bin bin -only worker,dryrun -pairs 3
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
)

type options struct {
	bin     string
	pairs   int
	targets int
	long    bool
	rows    int

	dynamoTargets int
}

// benchmark is one measurement, with the bar of docs/architecture.md.
type benchmark struct {
	name, what string
	run        func(context.Context, options) error
}

var benchmarks = []benchmark{
	{"worker", "resets a CPU-second: worker with SQS and SQLite against a bare SDK loop; bar: at least 70 %", benchWorker},
	{"dynamodb", "the same with SQS and DynamoDB (dynalite), against a loop that makes the same DynamoDB calls; bar: at least 85 %", benchDynamo},
	{"file", "a job through the file queue, no limit: rows a second in, memory, CPU a target of the last tenth against the first; bars: 40,000 rows a second at 1 M, under 64 MiB, at most 1.25", benchFile},
	{"enqueue", "enqueue to SQS at 10 ms a call, ledger rows included, against a bare SendMessageBatch loop; bar: at least 95 %", benchEnqueue},
	{"requests", "requests to SQS a user at 24 a second, all counted; bar: at most 0.32", benchRequests},
	{"memory", "largest resident memory of enqueue with a long list, and of the worker behind it, in SQS and in a file; bar: under 64 MiB", benchMemory},
	{"pace", "the pace in real time over HTTP, with the real worker; bars beside the figures", benchPace},
	{"dryrun", "enqueue --dry-run --offline; bars: 1 M rows under 1.5 s, 10 M under 15 s, UTF-16 and gzip under twice that, under 64 MiB", benchDryRun},
}

func main() {
	if len(os.Args) > 1 && strings.HasPrefix(os.Args[1], "bare-") {
		if err := bare(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	var o options
	only := flag.String("only", "", "names of benchmarks, separated by commas; all if empty")
	flag.StringVar(&o.bin, "bin", "bin", "folder of the built programs")
	flag.IntVar(&o.pairs, "pairs", 7, "runs of each side of a comparison")
	flag.IntVar(&o.targets, "targets", 20_000, "targets of a comparison")
	flag.IntVar(&o.dynamoTargets, "dynamo-targets", 3000, "targets of a comparison with DynamoDB")
	flag.BoolVar(&o.long, "long", false, "the long lists too: 10 M rows, 1 M messages and targets")
	flag.IntVar(&o.rows, "rows", 0, "rows of the list that memory is measured with, if not 200,000, or with -long 1 M; 10 M in SQS take the sandbox about 15 GiB")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	for _, b := range benchmarks {
		if *only != "" && !slices.Contains(strings.Split(*only, ","), b.name) {
			continue
		}
		fmt.Printf("\n%s: %s\n", b.name, b.what)
		if err := b.run(ctx, o); err != nil {
			fmt.Fprintf(os.Stderr, "bench: %s: %v\n", b.name, err)
			os.Exit(1)
		}
	}
}
