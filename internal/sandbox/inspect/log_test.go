package inspect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"relock/internal/sandbox/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func record(op string) wire.Record {
	return wire.Record{At: time.Unix(1, 5), Took: 7, Service: "sqs", Operation: op, AccessKeyID: "K", Status: 200}
}

func TestTotals(t *testing.T) {
	t.Parallel()
	l := New(Config{})
	for _, r := range []wire.Record{record("Send"), record("Send"), record("Receive")} {
		l.Add(r)
	}
	slow := record("Send")
	slow.Code, slow.Throttled, slow.Category = "RequestThrottled", true, "cat"
	l.Add(slow)
	other := record("Send")
	other.AccessKeyID = "L"
	l.Add(other)
	want := []Total{
		{"sqs", "Receive", "", "K", 1}, {"sqs", "Send", "", "K", 2}, {"sqs", "Send", "", "L", 1}, {"sqs", "Send", "RequestThrottled", "K", 1},
	}
	if diff := cmp.Diff(want, l.Totals()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Throttle{{"sqs", "cat", "Send", "K", 1}}, l.Throttles()); diff != "" {
		t.Error(diff)
	}
	if n := l.Count("sqs", "Send", ""); n != 3 {
		t.Errorf("counted %d", n)
	}
	if n := len(l.Calls("sqs", "Send")); n != 4 {
		t.Errorf("%d calls", n)
	}
	l.Reset()
	if len(l.Totals())+len(l.Throttles())+len(l.Calls("", "")) != 0 {
		t.Error("the reset left something")
	}
}

// The latest calls are kept, the counts are of all.
func TestKeep(t *testing.T) {
	t.Parallel()
	l := New(Config{Keep: 2000})
	const n = 10_000
	for i := range n {
		l.Add(record(fmt.Sprint(i % 10)))
	}
	calls := l.after(0)
	if got := len(calls); got < 2000 || got > 2000+chunkSize {
		t.Errorf("kept %d", got)
	}
	for i, c := range calls {
		if want := int64(n - len(calls) + i + 1); c.n != want || c.Operation != fmt.Sprint((want-1)%10) {
			t.Fatalf("call %d is number %d, %s; want %d", i, c.n, c.Operation, want)
		}
	}
	if got := l.Count("sqs", "3", ""); got != n/10 {
		t.Errorf("counted %d", got)
	}
	if got := l.after(n - 3); len(got) != 3 || got[0].n != n-2 {
		t.Errorf("after %d: %v", n-3, got)
	}
	if got := l.after(n + 5); len(got) != 0 {
		t.Errorf("after the end: %v", got)
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	full := wire.Record{
		At: time.Unix(1, 5), Took: 7, Service: "sqs", Operation: "Send", AccessKeyID: "K", Note: "a \"é\"\n", Category: "c", Code: "Oops",
		Status: 400, Throttled: true, Dropped: true, RequestID: "id",
	}
	want := map[string]any{
		"n": 3.0, "at": 1000000005.0, "took": 7.0, "service": "sqs", "operation": "Send", "caller": "K", "note": "a \"é\"\n", "category": "c",
		"code": "Oops", "status": 400.0, "throttled": true, "dropped": true, "request": "id",
	}
	var got map[string]any
	line := appendLine(nil, 3, full)
	if err := json.Unmarshal(line, &got); err != nil || line[len(line)-1] != '\n' {
		t.Fatalf("%s: %v", line, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, want := string(appendLine(nil, 1, record("Send"))), `{"n":1,"at":1000000005,"took":7,"service":"sqs","operation":"Send","caller":"K","status":200}`+"\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// sink is a file that other goroutines write to.
type sink struct {
	mu  sync.Mutex
	b   bytes.Buffer
	err error
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return 0, s.err
	}
	return s.b.Write(p)
}

func (s *sink) lines() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Count(s.b.String(), "\n")
}

// A line is in the file 100 ms after its call, and there is no timer when
// nothing happens.
func TestStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out := &sink{}
		l := New(Config{Stream: out})
		for round := 1; round <= 2; round++ {
			l.Add(record("Send"))
			time.Sleep(flushAfter - time.Nanosecond)
			l.Add(record("Send"))
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			if got := out.lines(); got != 2*round {
				t.Errorf("round %d: %d lines", round, got)
			}
			time.Sleep(time.Hour)
		}
		l.Add(record("Send"))
		if err := l.Flush(); err != nil || out.lines() != 5 {
			t.Errorf("flushed %d lines, %v", out.lines(), err)
		}
		var b bytes.Buffer
		if err := l.WriteLines(&b, 0); err != nil || b.String() != out.b.String() {
			t.Errorf("%v: the lines in memory differ from those in the file", err)
		}
	})
}

func TestStreamFails(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	l := New(Config{Stream: &sink{err: full}})
	l.Add(record("Send"))
	for range 2 {
		if err := l.Flush(); !errors.Is(err, full) {
			t.Errorf("flush: %v", err)
		}
	}
	l.flush.Stop()
	if l.Count("sqs", "Send", "") != 1 {
		t.Error("the call was not counted")
	}
}
