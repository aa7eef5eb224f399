package sqs

import (
	"testing"
	"testing/synctest"
	"time"

	"relock/internal/sandbox/fault"
)

func TestFaults(t *testing.T) {
	t.Parallel()
	rule := func(t *testing.T, r *rig, text string) {
		t.Helper()
		f, err := fault.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.faults.Set(f); err != nil {
			t.Fatal(err)
		}
	}
	pair := func(url string) object {
		return object{"QueueUrl": url, "Entries": []object{{"Id": "a", "MessageBody": "A"}, {"Id": "b", "MessageBody": "B"}}}
	}

	t.Run("an entry fails and is not done", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, Config{})
		url := r.queue("q", nil)
		rule(t, r, "batch-fail@sqs.SendMessageBatch=1,count=1")
		out := r.must("SendMessageBatch", pair(url))
		if got := ids(out["Successful"]) + " / " + codes(out["Failed"]); got != "b / a:InternalError" {
			t.Errorf("reply %s", got)
		}
		if got := r.bodies(url, nil); got != "B" {
			t.Errorf("the queue holds %q", got)
		}
	})
	t.Run("an entry is in neither list though it is done", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, Config{})
		url := r.queue("q", nil)
		rule(t, r, "batch-silent@sqs=1,count=1")
		out := r.must("SendMessageBatch", pair(url))
		if got := ids(out["Successful"]) + " / " + codes(out["Failed"]); got != "b / " {
			t.Errorf("reply %s", got)
		}
		m := r.receive(url, nil)
		if len(m) != 2 {
			t.Fatalf("the queue held %+v", m)
		}
		rule(t, r, "batch-silent@sqs.DeleteMessageBatch=1,count=1")
		out = r.must("DeleteMessageBatch", object{"QueueUrl": url, "Entries": []object{{"Id": "a", "ReceiptHandle": m[0].handle}, {"Id": "b", "ReceiptHandle": m[1].handle}}})
		if got := ids(out["Successful"]); got != "b" || r.depth("q") != (Depth{}) {
			t.Errorf("delete: %s, then %+v", got, r.depth("q"))
		}
	})
	t.Run("a message in flight is handed out again", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, Config{})
			url := r.queue("q", nil)
			r.send(url, "x")
			rule(t, r, "duplicate@sqs=1,count=1")
			first := r.receive(url, nil)
			second := r.receive(url, nil)
			if len(first) != 1 || len(second) != 1 || first[0].id != second[0].id || first[0].handle == second[0].handle || second[0].receives != "2" {
				t.Fatalf("first %+v, second %+v", first, second)
			}
			if third := r.receive(url, nil); len(third) != 0 {
				t.Errorf("a third time: %+v", third)
			}
			if d := r.depth("q"); d != (Depth{InFlight: 1}) {
				t.Errorf("depth %+v", d)
			}
			r.must("DeleteMessage", object{"QueueUrl": url, "ReceiptHandle": first[0].handle})
			time.Sleep(time.Hour)
			if got := r.receive(url, nil); len(got) != 1 {
				t.Errorf("after a delete with the older handle: %+v", got)
			}
		})
	})
	t.Run("a duplicate of a deleted message does not come", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, Config{})
		url := r.queue("q", nil)
		r.send(url, "x")
		rule(t, r, "duplicate@sqs=1,count=1")
		m := r.receive(url, nil)[0]
		r.must("DeleteMessage", object{"QueueUrl": url, "ReceiptHandle": m.handle})
		r.send(url, "y") // takes the slot of x
		if got := r.bodies(url, nil); got != "y" {
			t.Errorf("received %q", got)
		}
	})
	t.Run("a body does not match its checksum", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, Config{})
		url := r.queue("q", nil)
		rule(t, r, "corrupt-body@sqs=1")
		for _, body := range []string{"x", "#", "é and more", "日"} {
			sent := r.must("SendMessage", object{"QueueUrl": url, "MessageBody": body})
			if sent["MD5OfMessageBody"] == md5Hex(body) {
				t.Errorf("%q: the send reply's checksum is right", body)
			}
			m := r.must("ReceiveMessage", object{"QueueUrl": url})["Messages"].([]any)[0].(object)
			if got := m["Body"].(string); got == body || m["MD5OfBody"] != md5Hex(body) || md5Hex(got) == md5Hex(body) {
				t.Errorf("%q: received %q with checksum %v", body, got, m["MD5OfBody"])
			}
		}
	})
}
