package queue_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"relock/internal/queue"
	"relock/internal/queue/queuefake"
)

// errServer is what a server answers that has no better idea.
var errServer = errors.New("internal error")

// visibility of the consumers under test.
const visibility = time.Minute

// open starts a consumer of q inside a bubble, and closes it at the end.
func open(t *testing.T, q queue.Transport, change ...func(*queue.ConsumerConfig)) *queue.Consumer {
	t.Helper()
	cfg := queue.ConsumerConfig{Transport: q, Visibility: visibility, Prefetch: func() int { return 1000 }}
	for _, f := range change {
		f(&cfg)
	}
	c := queue.Start(t.Context(), cfg)
	t.Cleanup(func() { c.Close(canceled()) })
	return c
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// within is a context that ends after d.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// fill adds n messages.
func fill(q *queuefake.Queue, n int) {
	for i := range n {
		q.Add(fmt.Appendf(nil, "body %d", i))
	}
}

// take takes n messages from the consumer.
func take(t *testing.T, c *queue.Consumer, n int) []*queue.Item {
	t.Helper()
	items := make([]*queue.Item, n)
	for i := range items {
		it, err := c.Next(within(t, 10*time.Minute))
		if err != nil {
			t.Fatalf("message %d of %d never came: %v", i+1, n, err)
		}
		items[i] = it
	}
	return items
}

// after lets d pass in the bubble and everything that it wakes come to rest.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// hidden counts the messages that are not visible.
func hidden(q *queuefake.Queue) (n int) {
	for _, m := range q.Messages() {
		if m.Hidden > 0 {
			n++
		}
	}
	return n
}

// mostReceives is the highest number of receives of any message.
func mostReceives(q *queuefake.Queue) (n int) {
	for _, m := range q.Messages() {
		n = max(n, m.Receives)
	}
	return n
}

func check(t *testing.T, c *queue.Consumer) {
	t.Helper()
	if err := c.Check(); err != nil {
		t.Error(err)
	}
}

// bubble runs f in a synctest bubble as a parallel test.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, f)
}
