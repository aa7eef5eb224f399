package main

import (
	"context"
	"fmt"
	"time"
)

// benchMemory measures both programs on a long list: enqueue from its start to its
// end, the worker for a while, because what is behind it matters and not how long.
func benchMemory(ctx context.Context, o options) error {
	rows := o.rows
	if rows == 0 {
		rows = 200_000
		if o.long {
			rows = 1_000_000
		}
	}
	for _, where := range []string{"SQS", "a file"} {
		if err := memory(ctx, o, where, rows); err != nil {
			return fmt.Errorf("the queue in %s: %w", where, err)
		}
	}
	return nil
}

func memory(ctx context.Context, o options, where string, rows int) error {
	s, err := startStand(ctx, o, "--quota", "UserAccountRecovery=unlimited")
	if err != nil {
		return err
	}
	defer s.stop()
	list, err := s.writeList(rows)
	if err != nil {
		return err
	}
	queue := s.queueURL()
	if where != "SQS" {
		queue = s.ledger(0) // the same folder
	}
	to := []string{"--user-pool-id", pool, "--queue", queue, "--ledger", s.ledger(0)}
	sent, err := s.measure(ctx, s.program("enqueue"), append(append(to[:len(to):len(to)], "--job", "long"), unasked(list)...))
	if err != nil {
		return err
	}
	fmt.Printf("  the queue in %s: enqueue of %d targets: %.0f MiB, %.0f s\n", where, rows, mib(sent.rss), sent.wall.Seconds())
	const run = 20 * time.Second
	limited, cancel := context.WithTimeout(ctx, run)
	defer cancel()
	// The time bound kills it, which is what it is there for.
	u, _ := s.measure(limited, s.program("worker"), append(to, "--drain", "--metrics-listen", "off", "--rate", "100000", "--force", "rate_over_quota"), -1)
	fmt.Printf("  the queue in %s: worker behind %d messages, at full speed for %v: %.0f MiB\n", where, rows, u.wall.Round(time.Second), mib(u.rss))
	return nil
}
