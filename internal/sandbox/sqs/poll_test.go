package sqs

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"relock/internal/sandbox/wire"
)

func TestLongPoll(t *testing.T) {
	t.Parallel()
	type step struct {
		name string
		// act makes a message visible, or not, while the poll of 20 s waits.
		act  func(r *rig, url string)
		want time.Duration // when the poll returns
		body string
	}
	steps := []step{
		{"nothing comes", func(*rig, string) {}, 20 * time.Second, ""},
		{"a message is sent", func(r *rig, url string) { time.Sleep(3 * time.Second); r.send(url, "x") }, 3 * time.Second, "x"},
		{"a delay runs out", func(r *rig, url string) {
			time.Sleep(time.Second)
			r.must("SendMessage", object{"QueueUrl": url, "MessageBody": "x", "DelaySeconds": 4})
		}, 5 * time.Second, "x"},
		{"a shorter delay overtakes", func(r *rig, url string) {
			r.must("SendMessage", object{"QueueUrl": url, "MessageBody": "late", "DelaySeconds": 19})
			r.must("SendMessage", object{"QueueUrl": url, "MessageBody": "x", "DelaySeconds": 2})
		}, 2 * time.Second, "x"},
		{"a batch is sent", func(r *rig, url string) {
			time.Sleep(time.Second)
			r.must("SendMessageBatch", object{"QueueUrl": url, "Entries": []object{{"Id": "1", "MessageBody": "x"}, {"Id": "2", "MessageBody": "y"}}})
		}, time.Second, "x y"},
	}
	for _, step := range steps {
		t.Run(step.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, Config{})
				url := r.queue("q", nil)
				start := time.Now()
				done := make(chan string)
				go func() { done <- r.bodies(url, object{"WaitTimeSeconds": 20}) }()
				synctest.Wait()
				step.act(r, url)
				if got := <-done; got != step.body {
					t.Errorf("received %q, want %q", got, step.body)
				}
				if took := time.Since(start); took != step.want {
					t.Errorf("returned after %v, want %v", took, step.want)
				}
				r.Reset()
			})
		})
	}
}

// A message that becomes visible again wakes a poll, by timeout or by hand.
func TestLongPollReturned(t *testing.T) {
	t.Parallel()
	for _, byHand := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, Config{})
			url := r.queue("q", map[string]string{"VisibilityTimeout": "10"})
			r.send(url, "x")
			m := r.receive(url, nil)[0]
			start := time.Now()
			done := make(chan string)
			go func() { done <- r.bodies(url, object{"WaitTimeSeconds": 20}) }()
			synctest.Wait()
			want := 10 * time.Second
			if byHand {
				time.Sleep(2 * time.Second)
				r.must("ChangeMessageVisibility", object{"QueueUrl": url, "ReceiptHandle": m.handle, "VisibilityTimeout": 0})
				want = 2 * time.Second
			}
			if got := <-done; got != "x" || time.Since(start) != want {
				t.Errorf("by hand %v: received %q after %v, want %v", byHand, got, time.Since(start), want)
			}
			r.Reset()
		})
	}
}

// Each message wakes one of the waiting polls, and none is lost between them.
func TestLongPollsShare(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		url := r.queue("q", nil)
		done := make(chan string, 5)
		for range 5 {
			go func() { done <- r.bodies(url, object{"WaitTimeSeconds": 20, "MaxNumberOfMessages": 1}) }()
		}
		synctest.Wait()
		start := time.Now()
		for range 3 {
			time.Sleep(time.Second)
			r.send(url, "x")
			if got := <-done; got != "x" {
				t.Errorf("a poll received %q", got)
			}
		}
		for range 2 {
			if got := <-done; got != "" {
				t.Errorf("a poll without a message received %q", got)
			}
		}
		if took := time.Since(start); took != 20*time.Second {
			t.Errorf("the last poll ended after %v", took)
		}
		r.Reset()
	})
}

// Two messages become visible one after the other, and wake one poll each.
func TestLongPollsWakeInTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		url := r.queue("q", nil)
		start := time.Now()
		done := make(chan time.Duration, 2)
		for range 2 {
			go func() {
				if got := r.bodies(url, object{"WaitTimeSeconds": 20, "MaxNumberOfMessages": 1}); got != "x" {
					t.Errorf("a poll received %q", got)
				}
				done <- time.Since(start)
			}()
		}
		synctest.Wait()
		for _, delay := range []int{4, 2} {
			r.must("SendMessage", object{"QueueUrl": url, "MessageBody": "x", "DelaySeconds": delay})
		}
		if first, second := <-done, <-done; first != 2*time.Second || second != 4*time.Second {
			t.Errorf("polls returned after %v and %v, want 2 s and 4 s", first, second)
		}
		r.Reset()
	})
}

// A poll that was told of a message just when its client left passes the word on.
func TestLongPollHandsOn(t *testing.T) {
	t.Parallel()
	attr, _ := attributes{text: defaultAttributes()}.with(nil, true)
	q := newQueue("q", "arn", 1, attr, 1, time.Now)
	q.mu.Lock()
	first, second := q.wait(0), q.wait(0)
	q.signal(1)
	q.mu.Unlock()
	q.leave(first)
	select {
	case <-second:
	default:
		t.Error("nobody was told")
	}
}

// A client that went away takes no message with it, and wakes another.
func TestLongPollGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		url := r.queue("q", nil)
		ctx, cancel := context.WithCancel(t.Context())
		body, _ := json.Marshal(object{"QueueUrl": url, "WaitTimeSeconds": 20})
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			_, _ = r.ops["ReceiveMessage"](ctx, &wire.Call{Operation: "ReceiveMessage", Body: body})
		}()
		synctest.Wait()
		cancel()
		<-gone
		r.send(url, "x")
		if d := r.depth("q"); d != (Depth{Visible: 1}) {
			t.Errorf("depth %+v", d)
		}
		r.Reset()
	})
}

func TestDeleteQueueEndsPolls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		url := r.queue("q", nil)
		done := make(chan *wire.Error)
		go func() {
			_, e := r.call("ReceiveMessage", object{"QueueUrl": url, "WaitTimeSeconds": 20})
			done <- e
		}()
		synctest.Wait()
		r.must("DeleteQueue", object{"QueueUrl": url})
		if e := <-done; e == nil || e.Code != "QueueDoesNotExist" {
			t.Errorf("the poll ended with %v", e)
		}
		if _, e := r.call("CreateQueue", object{"QueueName": "q"}); e == nil || e.Code != "QueueDeletedRecently" {
			t.Errorf("creating it again at once: %v", e)
		}
		time.Sleep(time.Minute)
		r.queue("q", nil)
	})
}
