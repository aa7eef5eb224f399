package queue

import (
	"context"
	"errors"
	"time"

	smithyhttp "github.com/aws/smithy-go/transport/http"

	"relock/internal/sqlite"
)

// Limits of SQS that every transport keeps, so that a job can move between
// them. Source: Amazon SQS Developer Guide, "Amazon SQS message quotas".
const (
	// MaxBatch is the number of entries that one batch call takes.
	MaxBatch = 10
	// MaxWait is the longest long poll.
	MaxWait = 20 * time.Second
	// MaxVisibility is the longest visibility timeout, counted from the receive.
	MaxVisibility = 12 * time.Hour
)

var (
	// ErrStale says that a receipt handle no longer names a message in flight:
	// its visibility ran out, it was received again, or it was deleted.
	ErrStale = errors.New("the receipt handle is stale")
	// ErrNoAnswer says that a batch reply named the entry neither as successful
	// nor as failed: what became of it is unknown.
	ErrNoAnswer = errors.New("the batch reply does not name the entry")
	// ErrNoQueue says that the queue does not exist.
	ErrNoQueue = errors.New("the queue does not exist")
	// ErrNoDeadLetter says that the queue has no dead-letter queue.
	ErrNoDeadLetter = errors.New("the queue has no dead-letter queue")
)

// Refused reports whether the error of a call is the server's answer that it does not
// do what was asked. After any other, it may have been done.
func Refused(err error) bool {
	answer, ok := errors.AsType[*smithyhttp.ResponseError](err)
	// A full disk takes a transaction back as a whole.
	return errors.Is(err, ErrNoQueue) || errors.Is(err, sqlite.ErrFull) || ok && answer.HTTPStatusCode() >= 400 && answer.HTTPStatusCode() < 500
}

// Delivery is one receive of one message. A message may be delivered more than
// once; each delivery has a handle of its own.
type Delivery struct {
	// ID is the transport's name for the message, the same at every delivery.
	ID string
	// Handle deletes or extends this delivery.
	Handle string
	// Body is the message as received. Untrusted: see Decode.
	Body []byte
	// Corrupt says that the body does not match the checksum sent with it.
	Corrupt bool
	// Receives is how often the message was received, this time included.
	Receives int
	// Sent is when the queue accepted the message.
	Sent time.Time
}

// Visibility asks for a delivery to stay invisible for Timeout from now; zero
// hands the message back at once.
type Visibility struct {
	Handle  string
	Timeout time.Duration // 0 to MaxVisibility
}

// Depth is how many messages a queue holds. SQS's figures are approximate.
type Depth struct {
	Visible, InFlight, Delayed int64
}

// Empty reports whether the queue holds nothing at all.
func (d Depth) Empty() bool { return d.Visible == 0 && d.InFlight == 0 && d.Delayed == 0 }

// Transport is a queue of messages as SQS offers it: at least once, with
// visibility timeouts and receipt handles. *SQS and *File implement it; the
// suite queuetest says what it has to do. All methods may be called
// concurrently.
//
// The batch methods take 1 to MaxBatch entries and return one error for each
// entry, in order (nil: done; ErrStale; ErrNoAnswer; or the server's), or a
// non-nil second value when the call as a whole failed or its fate is unknown.
type Transport interface {
	// Receive returns up to max (1 to MaxBatch) deliveries, waiting up to wait
	// (0 to MaxWait) for the first. Each stays invisible for visibility. No
	// message within wait is an empty result, not an error.
	Receive(ctx context.Context, max int, wait, visibility time.Duration) ([]Delivery, error)
	// Delete removes deliveries for good.
	Delete(ctx context.Context, handles []string) ([]error, error)
	// ChangeVisibility sets visibility timeouts ahead or back.
	ChangeVisibility(ctx context.Context, changes []Visibility) ([]error, error)
	// Send appends messages; the bodies come from Encode.
	Send(ctx context.Context, bodies [][]byte) ([]error, error)
	// DeadLetter moves a delivery to the dead-letter queue on purpose. It is
	// done when the dead-letter queue has accepted the body; the original is
	// deleted after that, so a crash between the two leaves both.
	DeadLetter(ctx context.Context, d Delivery) error
	// Depth counts the messages.
	Depth(ctx context.Context) (Depth, error)
	// Close frees what the transport holds; messages in flight stay as they are.
	Close() error
}
