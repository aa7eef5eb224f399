package queue

import (
	"context"
	"crypto/md5" //nolint:gosec // SQS's checksum of a body is MD5; nothing is secured by it.
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// SQSClient is what SQS needs of *sqs.Client.
type SQSClient interface {
	ReceiveMessage(context.Context, *sqs.ReceiveMessageInput, ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	DeleteMessageBatch(context.Context, *sqs.DeleteMessageBatchInput, ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error)
	ChangeMessageVisibilityBatch(context.Context, *sqs.ChangeMessageVisibilityBatchInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error)
	SendMessageBatch(context.Context, *sqs.SendMessageBatchInput, ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error)
	GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
	GetQueueUrl(context.Context, *sqs.GetQueueUrlInput, ...func(*sqs.Options)) (*sqs.GetQueueUrlOutput, error)
}

var (
	_ SQSClient = (*sqs.Client)(nil)
	_ Transport = (*SQS)(nil)
)

// The operations, as metrics name them.
const (
	opReceive    = "ReceiveMessage"
	opDelete     = "DeleteMessageBatch"
	opChange     = "ChangeMessageVisibilityBatch"
	opSend       = "SendMessageBatch"
	opAttributes = "GetQueueAttributes"
	opURL        = "GetQueueUrl"
)

// Operations lists the operations of which an Observer hears.
func Operations() []string {
	return []string{opReceive, opDelete, opChange, opSend, opAttributes, opURL}
}

// Observer is told of every request to a queue: the operation's name, its error
// or nil, and how many entries of a batch failed.
type Observer func(operation string, err error, entriesFailed int)

// SQS is a standard queue of Amazon SQS. It makes each call once and leaves
// trying again to its callers, so that every request is counted. All methods may
// be called concurrently.
type SQS struct {
	client  SQSClient
	url     string
	dlqURL  string // empty if the queue has none
	attrs   Attributes
	observe Observer
}

// OpenSQS reads the queue's attributes and refuses what Relock cannot use. A
// queue that does not exist is ErrNoQueue. The client must not try again by
// itself. observe may be nil.
func OpenSQS(ctx context.Context, client SQSClient, url string, observe Observer) (*SQS, error) {
	if observe == nil {
		observe = func(string, error, int) {}
	}
	q := &SQS{client: client, url: url, observe: observe}
	if err := q.readAttributes(ctx); err != nil {
		return nil, err
	}
	return q, nil
}

// Attributes says how the queue is set up.
func (q *SQS) Attributes() Attributes { return q.attrs }

// Close implements Transport; SQS holds nothing.
func (q *SQS) Close() error { return nil }

// Receive implements Transport. The SDK would drop a whole batch for one body
// that does not match its checksum, so the check is made here, body by body.
func (q *SQS) Receive(ctx context.Context, max int, wait, visibility time.Duration) ([]Delivery, error) {
	out, err := q.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:            &q.url,
		MaxNumberOfMessages: int32(max), //nolint:gosec // at most MaxBatch
		WaitTimeSeconds:     seconds(wait),
		VisibilityTimeout:   seconds(visibility),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{
			types.MessageSystemAttributeNameApproximateReceiveCount,
			types.MessageSystemAttributeNameSentTimestamp,
		},
	}, func(o *sqs.Options) { o.DisableMessageChecksumValidation = true })
	q.observe(opReceive, err, 0)
	if err != nil {
		return nil, fmt.Errorf("receiving from the queue: %w", known(err))
	}
	ds := make([]Delivery, 0, len(out.Messages))
	for _, m := range out.Messages {
		ds = append(ds, delivery(m))
	}
	return ds, nil
}

func delivery(m types.Message) Delivery {
	body := []byte(aws.ToString(m.Body))
	d := Delivery{
		ID:     aws.ToString(m.MessageId),
		Handle: aws.ToString(m.ReceiptHandle),
		Body:   body,
	}
	sum := md5.Sum(body) //nolint:gosec // see the import
	d.Corrupt = m.MD5OfBody != nil && *m.MD5OfBody != hex.EncodeToString(sum[:])
	d.Receives, _ = strconv.Atoi(m.Attributes["ApproximateReceiveCount"])
	if ms, err := strconv.ParseInt(m.Attributes["SentTimestamp"], 10, 64); err == nil {
		d.Sent = time.UnixMilli(ms)
	}
	return d
}

// Delete implements Transport.
func (q *SQS) Delete(ctx context.Context, handles []string) ([]error, error) {
	entries := make([]types.DeleteMessageBatchRequestEntry, len(handles))
	for i, h := range handles {
		entries[i] = types.DeleteMessageBatchRequestEntry{Id: new(strconv.Itoa(i)), ReceiptHandle: &h}
	}
	out, err := q.client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &q.url, Entries: entries})
	if err != nil {
		q.observe(opDelete, err, 0)
		return nil, fmt.Errorf("deleting from the queue: %w", known(err))
	}
	a := answers(len(handles), out.Failed, staleEntry)
	for _, s := range out.Successful {
		a.done(s.Id)
	}
	q.observe(opDelete, nil, a.failed())
	return a.errs, nil
}

// ChangeVisibility implements Transport.
func (q *SQS) ChangeVisibility(ctx context.Context, changes []Visibility) ([]error, error) {
	entries := make([]types.ChangeMessageVisibilityBatchRequestEntry, len(changes))
	for i, c := range changes {
		entries[i] = types.ChangeMessageVisibilityBatchRequestEntry{
			Id: new(strconv.Itoa(i)), ReceiptHandle: &c.Handle, VisibilityTimeout: seconds(c.Timeout),
		}
	}
	out, err := q.client.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &q.url, Entries: entries})
	if err != nil {
		q.observe(opChange, err, 0)
		return nil, fmt.Errorf("changing the visibility of messages: %w", known(err))
	}
	a := answers(len(changes), out.Failed, staleEntry)
	for _, s := range out.Successful {
		a.done(s.Id)
	}
	q.observe(opChange, nil, a.failed())
	return a.errs, nil
}

// Send implements Transport.
func (q *SQS) Send(ctx context.Context, bodies [][]byte) ([]error, error) {
	return q.send(ctx, q.url, bodies)
}

func (q *SQS) send(ctx context.Context, url string, bodies [][]byte) ([]error, error) {
	entries := make([]types.SendMessageBatchRequestEntry, len(bodies))
	for i, b := range bodies {
		entries[i] = types.SendMessageBatchRequestEntry{Id: new(strconv.Itoa(i)), MessageBody: new(string(b))}
	}
	out, err := q.client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: entries})
	if err != nil {
		q.observe(opSend, err, 0)
		return nil, fmt.Errorf("sending to the queue: %w", known(err))
	}
	a := answers(len(bodies), out.Failed, entryError)
	for _, s := range out.Successful {
		a.done(s.Id)
	}
	q.observe(opSend, nil, a.failed())
	return a.errs, nil
}

// DeadLetter implements Transport.
func (q *SQS) DeadLetter(ctx context.Context, d Delivery) error {
	if q.dlqURL == "" {
		return ErrNoDeadLetter
	}
	errs, err := q.send(ctx, q.dlqURL, [][]byte{d.Body})
	if err := errors.Join(append(errs, err)...); err != nil {
		return fmt.Errorf("moving a message to the dead-letter queue: %w", err)
	}
	errs, err = q.Delete(ctx, []string{d.Handle})
	return errors.Join(append(errs, err)...)
}

// Depth implements Transport.
func (q *SQS) Depth(ctx context.Context) (Depth, error) {
	names := []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
		types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
	}
	out, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &q.url, AttributeNames: names})
	q.observe(opAttributes, err, 0)
	if err != nil {
		return Depth{}, fmt.Errorf("counting the messages of the queue: %w", known(err))
	}
	var n [3]int64
	for i, name := range names {
		if n[i], err = strconv.ParseInt(out.Attributes[string(name)], 10, 64); err != nil {
			return Depth{}, fmt.Errorf("counting the messages of the queue: %s: %w", name, err)
		}
	}
	return Depth{Visible: n[0], InFlight: n[1], Delayed: n[2]}, nil
}

// DeadLetterCount is how many messages wait in the dead-letter queue, as SQS counts
// the visible ones, or ErrNoDeadLetter.
func (q *SQS) DeadLetterCount(ctx context.Context) (int64, error) {
	if q.dlqURL == "" {
		return 0, ErrNoDeadLetter
	}
	name := types.QueueAttributeNameApproximateNumberOfMessages
	out, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &q.dlqURL, AttributeNames: []types.QueueAttributeName{name}})
	q.observe(opAttributes, err, 0)
	if err != nil {
		return 0, fmt.Errorf("counting the dead letters: %w", known(err))
	}
	n, err := strconv.ParseInt(out.Attributes[string(name)], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("counting the dead letters: %w", err)
	}
	return n, nil
}

// batchAnswers holds what became of each entry of a batch. An entry that the
// reply does not name at all stays ErrNoAnswer: some servers answer so though
// they did the work.
type batchAnswers struct{ errs []error }

func answers(n int, failed []types.BatchResultErrorEntry, read func(types.BatchResultErrorEntry) error) batchAnswers {
	a := batchAnswers{errs: make([]error, n)}
	for i := range a.errs {
		a.errs[i] = ErrNoAnswer
	}
	for _, f := range failed {
		if i, ok := a.index(f.Id); ok {
			a.errs[i] = read(f)
		}
	}
	return a
}

func (a batchAnswers) index(id *string) (int, bool) {
	i, err := strconv.Atoi(aws.ToString(id))
	return i, err == nil && i >= 0 && i < len(a.errs)
}

func (a batchAnswers) done(id *string) {
	if i, ok := a.index(id); ok {
		a.errs[i] = nil
	}
}

func (a batchAnswers) failed() int {
	n := 0
	for _, err := range a.errs {
		if err != nil {
			n++
		}
	}
	return n
}

// EntryError is the failure of one entry of a batch, with AWS's code. AWS's
// text is left out, for it may quote the message.
type EntryError struct {
	Code string
	// SenderFault says that the entry itself is wrong and trying again is no use.
	SenderFault bool
}

func (e *EntryError) Error() string { return "the queue refused an entry: " + e.Code }

func entryError(f types.BatchResultErrorEntry) error {
	return &EntryError{Code: aws.ToString(f.Code), SenderFault: f.SenderFault}
}

// staleEntry knows the codes of a stale handle in the reply to a delete or a
// change of visibility. InvalidParameterValue is what SQS says of a message that
// is no longer available, and of one that has been invisible for twelve hours.
func staleEntry(f types.BatchResultErrorEntry) error {
	switch code := aws.ToString(f.Code); strings.TrimPrefix(code, "AWS.SimpleQueueService.") {
	case "ReceiptHandleIsInvalid", "MessageNotInflight", "InvalidParameterValue":
		return fmt.Errorf("%w: %s", ErrStale, code)
	}
	return entryError(f)
}

// known puts our own sentinel in front of SQS's error where we have one. SQS
// errors are told by type: x-amzn-query-error changes their codes.
func known(err error) error {
	if _, ok := errors.AsType[*types.QueueDoesNotExist](err); ok {
		return fmt.Errorf("%w: %w", ErrNoQueue, err)
	}
	if _, ok := errors.AsType[*types.ReceiptHandleIsInvalid](err); ok {
		return fmt.Errorf("%w: %w", ErrStale, err)
	}
	return err
}

// seconds rounds up, so that a visibility is never shorter than asked for.
func seconds(d time.Duration) int32 {
	return int32((d + time.Second - 1) / time.Second) //nolint:gosec // at most MaxVisibility
}
