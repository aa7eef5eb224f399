package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

// bareName reads the username as any consumer would.
func bareName(body string) (string, error) {
	var m struct {
		Username string `json:"username"`
	}
	err := json.Unmarshal([]byte(body), &m)
	return m.Username, err
}

func benchWorker(ctx context.Context, o options) error {
	s, err := startStand(ctx, o, "--quota", "UserAccountRecovery=unlimited")
	if err != nil {
		return err
	}
	defer s.stop()
	list, err := s.writeList(o.targets)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var ratios []float64
	for i := range o.pairs {
		if _, err := s.measure(ctx, s.program("enqueue"), s.enqueueArgs(list, 2*i)); err != nil {
			return err
		}
		ours, err := s.measure(ctx, s.program("worker"), s.workerArgs(2*i, "--rate", "100000", "--force", "rate_over_quota"))
		if err != nil {
			return err
		}
		if _, err := s.measure(ctx, s.program("enqueue"), s.enqueueArgs(list, 2*i+1)); err != nil {
			return err
		}
		theirs, err := s.measure(ctx, self, []string{"bare-reset", "-queue", s.queueURL(), "-n", strconv.Itoa(o.targets)})
		if err != nil {
			return err
		}
		ratio := float64(theirs.cpu) / float64(ours.cpu)
		ratios = append(ratios, ratio)
		fmt.Printf("  worker %5.1f µs a reset (%.0f MiB), bare loop %5.1f µs: ratio %.3f\n",
			micros(ours.cpu, o.targets), mib(ours.rss), micros(theirs.cpu, o.targets), ratio)
	}
	fmt.Printf("  ratio: %s\n", middle(ratios))
	return nil
}

func benchEnqueue(ctx context.Context, o options) error {
	s, err := startStand(ctx, o, "--fault", "latency@sqs.SendMessageBatch=1,fixed:10ms")
	if err != nil {
		return err
	}
	defer s.stop()
	rows := 5 * o.targets
	list, err := s.writeList(rows)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var ratios []float64
	for i := range o.pairs {
		ours, err := s.measure(ctx, s.program("enqueue"), s.enqueueArgs(list, i))
		if err != nil {
			return err
		}
		theirs, err := s.measure(ctx, self, []string{"bare-send", "-queue", s.queueURL(), "-n", strconv.Itoa(rows), "-c", "16"})
		if err != nil {
			return err
		}
		ratio := float64(theirs.wall) / float64(ours.wall)
		ratios = append(ratios, ratio)
		fmt.Printf("  enqueue %.2f s (%.0f MiB), bare loop %.2f s for %d messages: ratio %.3f\n",
			ours.wall.Seconds(), mib(ours.rss), theirs.wall.Seconds(), rows, ratio)
	}
	fmt.Printf("  ratio: %s\n", middle(ratios))
	return nil
}

func benchRequests(ctx context.Context, o options) error {
	s, err := startStand(ctx, o)
	if err != nil {
		return err
	}
	defer s.stop()
	const users = 1200 // 50 seconds at 24 a second
	list, err := s.writeList(users)
	if err != nil {
		return err
	}
	if _, err := s.measure(ctx, s.program("enqueue"), s.enqueueArgs(list, 0)); err != nil {
		return err
	}
	if _, err := s.measure(ctx, s.program("worker"), s.workerArgs(0)); err != nil {
		return err
	}
	n, detail, err := s.countSQS(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("  %d requests for %d users, enqueue's included: %.3f a user (%s)\n", n, users, float64(n)/users, detail)
	return nil
}

// calls asks the sandbox how many requests it has seen.
func (s *stand) calls(ctx context.Context) ([]seen, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/_sandbox/calls", nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }() // read to its end
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	var all struct{ Calls []seen }
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, fmt.Errorf("%w in %s", err, data)
	}
	return all.Calls, nil
}

// seen is how often an operation was asked for.
type seen struct {
	Service, Operation string
	Count              int64
}

// countSQS counts the requests to SQS.
func (s *stand) countSQS(ctx context.Context) (n int64, detail string, err error) {
	all, err := s.calls(ctx)
	for _, c := range all {
		if c.Service == "sqs" {
			n += c.Count
			detail += fmt.Sprintf("%s %d, ", c.Operation, c.Count)
		}
	}
	return n, detail, err
}

// count counts the requests for one operation.
func (s *stand) count(ctx context.Context, operation string) (n int64, err error) {
	all, err := s.calls(ctx)
	for _, c := range all {
		if c.Operation == operation {
			n += c.Count
		}
	}
	return n, err
}

func micros(d time.Duration, n int) float64 { return float64(d.Microseconds()) / float64(n) }

func mib(b int64) float64 { return float64(b) / (1 << 20) }
