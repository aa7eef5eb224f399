package sqs

import (
	"testing"
	"testing/synctest"
	"time"
)

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
