// Package sqs is the sandbox's Amazon SQS: standard queues as AWS documents
// them, FIFO queues as far as a client needs them to be told apart.
//
// Every queue has a lock of its own that nobody holds while waiting; receiving
// costs the same whatever the queue holds.
package sqs

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"relock/internal/sandbox/fault"
	"relock/internal/sandbox/wire"
)

// SigningName is the service's name in credential scopes and fault rules.
const SigningName = "sqs"

// Config is what a Service needs to know. The zero value works.
type Config struct {
	// MaxInFlight is the limit of messages in flight per queue; 0 is SQS's 120,000.
	MaxInFlight int
	// LateVisibility accepts ChangeMessageVisibility, without effect, for a
	// message whose visibility has run out and that nobody received since. SQS's
	// reference says MessageNotInflight, which is the default here; AWS has been
	// seen to answer 200.
	LateVisibility bool
}

// Service is the account's queues. All methods may be called concurrently.
type Service struct {
	cfg    Config
	host   *wire.Server
	faults *fault.Injector
	salt   uint64
	seq    atomic.Uint64

	settings sync.Mutex // serialises SetQueueAttributes

	mu      sync.RWMutex
	queues  map[string]*queue
	removed map[string]int64 // when a queue was deleted, in nanoseconds
}

// New makes a service without queues.
func New(cfg Config, host *wire.Server, faults *fault.Injector) *Service {
	if cfg.MaxInFlight == 0 {
		cfg.MaxInFlight = maxInFlight
	}
	return &Service{
		cfg: cfg, host: host, faults: faults, salt: host.NewRandom(),
		queues: map[string]*queue{}, removed: map[string]int64{},
	}
}

// Wire is the service for wire.Server.Register.
func (s *Service) Wire() *wire.Service {
	return &wire.Service{
		SigningName: SigningName, TargetPrefix: "AmazonSQS", JSONVersion: "1.0", UnknownOperation: "InvalidAction",
		Namespace: "com.amazonaws.sqs#", QueryErrors: true, ThrottleError: throttled,
		Operations: map[string]wire.Handler{
			"CreateQueue":                  onService(s, s.createQueue),
			"DeleteQueue":                  onQueue(s, s.deleteQueue),
			"PurgeQueue":                   onQueue(s, s.purgeQueue),
			"GetQueueUrl":                  onService(s, s.getQueueURL),
			"ListQueues":                   onService(s, s.listQueues),
			"ListDeadLetterSourceQueues":   onQueue(s, s.listSources),
			"GetQueueAttributes":           onQueue(s, s.getAttributes),
			"SetQueueAttributes":           onQueue(s, s.setAttributes),
			"SendMessage":                  onQueue(s, s.sendMessage),
			"SendMessageBatch":             onQueue(s, s.sendBatch),
			"ReceiveMessage":               onQueue(s, s.receiveMessage),
			"DeleteMessage":                onQueue(s, s.deleteMessage),
			"DeleteMessageBatch":           onQueue(s, s.deleteBatch),
			"ChangeMessageVisibility":      onQueue(s, s.changeVisibility),
			"ChangeMessageVisibilityBatch": onQueue(s, s.changeBatch),
		},
	}
}

// Reset deletes all queues.
func (s *Service) Reset() {
	s.mu.Lock()
	old := s.queues
	s.queues, s.removed = map[string]*queue{}, map[string]int64{}
	s.mu.Unlock()
	for _, q := range old {
		q.close()
	}
}

func (s *Service) now() int64 { return s.host.Now().UnixNano() }

func (s *Service) arn(name string) string {
	return "arn:aws:sqs:" + s.host.Region() + ":" + s.host.Account() + ":" + name
}

func (s *Service) get(name string) *queue {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.queues[name]
}

// byARN is the queue with that ARN, nil if there is none here.
func (s *Service) byARN(arn string) *queue {
	name, ok := strings.CutPrefix(arn, s.arn(""))
	if !ok {
		return nil
	}
	return s.get(name)
}

// byURL finds the queue that a URL names. Like AWS, it goes by the path: the
// account and the name.
func (s *Service) byURL(raw string) (*queue, *wire.Error) {
	path := raw
	if found := strings.Contains(raw, "://"); found {
		u, err := url.Parse(raw)
		if err != nil {
			return nil, invalidAddress(raw)
		}
		path = u.Path
	}
	path = strings.Trim(path, "/")
	account, name, ok := strings.Cut(path, "/")
	if !ok || strings.Contains(name, "/") {
		return nil, invalidAddress(raw)
	}
	q := s.get(name)
	if q == nil || account != s.host.Account() {
		return nil, queueDoesNotExist()
	}
	return q, nil
}

// messageID is the ID made from a message's number.
func (s *Service) messageID(seq uint64) string {
	a := mix(s.salt ^ seq)
	return wire.FormatID(a, mix(a^0x5bd1e995))
}

// create makes a queue, or finds it if it has the same attributes already.
func (s *Service) create(name string, set map[string]string) (*queue, *wire.Error) {
	fifo := set["FifoQueue"] == "true"
	switch {
	case fifo && !fifoQueueName.MatchString(name):
		return nil, invalidParameter("The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.")
	case !fifo && !queueName.MatchString(name):
		return nil, invalidParameter("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	base := attributes{text: defaultAttributes(), fifo: fifo}
	if fifo {
		maps.Copy(base.text, map[string]string{
			"FifoQueue": "true", "ContentBasedDeduplication": "false", "DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue",
		})
	}
	attr, e := base.with(set, true)
	if e != nil {
		return nil, e
	}
	if e := s.checkDeadLetter(name, attr); e != nil {
		return nil, e
	}
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if q := s.queues[name]; q != nil {
		q.mu.Lock()
		defer q.mu.Unlock()
		for _, k := range slices.Sorted(maps.Keys(set)) {
			if q.attr.text[k] != set[k] {
				return nil, &wire.Error{Code: "QueueNameExists", QueryCode: "QueueAlreadyExists", Message: "A queue already exists with the same name and a different value for attribute " + k}
			}
		}
		return q, nil
	}
	if at, ok := s.removed[name]; ok && now-at < int64(time.Minute) {
		return nil, &wire.Error{Code: "QueueDeletedRecently", QueryCode: "AWS.SimpleQueueService.QueueDeletedRecently", Message: "You must wait 60 seconds after deleting a queue before you can create another with the same name."}
	}
	delete(s.removed, name)
	q := newQueue(name, s.arn(name), s.host.NewRandom(), attr, s.cfg.MaxInFlight, s.host.Now)
	s.queues[name] = q
	return q, nil
}

// checkDeadLetter says what is wrong with the target of a redrive policy.
func (s *Service) checkDeadLetter(name string, attr attributes) *wire.Error {
	if attr.deadLetter == "" {
		return nil
	}
	bad := func(reason string) *wire.Error {
		return invalidValue(attr.text["RedrivePolicy"], "RedrivePolicy", reason)
	}
	target := s.byARN(attr.deadLetter)
	switch {
	case target == nil:
		return bad("Dead letter target does not exist.")
	case target.name == name:
		return bad("Dead letter target cannot be the queue itself.")
	case target.fifo != attr.fifo:
		return bad("Dead-letter queue must be same type of queue as the source.")
	}
	return nil
}
