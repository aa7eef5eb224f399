package sqs

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// model is a queue as simple as can be: a slice, scanned for everything.
type model struct {
	now, visibility, retention int64
	maxReceives                int
	messages                   []*modelMessage
}

type modelMessage struct {
	body              string
	sent, visibleAt   int64
	receives          int
	received, receipt int64
	inFlight, delayed bool
}

func (m *model) settle() {
	for _, x := range m.messages {
		if (x.inFlight || x.delayed) && x.visibleAt <= m.now {
			x.inFlight, x.delayed = false, false
		}
	}
	m.messages = slices.DeleteFunc(m.messages, func(x *modelMessage) bool { return x.sent+m.retention <= m.now })
}

func (m *model) depth() Depth {
	var d Depth
	for _, x := range m.messages {
		switch {
		case x.inFlight:
			d.InFlight++
		case x.delayed:
			d.Delayed++
		default:
			d.Visible++
		}
	}
	return d
}

// visible says which bodies a receive may bring: all that are visible and not
// worn out.
func (m *model) visible() (ok, worn []string) {
	for _, x := range m.messages {
		if x.inFlight || x.delayed {
			continue
		}
		if m.maxReceives > 0 && x.receives >= m.maxReceives {
			worn = append(worn, x.body)
			continue
		}
		ok = append(ok, x.body)
	}
	return ok, worn
}

func (m *model) find(body string) *modelMessage {
	for _, x := range m.messages {
		if x.body == body {
			return x
		}
	}
	return nil
}

// TestModel drives a queue and the model with the same steps and compares them
// after each: what is there, what comes out, what became of every handle.
func TestModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const second = int64(time.Second)
		m := &model{
			now: 1_000_000 * second, retention: 60 * second,
			visibility:  rapid.Int64Range(0, 20).Draw(t, "visibility"),
			maxReceives: rapid.IntRange(0, 3).Draw(t, "max receives"),
		}
		attr, e := attributes{text: defaultAttributes()}.with(map[string]string{"MessageRetentionPeriod": "60"}, true)
		if e != nil {
			t.Fatal(e)
		}
		q := newQueue("q", "arn", 1, attr, 1000, func() time.Time { return time.Unix(0, m.now) })
		handles := []handle{}
		owner := map[handle]string{} // the body that a handle was given out for
		next := uint64(0)

		check := func(t *rapid.T) {
			m.settle()
			if got, want := q.depth(m.now), m.depth(); got != want {
				t.Fatalf("depth %+v, want %+v", got, want)
			}
		}
		pick := func(t *rapid.T) (handle, *modelMessage) {
			if len(handles) == 0 {
				t.Skip("no handles")
			}
			h := rapid.SampledFrom(handles).Draw(t, "handle")
			return h, m.find(owner[h])
		}
		t.Repeat(map[string]func(*rapid.T){
			"": check,
			"send": func(t *rapid.T) {
				var batch []outgoing
				m.settle()
				for range rapid.IntRange(1, 10).Draw(t, "n") {
					next++
					delay := rapid.SampledFrom([]int64{0, 0, 3, 9}).Draw(t, "delay")
					body := fmt.Sprint(next)
					batch = append(batch, outgoing{body: body, seq: next, delay: &delay})
					m.messages = append(m.messages, &modelMessage{body: body, sent: m.now, visibleAt: m.now + delay*second, delayed: delay > 0})
				}
				q.send(m.now, batch)
			},
			"receive": func(t *rapid.T) {
				m.settle()
				limit := rapid.IntRange(1, 10).Draw(t, "limit")
				ok, worn := m.visible()
				r := q.receive(m.now, limit, m.visibility, int64(m.maxReceives), nil)
				if len(r.deliveries) != min(limit, len(ok)) {
					t.Fatalf("received %d, want %d of %v", len(r.deliveries), min(limit, len(ok)), ok)
				}
				for _, gone := range r.moved {
					if !slices.Contains(worn, gone.body) {
						t.Fatalf("moved %s, which is not worn out", gone.body)
					}
					m.messages = slices.DeleteFunc(m.messages, func(x *modelMessage) bool { return x.body == gone.body })
				}
				if len(r.deliveries) < limit && len(r.moved) != len(worn) {
					t.Fatalf("moved %d, want %v", len(r.moved), worn)
				}
				for _, d := range r.deliveries {
					x := m.find(d.body)
					if x == nil || !slices.Contains(ok, d.body) {
						t.Fatalf("received %s, want one of %v", d.body, ok)
					}
					ok = slices.DeleteFunc(ok, func(s string) bool { return s == d.body })
					x.receives++
					x.received, x.receipt = m.now, int64(d.receipt)
					x.inFlight, x.visibleAt = true, m.now+m.visibility*second
					if int(d.receives) != x.receives {
						t.Fatalf("%s: receive count %d, want %d", d.body, d.receives, x.receives)
					}
					handles = append(handles, d.handle)
					owner[d.handle] = d.body
				}
			},
			"delete": func(t *rapid.T) {
				m.settle()
				h, x := pick(t)
				got := q.remove(m.now, h)
				switch {
				case x == nil:
					if got != gone {
						t.Fatalf("deleting what is gone: %v", got)
					}
				case x.receipt != int64(h.receipt):
					if got != stale {
						t.Fatalf("deleting with an old handle: %v", got)
					}
				default:
					if got != done {
						t.Fatalf("deleting: %v", got)
					}
					m.messages = slices.DeleteFunc(m.messages, func(y *modelMessage) bool { return y == x })
				}
			},
			"change": func(t *rapid.T) {
				m.settle()
				h, x := pick(t)
				seconds := rapid.SampledFrom([]int64{0, 1, 5, 30, 43200}).Draw(t, "seconds")
				want := done
				switch {
				case x == nil:
					want = gone
				case x.receipt != int64(h.receipt):
					want = stale
				case !x.inFlight:
					want = visible
				case m.now+seconds*second-x.received > 12*3600*second:
					want = tooLong
				default:
					x.visibleAt = m.now + seconds*second
				}
				if got := q.change(m.now, h, seconds, false); got != want {
					t.Fatalf("change to %d s: %v, want %v", seconds, got, want)
				}
			},
			"pass": func(t *rapid.T) {
				m.now += rapid.Int64Range(0, 15*second).Draw(t, "time")
			},
			"redrive changes": func(t *rapid.T) {
				m.maxReceives = rapid.IntRange(0, 3).Draw(t, "max receives")
			},
		})
		// What is left comes out, each once.
		m.settle()
		m.now += 50 * second
		m.settle()
		ok, _ := m.visible()
		var left []string
		for {
			r := q.receive(m.now, 10, 60, int64(m.maxReceives), nil)
			if len(r.deliveries) == 0 {
				break
			}
			for _, d := range r.deliveries {
				left = append(left, d.body)
			}
		}
		slices.Sort(ok)
		slices.Sort(left)
		if strings.Join(ok, " ") != strings.Join(left, " ") {
			t.Fatalf("left %v, want %v", left, ok)
		}
	})
}
