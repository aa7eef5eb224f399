// Package inspect keeps what happened in the sandbox: every call in short form,
// the latest in memory and all of them, if asked for, in a file; and exact
// counts by operation, error and caller.
package inspect

import (
	"bufio"
	"cmp"
	"io"
	"slices"
	"sync"
	"time"

	"relock/internal/sandbox/wire"
)

// Config is what a Log needs to know. The zero value works.
type Config struct {
	// Keep is how many of the latest calls stay in memory; 0 is 131,072.
	Keep int
	// Stream, where set, gets every call as a JSON line, at most 100 ms late.
	Stream io.Writer
}

// Log is told of every call. All methods may be called concurrently.
type Log struct {
	mu     sync.Mutex
	keep   int
	chunks [][]wire.Record // the latest calls, oldest first
	first  int64           // number of the first record kept; the first ever is 1
	next   int64
	totals map[totalKey]int64
	slow   map[throttleKey]int64

	stream *bufio.Writer
	line   []byte
	flush  *time.Timer // armed while the stream holds something back
	armed  bool
	err    error // of the stream
}

type totalKey struct{ service, operation, code, caller string }

type throttleKey struct{ service, category, operation, caller string }

const chunkSize = 1024

// flushAfter is how long a line may stay in the buffer.
const flushAfter = 100 * time.Millisecond

// New makes an empty log.
func New(cfg Config) *Log {
	if cfg.Keep <= 0 {
		cfg.Keep = 1 << 17
	}
	l := &Log{keep: cfg.Keep, first: 1, next: 1, totals: map[totalKey]int64{}, slow: map[throttleKey]int64{}}
	if cfg.Stream != nil {
		l.stream = bufio.NewWriterSize(cfg.Stream, 64<<10)
	}
	return l
}

// Add notes a call; it is meant for wire.Config.Observe.
func (l *Log) Add(r wire.Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.chunks)
	if n == 0 || len(l.chunks[n-1]) == chunkSize {
		if n > 0 && int(l.next-l.first)-len(l.chunks[0]) >= l.keep {
			l.first += int64(len(l.chunks[0]))
			l.chunks = slices.Delete(l.chunks, 0, 1)
		}
		l.chunks = append(l.chunks, make([]wire.Record, 0, chunkSize))
		n = len(l.chunks)
	}
	l.chunks[n-1] = append(l.chunks[n-1], r)
	l.totals[totalKey{r.Service, r.Operation, r.Code, r.AccessKeyID}]++
	if r.Throttled {
		l.slow[throttleKey{r.Service, r.Category, r.Operation, r.AccessKeyID}]++
	}
	if l.stream != nil {
		l.line = appendLine(l.line[:0], l.next, r)
		l.write(l.line)
	}
	l.next++
}

func (l *Log) write(line []byte) {
	if _, err := l.stream.Write(line); err != nil && l.err == nil {
		l.err = err
	}
	if l.armed {
		return
	}
	l.armed = true
	if l.flush == nil {
		l.flush = time.AfterFunc(flushAfter, func() { _ = l.Flush() }) // the error is kept
		return
	}
	l.flush.Reset(flushAfter)
}

// Flush writes what the stream holds back; it returns the first error that the
// stream ever had.
func (l *Log) Flush() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.armed = false
	if l.stream == nil {
		return nil
	}
	if err := l.stream.Flush(); err != nil && l.err == nil {
		l.err = err
	}
	return l.err
}

// Reset forgets everything but what was streamed.
func (l *Log) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.chunks, l.first, l.next = nil, 1, 1
	clear(l.totals)
	clear(l.slow)
}

// Calls is a copy of the calls in memory that match, oldest first; an empty
// operation matches all.
func (l *Log) Calls(service, operation string) []wire.Record {
	var out []wire.Record
	for _, r := range l.after(0) {
		if (service == "" || r.Service == service) && (operation == "" || r.Operation == operation) {
			out = append(out, r.Record)
		}
	}
	return out
}

// numbered is a record and its number.
type numbered struct {
	n int64
	wire.Record
}

// after is a copy of the calls in memory with a number above n.
func (l *Log) after(n int64) []numbered {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := max(n+1, l.first)
	out := make([]numbered, 0, max(0, l.next-from))
	for i := from; i < l.next; i++ {
		at := i - l.first
		out = append(out, numbered{i, l.chunks[at/chunkSize][at%chunkSize]})
	}
	return out
}

// Total is how often an operation ended so for a caller.
type Total struct {
	Service   string `json:"service"`
	Operation string `json:"operation"`
	Code      string `json:"code,omitempty"` // "" is success
	Caller    string `json:"caller"`         // access key ID
	Count     int64  `json:"count"`
}

// Totals counts all calls since the start or the last Reset.
func (l *Log) Totals() []Total {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Total, 0, len(l.totals))
	for k, n := range l.totals {
		out = append(out, Total{k.service, k.operation, k.code, k.caller, n})
	}
	slices.SortFunc(out, func(a, b Total) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Caller, b.Caller))
	})
	return out
}

// Count is the number of calls of an operation that ended with code ("" is
// success), whoever called.
func (l *Log) Count(service, operation, code string) int64 {
	var n int64
	for _, t := range l.Totals() {
		if t.Service == service && t.Operation == operation && t.Code == code {
			n += t.Count
		}
	}
	return n
}

// Throttle is how often a caller was throttled in a category.
type Throttle struct {
	Service   string `json:"service"`
	Category  string `json:"category,omitempty"`
	Operation string `json:"operation"`
	Caller    string `json:"caller"`
	Count     int64  `json:"count"`
}

// Throttles counts the throttled calls since the start or the last Reset.
func (l *Log) Throttles() []Throttle {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Throttle, 0, len(l.slow))
	for k, n := range l.slow {
		out = append(out, Throttle{k.service, k.category, k.operation, k.caller, n})
	}
	slices.SortFunc(out, func(a, b Throttle) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Category, b.Category), cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Caller, b.Caller))
	})
	return out
}
