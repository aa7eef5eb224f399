package sandbox_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"relock/internal/sandbox"
	"relock/internal/sandbox/sqs"
	"relock/internal/sandbox/wire"
)

// reportCPU adds the processor time of a call, client's share included; unlike
// the elapsed time it says something on a machine that others use too.
func reportCPU(b *testing.B, since time.Duration) {
	b.ReportMetric(float64((cpuTime(b)-since).Nanoseconds())/float64(b.N), "cpu-ns/op")
}

func cpuTime(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// signed is a request that can be sent again and again.
func signed(tb testing.TB, url, target, body string) func() *http.Request {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("X-Amz-Target", "AmazonSQS."+target)
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	sum := sha256.Sum256([]byte(body))
	creds := aws.Credentials{AccessKeyID: sandbox.DemoAccessKeyID, SecretAccessKey: sandbox.DemoSecretAccessKey}
	if err := v4.NewSigner().SignHTTP(tb.Context(), creds, r, hex.EncodeToString(sum[:]), "sqs", "eu-west-1", time.Now()); err != nil {
		tb.Fatal(err)
	}
	return func() *http.Request {
		again := r.Clone(tb.Context())
		again.Body = io.NopCloser(bytes.NewReader([]byte(body)))
		return again
	}
}

// BenchmarkHandler is what a call costs without the network: routing, signature,
// service, log.
func BenchmarkHandler(b *testing.B) {
	entries := make([]string, 10)
	for i := range entries {
		entries[i] = fmt.Sprintf(`{"Id":"%d","MessageBody":%q}`, i, strings.Repeat("x", 180))
	}
	for _, bb := range []struct{ name, target, body string }{
		{"GetQueueUrl", "GetQueueUrl", `{"QueueName":"q"}`},
		{"SendMessage", "SendMessage", `{"QueueUrl":"http://x/123456789012/q","MessageBody":"` + strings.Repeat("x", 180) + `"}`},
		{"SendMessageBatch10", "SendMessageBatch", `{"QueueUrl":"http://x/123456789012/q","Entries":[` + strings.Join(entries, ",") + `]}`},
		{"ReceiveMessage10", "ReceiveMessage", `{"QueueUrl":"http://x/123456789012/full","MaxNumberOfMessages":10,"VisibilityTimeout":0,"MessageSystemAttributeNames":["All"]}`},
	} {
		b.Run(bb.name, func(b *testing.B) {
			s, err := sandbox.New(sandbox.Config{SQS: sqs.Config{}})
			if err != nil {
				b.Fatal(err)
			}
			for _, name := range []string{"q", "full"} {
				if err := s.SQS().Create(name, nil); err != nil {
					b.Fatal(err)
				}
			}
			bodies := make([]string, 1000)
			for i := range bodies {
				bodies[i] = strings.Repeat("x", 180)
			}
			if err := s.SQS().Send("full", bodies...); err != nil {
				b.Fatal(err)
			}
			next := signed(b, "http://127.0.0.1:4566/", bb.target, bb.body)
			b.ReportAllocs()
			b.ResetTimer()
			start := cpuTime(b)
			defer func() { reportCPU(b, start) }()
			b.RunParallel(func(pb *testing.PB) {
				w := &discard{header: http.Header{}}
				for pb.Next() {
					clear(w.header)
					s.ServeHTTP(w, next())
					if w.status != http.StatusOK {
						b.Errorf("status %d", w.status)
						return
					}
				}
			})
		})
	}
}

type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }

// BenchmarkHTTP is a call over loopback by plain net/http, client included.
func BenchmarkHTTP(b *testing.B) {
	s, url := start(b, sandbox.Config{})
	if err := s.SQS().Create("q", nil); err != nil {
		b.Fatal(err)
	}
	next := signed(b, url+"/", "GetQueueUrl", `{"QueueName":"q"}`)
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	defer transport.CloseIdleConnections()
	b.SetParallelism(8)
	b.ResetTimer()
	start := cpuTime(b)
	defer func() { reportCPU(b, start) }()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			resp, err := transport.RoundTrip(next())
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
	})
}

// BenchmarkDepth is send, receive and delete of ten with ten thousand and with a
// million messages in the queue, a twentieth of them in flight: the cost hardly
// depends on the length.
func BenchmarkDepth(b *testing.B) {
	for _, n := range []int{10_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			s, err := sandbox.New(sandbox.Config{})
			if err != nil {
				b.Fatal(err)
			}
			if err := s.SQS().Create("q", nil); err != nil {
				b.Fatal(err)
			}
			send := func(i int) {
				var bodies [10]string
				for j := range bodies {
					bodies[j] = fmt.Sprintf(`{"v":1,"ledger":"01JD0000000000000000000000","job":"inc-2026-1123","pool":"eu-west-1_AbCdEf123","username":"user-%09d@example.com","metadata":{"case":"INC-1123"}}`, i*10+j)
				}
				if err := s.SQS().Send("q", bodies[:]...); err != nil {
					b.Fatal(err)
				}
			}
			for i := range n / 10 {
				send(i)
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			ops := s.SQS().Wire().Operations
			do := func(op, body string) string {
				out, err := ops[op](b.Context(), &wire.Call{Operation: op, Region: "eu-west-1", Body: []byte(body)})
				if err != nil {
					b.Fatal(err)
				}
				text, err := json.Marshal(out)
				if err != nil {
					b.Fatal(err)
				}
				return string(text)
			}
			const url = `"QueueUrl":"http://x/123456789012/q"`
			for range n / 20 / 10 {
				do("ReceiveMessage", `{`+url+`,"MaxNumberOfMessages":10,"VisibilityTimeout":43200}`)
			}
			var got struct {
				Messages []struct{ ReceiptHandle string }
			}
			start := cpuTime(b)
			for i := 0; b.Loop(); i++ {
				send(i)
				if err := json.Unmarshal([]byte(do("ReceiveMessage", `{`+url+`,"MaxNumberOfMessages":10}`)), &got); err != nil {
					b.Fatal(err)
				}
				entries := make([]string, len(got.Messages))
				for k, m := range got.Messages {
					entries[k] = fmt.Sprintf(`{"Id":"%d","ReceiptHandle":%q}`, k, m.ReceiptHandle)
				}
				do("DeleteMessageBatch", `{`+url+`,"Entries":[`+strings.Join(entries, ",")+`]}`)
			}
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(n), "B/message")
			reportCPU(b, start)
		})
	}
}
