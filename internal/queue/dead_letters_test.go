package queue_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"relock/internal/job"
	"relock/internal/queue"
)

// bodies are those of deliveries, sorted: SQS promises no order.
func bodies(ds []queue.Delivery) []string {
	list := make([]string, 0, len(ds))
	for _, d := range ds {
		list = append(list, string(d.Body))
	}
	slices.Sort(list)
	return list
}

func TestSQSDeadLetters(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	dead := s.open(t, s.create(t, "dlq", nil))
	q := s.open(t, s.create(t, "main", map[string]string{
		"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":5}`, s.SQS().ARN("dlq")),
	}))
	if _, err := dead.PeekDead(t.Context(), 1); !errors.Is(err, queue.ErrNoDeadLetter) {
		t.Errorf("a queue without a dead-letter queue: %v", err)
	}
	if _, err := dead.RedriveDead(t.Context(), nil); !errors.Is(err, queue.ErrNoDeadLetter) {
		t.Errorf("a queue without a dead-letter queue: %v", err)
	}
	var all, ours []string
	for i := range 23 {
		body := fmt.Sprintf("m%02d", i)
		all = append(all, body)
		if i%3 > 0 {
			ours = append(ours, body)
		}
		if errs, err := dead.Send(t.Context(), [][]byte{[]byte(body)}); err != nil || errs[0] != nil {
			t.Fatal(errs, err)
		}
	}
	if ds, err := q.PeekDead(t.Context(), 4); err != nil || len(ds) != 4 {
		t.Errorf("four of them: %d, %v", len(ds), err)
	}
	ds, err := q.PeekDead(t.Context(), 100)
	if diff := cmp.Diff(all, bodies(ds)); err != nil || diff != "" {
		t.Fatalf("%v -want +got:\n%s", err, diff)
	}
	n, err := q.RedriveDead(t.Context(), func(d queue.Delivery) bool { return slices.Contains(ours, string(d.Body)) })
	if err != nil || n != int64(len(ours)) {
		t.Errorf("%d sent again, %v", n, err)
	}
	ds, err = q.PeekDead(t.Context(), 100)
	if diff := cmp.Diff([]string{"m00", "m03", "m06", "m09", "m12", "m15", "m18", "m21"}, bodies(ds)); err != nil || diff != "" {
		t.Errorf("what stays: %v -want +got:\n%s", err, diff)
	}
	var got []queue.Delivery
	for {
		ds, err := q.Receive(t.Context(), queue.MaxBatch, 0, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if len(ds) == 0 {
			break
		}
		got = append(got, ds...)
	}
	if diff := cmp.Diff(ours, bodies(got)); diff != "" {
		t.Errorf("what came again: -want +got:\n%s", diff)
	}
}

// Only a ledger's messages of the job count, and only when all could be looked at is
// the count all there is.
func TestDeadLettersOfAJob(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	deadSQS := s.open(t, s.create(t, "dlq", nil))
	main := s.open(t, s.create(t, "main", map[string]string{
		"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":5}`, s.SQS().ARN("dlq")),
	}))
	if _, _, err := deadSQS.DeadLettersOf(t.Context(), "l", "j"); !errors.Is(err, queue.ErrNoDeadLetter) {
		t.Errorf("a queue without a dead-letter queue: %v", err)
	}
	file := openFile(t, t.TempDir(), queue.FileOptions{})
	check := func(when string, want int64, wantAll bool) {
		t.Helper()
		for name, q := range map[string]queue.DeadLetters{"SQS": main, "file": file} {
			n, all, err := q.DeadLettersOf(t.Context(), "led", "one")
			if n != want || all != wantAll && name == "SQS" || err != nil {
				t.Errorf("%s, %s: %d, %v, %v, want %d, %v", when, name, n, all, err, want, wantAll)
			}
		}
	}
	check("empty", 0, true)
	bury := func(body []byte) {
		t.Helper()
		if errs, err := deadSQS.Send(t.Context(), [][]byte{body}); err != nil || errs[0] != nil {
			t.Fatal(errs, err)
		}
		sendFile(t, file, string(body))
		ds, _ := receiveFile(t, file, time.Hour)
		if err := file.DeadLetter(t.Context(), ds[0]); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range []queue.Message{{Ledger: "led2", Job: "one"}, {Ledger: "led", Job: "two"}} {
		m.Pool, m.Username = "p", "u"
		body, err := queue.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		bury(body)
	}
	bury([]byte("not JSON"))
	check("of others", 0, true)
	for i := range 3 {
		body, err := queue.Encode(queue.Message{Ledger: "led", Job: "one", Pool: "p", Username: job.Username(fmt.Sprint("u", i))})
		if err != nil {
			t.Fatal(err)
		}
		bury(body)
	}
	check("three", 3, true)
	// Somebody else looks at one of them.
	ds, err := deadSQS.Receive(t.Context(), queue.MaxBatch, 0, time.Minute)
	if err != nil || len(ds) == 0 {
		t.Fatal(len(ds), err)
	}
	if n, all, err := main.DeadLettersOf(t.Context(), "led", "one"); all || err != nil || n > 3 {
		t.Errorf("while somebody holds some: %d, %v, %v", n, all, err)
	}
}

// A dead letter that the queue does not take stays where it is.
func TestSQSRedriveLosesNothingWhenTheQueueRefuses(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	dead := s.open(t, s.create(t, "dlq", nil))
	q := s.open(t, s.create(t, "main", map[string]string{
		"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":5}`, s.SQS().ARN("dlq")),
	}))
	if errs, err := dead.Send(t.Context(), [][]byte{[]byte("a"), []byte("b")}); err != nil || errors.Join(errs...) != nil {
		t.Fatal(errs, err)
	}
	s.fault(t, "error@sqs.SendMessageBatch=1,count=1,code=KmsThrottled,query-code=KMS.ThrottlingException")
	if n, err := q.RedriveDead(t.Context(), func(queue.Delivery) bool { return true }); err == nil || n != 0 {
		t.Errorf("%d, %v", n, err)
	}
	d, err := dead.Depth(t.Context())
	if err != nil || d.Visible+d.InFlight != 2 {
		t.Errorf("the dead-letter queue has %+v, %v", d, err)
	}
}

// restless is a dead-letter queue whose messages are visible again at once, and come
// in any order.
type restless struct {
	queue.SQSClient
	size, calls int
	rnd         *rand.Rand
}

func (r *restless) GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error) {
	return &sqs.GetQueueAttributesOutput{Attributes: map[string]string{
		"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:123456789012:dead","maxReceiveCount":20}`,
	}}, nil
}

func (r *restless) GetQueueUrl(context.Context, *sqs.GetQueueUrlInput, ...func(*sqs.Options)) (*sqs.GetQueueUrlOutput, error) {
	return &sqs.GetQueueUrlOutput{QueueUrl: new("https://sqs.eu-west-1.amazonaws.com/123456789012/dead")}, nil
}

func (r *restless) ReceiveMessage(_ context.Context, in *sqs.ReceiveMessageInput, _ ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	if r.calls++; r.calls > r.size {
		return nil, errors.New("it never ends")
	}
	out := &sqs.ReceiveMessageOutput{}
	for range in.MaxNumberOfMessages {
		out.Messages = append(out.Messages, types.Message{MessageId: new(strconv.Itoa(r.rnd.IntN(r.size))), ReceiptHandle: new("h"), Body: new("{}")})
	}
	return out, nil
}

func (r *restless) ChangeMessageVisibilityBatch(_ context.Context, in *sqs.ChangeMessageVisibilityBatchInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	out := &sqs.ChangeMessageVisibilityBatchOutput{}
	for _, e := range in.Entries {
		out.Successful = append(out.Successful, types.ChangeMessageVisibilityBatchResultEntry{Id: e.Id})
	}
	return out, nil
}

// A redrive ends though more dead letters are to stay than it holds, and they come
// again before it has seen the last.
func TestARedriveOfALongQueueEnds(t *testing.T) {
	t.Parallel()
	r := &restless{size: 20_000, rnd: rand.New(rand.NewPCG(1, 2))}
	q, err := queue.OpenSQS(t.Context(), r, "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs", nil)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := q.RedriveDead(t.Context(), func(queue.Delivery) bool { return false }); err != nil || n != 0 {
		t.Errorf("%d were sent again, %v", n, err)
	}
}
