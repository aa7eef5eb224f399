package queue_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"relock/internal/queue"
	"relock/internal/sandbox"
	"relock/internal/sandbox/fault"
)

// stand is a sandbox, and a client of it.
type stand struct {
	*sandbox.Server
	client *sqs.Client
	url    string

	mu       sync.Mutex
	requests []string // as the Observer was told: operation, error, failed entries
}

func newStand(t *testing.T) *stand {
	t.Helper()
	srv, err := sandbox.New(sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	url, err := srv.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := srv.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return &stand{Server: srv, url: url, client: sqs.New(sqs.Options{
		Region: "eu-west-1", BaseEndpoint: &url, Retryer: aws.NopRetryer{}, HTTPClient: &http.Client{Transport: tr},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: sandbox.DemoAccessKeyID, SecretAccessKey: sandbox.DemoSecretAccessKey}, nil
		}),
	})}
}

func (s *stand) observe(op string, err error, failed int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, fmt.Sprintf("%s %v %d", op, err != nil, failed))
}

// create makes a queue and its URL.
func (s *stand) create(t *testing.T, name string, attributes map[string]string) string {
	t.Helper()
	if err := s.SQS().Create(name, attributes); err != nil {
		t.Fatal(err)
	}
	return s.url + s.SQS().Path(name)
}

func (s *stand) open(t *testing.T, url string) *queue.SQS {
	t.Helper()
	q, err := queue.OpenSQS(t.Context(), s.client, url, s.observe)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func (s *stand) fault(t *testing.T, text string) {
	t.Helper()
	r, err := fault.Parse(text)
	if err == nil {
		err = s.Faults().Set(r)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestOpenSQS(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	dead := s.create(t, "dead", nil)
	redrive := func(receives string) map[string]string {
		return map[string]string{"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%s}`, s.SQS().ARN("dead"), receives)}
	}
	t.Run("its attributes", func(t *testing.T) {
		attr := redrive(`"20"`) // as the console writes it
		attr["MessageRetentionPeriod"], attr["MaximumMessageSize"] = "1209600", "2048"
		a := s.open(t, s.create(t, "full", attr)).Attributes()
		if a.ARN != s.SQS().ARN("full") || a.DeadLetterARN != s.SQS().ARN("dead") || a.MaxReceives != 20 ||
			a.Retention != 14*24*time.Hour || a.MaxMessageSize != 2048 {
			t.Errorf("%+v", a)
		}
		if a := s.open(t, s.create(t, "number", redrive("7"))).Attributes(); a.MaxReceives != 7 {
			t.Errorf("%+v", a)
		}
	})
	t.Run("no dead-letter queue", func(t *testing.T) {
		q := s.open(t, dead)
		if a := q.Attributes(); a.DeadLetterARN != "" || a.MaxReceives != 0 {
			t.Errorf("%+v", a)
		}
		if _, err := q.DeadLetterCount(t.Context()); !errors.Is(err, queue.ErrNoDeadLetter) {
			t.Errorf("counting dead letters without a queue for them: %v", err)
		}
		if err := q.DeadLetter(t.Context(), queue.Delivery{Body: []byte("x")}); !errors.Is(err, queue.ErrNoDeadLetter) {
			t.Error(err)
		}
	})
	t.Run("none of that name", func(t *testing.T) {
		_, err := queue.OpenSQS(t.Context(), s.client, s.url+s.SQS().Path("nothing"), nil)
		if !errors.Is(err, queue.ErrNoQueue) || !strings.Contains(err.Error(), "nothing") {
			t.Error(err)
		}
	})
	t.Run("a FIFO queue", func(t *testing.T) {
		url := s.create(t, "jobs.fifo", map[string]string{"FifoQueue": "true"})
		if _, err := queue.OpenSQS(t.Context(), s.client, url, nil); !errors.Is(err, queue.ErrFIFO) {
			t.Error(err)
		}
	})
	t.Run("a dead-letter queue that is gone", func(t *testing.T) {
		url := s.create(t, "orphan", redrive("3"))
		if _, err := s.client.DeleteQueue(t.Context(), &sqs.DeleteQueueInput{QueueUrl: &dead}); err != nil {
			t.Fatal(err)
		}
		_, err := queue.OpenSQS(t.Context(), s.client, url, nil)
		if err == nil || errors.Is(err, queue.ErrNoQueue) || !strings.Contains(err.Error(), "dead-letter queue") {
			t.Errorf("%v: it has to be told from a queue that does not exist", err)
		}
	})
	t.Run("no credentials", func(t *testing.T) {
		s.fault(t, "expired-token@sqs=1")
		defer s.Faults().Clear()
		_, err := queue.OpenSQS(t.Context(), s.client, dead, nil)
		if err == nil || errors.Is(err, queue.ErrNoQueue) {
			t.Error(err)
		}
	})
}

// Do: read `Failed` in every batch reply, and trust no reply that does not name
// the entry.
func TestBatchReplies(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	q := s.open(t, s.create(t, "jobs", nil))
	bodies := [][]byte{[]byte("a"), []byte("b"), []byte("c")}

	t.Run("an entry that fails is not the sender's fault", func(t *testing.T) {
		s.fault(t, "batch-fail@sqs=1,skip=1,count=1")
		errs, err := q.Send(t.Context(), bodies)
		fail, ok := errors.AsType[*queue.EntryError](errs[1])
		if err != nil || errs[0] != nil || errs[2] != nil || !ok || fail.SenderFault || fail.Code == "" {
			t.Errorf("%v, %v", errs, err)
		}
	})
	t.Run("an entry that is not named is unknown", func(t *testing.T) {
		s.fault(t, "batch-silent@sqs=1,skip=1,count=1")
		errs, err := q.Send(t.Context(), bodies)
		if err != nil || errs[0] != nil || !errors.Is(errs[1], queue.ErrNoAnswer) || errs[2] != nil {
			t.Errorf("%v, %v", errs, err)
		}
	})
	t.Run("an entry that is the sender's fault, without its text", func(t *testing.T) {
		s.Faults().Clear()
		errs, err := q.Send(t.Context(), [][]byte{[]byte("fine"), []byte("person-x\x01")})
		fail, ok := errors.AsType[*queue.EntryError](errs[1])
		if err != nil || errs[0] != nil || !ok || !fail.SenderFault || strings.Contains(fail.Error(), "person-x") {
			t.Errorf("%v, %v", errs, err)
		}
		if errors.Is(errs[1], queue.ErrStale) {
			t.Error("a message that is refused is no stale handle")
		}
	})
	t.Run("stale handles", func(t *testing.T) {
		ds, err := q.Receive(t.Context(), 3, 0, time.Minute)
		if err != nil || len(ds) != 3 {
			t.Fatal(ds, err)
		}
		if errs, err := q.Delete(t.Context(), []string{ds[0].Handle}); err != nil || errs[0] != nil {
			t.Fatal(errs, err)
		}
		errs, err := q.ChangeVisibility(t.Context(), []queue.Visibility{{ds[0].Handle, time.Minute}, {ds[1].Handle, time.Minute}, {"made up", 0}})
		if err != nil || !errors.Is(errs[0], queue.ErrStale) || errs[1] != nil || !errors.Is(errs[2], queue.ErrStale) {
			t.Errorf("%v, %v", errs, err)
		}
	})
	t.Run("the observer hears of each", func(t *testing.T) {
		s.mu.Lock()
		defer s.mu.Unlock()
		want := []string{
			"GetQueueAttributes false 0", "SendMessageBatch false 1", "SendMessageBatch false 1", "SendMessageBatch false 1",
			"ReceiveMessage false 0", "DeleteMessageBatch false 0", "ChangeMessageVisibilityBatch false 2",
		}
		if !slices.Equal(s.requests, want) {
			t.Errorf("%q", s.requests)
		}
	})
}

// The SDK would drop a whole receive for one corrupt body.
func TestOneCorruptBodyCostsNoOther(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	q := s.open(t, s.create(t, "jobs", nil))
	if err := s.SQS().Send("jobs", "a", "b", "c", "d"); err != nil {
		t.Fatal(err)
	}
	s.fault(t, "corrupt-body@sqs=1,skip=1,count=1")
	ds, err := q.Receive(t.Context(), 10, 0, time.Minute)
	if err != nil || len(ds) != 4 {
		t.Fatal(ds, err)
	}
	corrupt := 0
	for _, d := range ds {
		if d.Corrupt {
			corrupt++
		}
		if d.Receives != 1 || d.ID == "" || d.Handle == "" || time.Since(d.Sent) > time.Minute {
			t.Errorf("%+v", d)
		}
	}
	if corrupt != 1 {
		t.Errorf("%d bodies are corrupt, want 1", corrupt)
	}
}

// A call that fails as a whole says so, and is counted.
func TestFailedCalls(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	dead := s.create(t, "dead", nil)
	_ = dead
	q := s.open(t, s.create(t, "jobs", map[string]string{"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":5}`, s.SQS().ARN("dead"))}))
	ctx := t.Context()
	calls := map[string]func() error{
		"ReceiveMessage":               func() error { _, err := q.Receive(ctx, 1, 0, time.Minute); return err },
		"DeleteMessageBatch":           func() error { _, err := q.Delete(ctx, []string{"x"}); return err },
		"ChangeMessageVisibilityBatch": func() error { _, err := q.ChangeVisibility(ctx, []queue.Visibility{{"x", 0}}); return err },
		"SendMessageBatch":             func() error { _, err := q.Send(ctx, [][]byte{[]byte("x")}); return err },
		"GetQueueAttributes":           func() error { _, err := q.Depth(ctx); return err },
	}
	for op, call := range calls {
		for _, rule := range []string{"throttle", "error-500", "reset-before", "access-denied", "expired-token", "unsupported"} {
			s.fault(t, rule+"@sqs."+op+"=1")
			s.requests = nil
			if err := call(); err == nil || errors.Is(err, queue.ErrNoQueue) || errors.Is(err, queue.ErrStale) {
				t.Errorf("%s with %s: %v", op, rule, err)
			}
			if !slices.Equal(s.requests, []string{op + " true 0"}) {
				t.Errorf("%s with %s: the observer heard %q", op, rule, s.requests)
			}
		}
	}
	s.Faults().Clear()
	// The dead-letter queue accepts the body before the original goes.
	if err := s.SQS().Send("jobs", "poison"); err != nil {
		t.Fatal(err)
	}
	ds, err := q.Receive(ctx, 1, 0, time.Minute)
	if err != nil || len(ds) != 1 {
		t.Fatal(ds, err)
	}
	s.fault(t, "error-500@sqs.SendMessageBatch=1")
	if err := q.DeadLetter(ctx, ds[0]); err == nil {
		t.Error("the dead-letter queue refused it")
	}
	if ms, err := s.SQS().Messages("jobs", 0); err != nil || len(ms) != 1 {
		t.Errorf("the original is gone: %v, %v", ms, err)
	}
	s.Faults().Clear()
	if err := q.DeadLetter(ctx, ds[0]); err != nil {
		t.Error(err)
	}
	if ms, err := s.SQS().Messages("dead", 0); err != nil || len(ms) != 1 || ms[0].Body != "poison" {
		t.Errorf("%v, %v", ms, err)
	}
	if n, err := q.DeadLetterCount(ctx); err != nil || n != 1 {
		t.Errorf("%d dead letters are counted, error %v, want 1", n, err)
	}
	if d, err := q.Depth(ctx); err != nil || !d.Empty() {
		t.Errorf("%+v, %v", d, err)
	}
}
