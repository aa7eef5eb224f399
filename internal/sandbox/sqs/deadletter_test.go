package sqs

import (
	"testing"
	"testing/synctest"
	"time"
)

// A message is moved when it would be received more often than maxReceiveCount,
// and keeps the time at which it was sent.
func TestDeadLetter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		dlq := r.queue("dead", nil)
		url := r.queue("q", map[string]string{
			"VisibilityTimeout": "1", "RedrivePolicy": `{"deadLetterTargetArn":"` + r.ARN("dead") + `","maxReceiveCount":"2"}`,
		})
		sent := time.Now()
		id := r.send(url, "poison")
		for range 2 {
			if got := r.bodies(url, nil); got != "poison" {
				t.Fatalf("received %q", got)
			}
			time.Sleep(time.Second)
		}
		if d := r.depth("q"); d != (Depth{Visible: 1}) {
			t.Errorf("before the third receive: %+v", d)
		}
		if got := r.bodies(url, nil); got != "" {
			t.Errorf("third receive: %q", got)
		}
		if q, d := r.depth("q"), r.depth("dead"); q != (Depth{}) || d != (Depth{Visible: 1}) {
			t.Errorf("queue %+v, dead letters %+v", q, d)
		}
		out := r.must("ReceiveMessage", object{"QueueUrl": dlq, "AttributeNames": []string{"All"}})
		m := out["Messages"].([]any)[0].(object)
		attributes := m["Attributes"].(object)
		if m["MessageId"] != id || attributes["SentTimestamp"] != millis(sent.UnixNano()) ||
			attributes["DeadLetterQueueSourceArn"] != r.ARN("q") || attributes["ApproximateReceiveCount"] != "3" {
			t.Errorf("dead letter %+v", m)
		}
	})
}

// Two queues may be each other's dead-letter queue.
func TestDeadLetterCycle(t *testing.T) {
	t.Parallel()
	r := newRig(t, Config{})
	a, b := r.queue("a", nil), r.queue("b", nil)
	policy := func(name string) map[string]string {
		return map[string]string{"VisibilityTimeout": "0", "RedrivePolicy": `{"deadLetterTargetArn":"` + r.ARN(name) + `","maxReceiveCount":1}`}
	}
	r.must("SetQueueAttributes", object{"QueueUrl": a, "Attributes": policy("b")})
	r.must("SetQueueAttributes", object{"QueueUrl": b, "Attributes": policy("a")})
	r.send(a, "x")
	done := make(chan struct{}, 2)
	for _, url := range []string{a, b} {
		go func() {
			for range 200 {
				_, _ = r.call("ReceiveMessage", object{"QueueUrl": url})
			}
			done <- struct{}{}
		}()
	}
	<-done
	<-done
	if n := r.depth("a").Visible + r.depth("b").Visible; n != 1 {
		t.Errorf("%d messages, want 1", n)
	}
}

// A message that a receive moves to the dead-letter queue wakes a poll there.
func TestDeadLetterWakes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		dlq := r.queue("dead", nil)
		url := r.queue("q", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + r.ARN("dead") + `","maxReceiveCount":1}`})
		r.send(url, "x")
		r.receive(url, object{"VisibilityTimeout": 0})
		start := time.Now()
		done := make(chan string)
		go func() { done <- r.bodies(dlq, object{"WaitTimeSeconds": 20}) }()
		synctest.Wait()
		time.Sleep(time.Second)
		r.receive(url, nil)
		if got := <-done; got != "x" || time.Since(start) != time.Second {
			t.Errorf("received %q after %v", got, time.Since(start))
		}
		r.Reset()
	})
}
