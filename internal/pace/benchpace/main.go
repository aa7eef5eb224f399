// Command benchpace simulates ways to call a service with a quota, and prints how
// they compare. The curves go to a folder as SVG.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"relock/internal/file"
)

// first is the first seed.
var first uint64 = 1

func seed(i int) uint64 { return first + uint64(i) }

func main() { os.Exit(run()) }

func run() int {
	seeds := flag.Int("seeds", 8, "runs of each strategy in each scenario")
	out := flag.String("o", "", "also write results.md and the curves to this folder")
	flag.Uint64Var(&first, "first", first, "the first seed")
	flag.Parse()
	if flag.NArg() > 0 || *seeds < 1 {
		flag.Usage()
		return 2
	}
	if err := bench(*seeds, *out); err != nil {
		fmt.Fprintln(os.Stderr, "benchpace:", err)
		return 1
	}
	return 0
}

func bench(seeds int, out string) (err error) {
	w := io.Writer(os.Stdout)
	if out != "" {
		if err := os.MkdirAll(out, 0o755); err != nil {
			return err
		}
		f, err := file.Replace(filepath.Join(out, "results.md"), 0o644)
		if err != nil {
			return err
		}
		defer func() {
			if err == nil {
				err = f.Commit()
			}
			err = errors.Join(err, f.Close())
		}()
		w = io.MultiWriter(w, f)
	}
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "# Pace: the simulation's results\n\nWritten by `make bench-pace`; seeds %d to %d. A cell is the median over the seeds and its 95 %% interval. docs/pace.md says what it means.\n", seed(0), seed(seeds-1))
	broken := bars(b, seeds)
	fmt.Fprintf(b, "\n## Strategies by scenario\n")
	broken += compare(b, seeds)
	waves(b, seeds)
	if err := b.Flush(); err != nil {
		return err
	}
	if out != "" {
		if err := curves(out); err != nil {
			return err
		}
	}
	if broken > 0 {
		return fmt.Errorf("%d of the bars are missed; see above", broken)
	}
	return nil
}
