package sqs

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"relock/internal/sandbox/wire"
)

func TestVisibility(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		url := r.queue("q", map[string]string{"VisibilityTimeout": "10"})
		r.send(url, "a")
		first := r.receive(url, nil)
		if len(first) != 1 || first[0].receives != "1" {
			t.Fatalf("first receive: %+v", first)
		}
		time.Sleep(10*time.Second - time.Nanosecond)
		if got := r.receive(url, nil); len(got) != 0 {
			t.Errorf("received before its visibility ran out: %+v", got)
		}
		time.Sleep(time.Nanosecond)
		second := r.receive(url, nil)
		if len(second) != 1 || second[0].receives != "2" || second[0].id != first[0].id || second[0].handle == first[0].handle {
			t.Fatalf("second receive: %+v after %+v", second, first)
		}

		// The old handle is accepted and deletes nothing; the new one deletes.
		r.must("DeleteMessage", object{"QueueUrl": url, "ReceiptHandle": first[0].handle})
		if d := r.depth("q"); d.InFlight != 1 {
			t.Errorf("after a delete with an old handle: %+v", d)
		}
		r.must("DeleteMessage", object{"QueueUrl": url, "ReceiptHandle": second[0].handle})
		if d := r.depth("q"); d != (Depth{}) {
			t.Errorf("after the delete: %+v", d)
		}
		r.must("DeleteMessage", object{"QueueUrl": url, "ReceiptHandle": second[0].handle}) // again: nothing to do
	})
}

// A handle deletes after its visibility ran out, unless the message was
// received again.
func TestDeleteLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		url := r.queue("q", nil)
		r.send(url, "a")
		m := r.receive(url, nil)[0]
		time.Sleep(time.Minute)
		r.must("DeleteMessage", object{"QueueUrl": url, "ReceiptHandle": m.handle})
		if d := r.depth("q"); d != (Depth{}) {
			t.Errorf("depth %+v", d)
		}
	})
}

func TestChangeVisibility(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		url := r.queue("q", nil)
		r.send(url, "a")
		m := r.receive(url, nil)[0]
		change := func(handle string, seconds int) string {
			_, e := r.call("ChangeMessageVisibility", object{"QueueUrl": url, "ReceiptHandle": handle, "VisibilityTimeout": seconds})
			if e != nil {
				return e.Code
			}
			return ""
		}
		time.Sleep(20 * time.Second)
		if code := change(m.handle, 30); code != "" { // 20 s later than at first
			t.Fatal(code)
		}
		time.Sleep(29 * time.Second)
		if got := r.bodies(url, nil); got != "" {
			t.Errorf("received %q, though its visibility was extended", got)
		}
		time.Sleep(time.Second)
		if code := change(m.handle, 30); code != "MessageNotInflight" {
			t.Errorf("extending after the visibility ran out: %q", code)
		}
		again := r.receive(url, nil)[0]
		if code := change(m.handle, 30); code != "InvalidParameterValueException" {
			t.Errorf("extending with an old handle: %q", code)
		}
		if code := change(again.handle, 0); code != "" {
			t.Fatal(code)
		}
		if got := r.bodies(url, nil); got != "a" {
			t.Errorf("after a visibility of 0: received %q", got)
		}
	})
}

func TestLateVisibilitySwitch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{LateVisibility: true})
		url := r.queue("q", map[string]string{"VisibilityTimeout": "1"})
		r.send(url, "a")
		m := r.receive(url, nil)[0]
		time.Sleep(time.Second)
		r.must("ChangeMessageVisibility", object{"QueueUrl": url, "ReceiptHandle": m.handle, "VisibilityTimeout": 60})
		if got := r.bodies(url, nil); got != "a" {
			t.Errorf("received %q: a late change has no effect", got)
		}
	})
}

// 12 hours are counted from the receive, however often it is extended.
func TestVisibilityMaximum(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		url := r.queue("q", map[string]string{"VisibilityTimeout": "43200"})
		r.send(url, "a")
		m := r.receive(url, nil)[0]
		time.Sleep(11 * time.Hour)
		in := object{"QueueUrl": url, "ReceiptHandle": m.handle, "VisibilityTimeout": 3600}
		r.must("ChangeMessageVisibility", in)
		in["VisibilityTimeout"] = 3601
		if _, e := r.call("ChangeMessageVisibility", in); e == nil || e.QueryCode != "InvalidParameterValue" {
			t.Errorf("beyond 12 hours: %v", e)
		}
	})
}

func TestDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		url := r.queue("q", map[string]string{"DelaySeconds": "5"})
		r.send(url, "queue's")
		r.must("SendMessage", object{"QueueUrl": url, "MessageBody": "own", "DelaySeconds": 2})
		r.must("SendMessage", object{"QueueUrl": url, "MessageBody": "none", "DelaySeconds": 0})
		if d := r.depth("q"); d != (Depth{Visible: 1, Delayed: 2}) {
			t.Errorf("depth %+v", d)
		}
		for _, step := range []struct {
			wait time.Duration
			want string
		}{{0, "none"}, {2 * time.Second, "own"}, {3*time.Second - 1, ""}, {1, "queue's"}} {
			time.Sleep(step.wait)
			if got := r.bodies(url, nil); got != step.want {
				t.Errorf("after %v more: %q, want %q", step.wait, got, step.want)
			}
		}
	})
}

func TestRetention(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		url := r.queue("q", map[string]string{"MessageRetentionPeriod": "60"})
		r.send(url, "old")
		time.Sleep(30 * time.Second)
		r.send(url, "new")
		held := r.receive(url, object{"MaxNumberOfMessages": 1, "VisibilityTimeout": 300})
		if held[0].body != "old" {
			t.Fatalf("received %+v", held)
		}
		time.Sleep(30 * time.Second)
		if d := r.depth("q"); d != (Depth{Visible: 1}) { // in flight or not, it is gone
			t.Errorf("after a minute: %+v", d)
		}
		time.Sleep(30 * time.Second)
		if d := r.depth("q"); d != (Depth{}) {
			t.Errorf("after another half: %+v", d)
		}
	})
}

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

func TestPurge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		url := r.queue("q", nil)
		r.send(url, "visible")
		r.send(url, "in flight")
		r.must("SendMessage", object{"QueueUrl": url, "MessageBody": "delayed", "DelaySeconds": 5})
		r.receive(url, object{"MaxNumberOfMessages": 1})
		r.must("PurgeQueue", object{"QueueUrl": url})
		if d := r.depth("q"); d != (Depth{}) {
			t.Errorf("depth %+v", d)
		}
		if _, e := r.call("PurgeQueue", object{"QueueUrl": url}); e == nil || e.Code != "PurgeQueueInProgress" || e.HTTPStatus() != 403 {
			t.Errorf("a second purge: %v", e)
		}
		time.Sleep(time.Minute)
		r.must("PurgeQueue", object{"QueueUrl": url})
	})
}

func TestInFlightLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{MaxInFlight: 2})
		url := r.queue("q", nil)
		for range 3 {
			r.send(url, "x")
		}
		if got := r.receive(url, nil); len(got) != 2 {
			t.Fatalf("received %d, want 2", len(got))
		}
		if _, e := r.call("ReceiveMessage", object{"QueueUrl": url}); e == nil || e.Code != "OverLimit" || e.HTTPStatus() != 403 {
			t.Errorf("short poll: %v", e)
		}
		start := time.Now()
		if got := r.bodies(url, object{"WaitTimeSeconds": 7}); got != "" || time.Since(start) != 7*time.Second {
			t.Errorf("long poll: %q after %v", got, time.Since(start))
		}
	})
}
