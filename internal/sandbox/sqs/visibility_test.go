package sqs

import (
	"testing"
	"testing/synctest"
	"time"
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
