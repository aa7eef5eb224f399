// Package queue carries targets from enqueue to the worker: the wire form of a
// message, the transports that hold messages (SQS, or a file), and the consumer
// that prefetches, keeps messages invisible, and deletes them in batches.
package queue

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"relock/internal/job"
)

// Version is the version of the wire form that Encode writes and Decode reads.
const Version = 1

// MaxBody is the largest body, in bytes, that Decode looks at. A username of 128
// characters and metadata of 2 KiB, every byte of it escaped, stay below it.
const MaxBody = 16 << 10

// Message is one target in the queue. It is untrusted input: the ledger says
// which targets may be reset.
type Message struct {
	Ledger   string
	Job      string
	Pool     string
	Username job.Username
	// Metadata is the client metadata for the pool's triggers; may be nil.
	Metadata map[string]string
}

// RejectReason is why a message is not worked on. The set is closed: it is the
// label of messages_rejected_total.
type RejectReason string

// The reasons for a rejection: a body that does not match its checksum; those of
// Decode; and those of the worker, which knows ledger and allow-list.
const (
	RejectCorrupt RejectReason = "corrupt"

	RejectOversize     RejectReason = "oversize"
	RejectNotJSON      RejectReason = "not_json"
	RejectVersion      RejectReason = "version"
	RejectUnknownField RejectReason = "unknown_field"
	RejectWrongType    RejectReason = "wrong_type"
	RejectMissingField RejectReason = "missing_field"

	RejectOtherLedger    RejectReason = "other_ledger"
	RejectPoolNotAllowed RejectReason = "pool_not_allowed"
	RejectUnknownJob     RejectReason = "unknown_job"
	RejectNotListed      RejectReason = "not_listed"
)

// RejectReasons lists every reason for a rejection.
func RejectReasons() []RejectReason {
	return []RejectReason{
		RejectCorrupt, RejectOversize, RejectNotJSON, RejectVersion, RejectUnknownField,
		RejectWrongType, RejectMissingField, RejectOtherLedger, RejectPoolNotAllowed,
		RejectUnknownJob, RejectNotListed,
	}
}

// Foreign reports whether such a message is well formed and may be another worker's:
// it stays in the queue. Any other goes to the dead-letter queue.
func (r RejectReason) Foreign() bool {
	switch r {
	case RejectVersion, RejectOtherLedger, RejectPoolNotAllowed, RejectUnknownJob:
		return true
	default:
		return false
	}
}

// Remedy says what an operator does about messages that are rejected for r.
func (r RejectReason) Remedy() string {
	switch r {
	case RejectCorrupt:
		return "nothing: it was damaged on its way and comes again"
	case RejectVersion:
		return "another version of Relock sent it: use one version for enqueue and worker; the message stays in the queue"
	case RejectOtherLedger:
		return "its enqueue wrote to another ledger: give both programs the same --ledger, and each ledger a queue of its own; the message stays in the queue"
	case RejectPoolNotAllowed:
		return "if that pool is meant, name it with --user-pool-id; the message stays in the queue"
	case RejectUnknownJob:
		return "this ledger does not have its job: was the ledger restored from a copy? The message stays in the queue"
	case RejectNotListed:
		return "the ledger does not list it: was the ledger restored from a copy? Else somebody sent it by hand: see who may send to the queue"
	default:
		return "something else sends to this queue: see who may, and give Relock a queue of its own"
	}
}

// MalformedError says why a body is not a message. It never quotes the body.
type MalformedError struct {
	Reason RejectReason
	Field  string // the member at fault, where it is one of ours; or empty
}

func (e *MalformedError) Error() string {
	if e.Field != "" {
		return fmt.Sprintf("malformed message: %s: %s", e.Reason, e.Field)
	}
	return fmt.Sprintf("malformed message: %s", e.Reason)
}

// wire fixes the names and the order of the members.
type wire struct {
	V        int               `json:"v"`
	Ledger   string            `json:"ledger"`
	Job      string            `json:"job"`
	Pool     string            `json:"pool"`
	Username string            `json:"username"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

// Encode writes m as JSON, with no more escaping than JSON and SQS ask for.
func Encode(m Message) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(wire{Version, m.Ledger, m.Job, m.Pool, string(m.Username), m.Metadata})
	if err != nil {
		return nil, fmt.Errorf("encoding a message: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Decode reads a body. It is strict: every member exactly once and by its exact
// name, nothing unknown, nothing behind the object. The error is a
// *MalformedError.
func Decode(body []byte) (Message, error) {
	if len(body) > MaxBody {
		return Message{}, &MalformedError{Reason: RejectOversize}
	}
	// encoding/json would replace invalid UTF-8 and so change a username.
	if !utf8.Valid(body) {
		return Message{}, &MalformedError{Reason: RejectNotJSON}
	}
	if m, ok := decodePlain(body); ok {
		return m, nil
	}
	return decodeStrict(body)
}

func decodeStrict(body []byte) (Message, error) {
	d := decoder{dec: json.NewDecoder(bytes.NewReader(body))}
	err := d.object()
	if err == nil {
		return d.message()
	}
	var v struct{ V *int }
	if json.Unmarshal(body, &v) == nil && v.V != nil && *v.V != Version {
		return Message{}, &MalformedError{Reason: RejectVersion} // its members are its own affair
	}
	return Message{}, err
}

// decoder walks the members itself, because encoding/json matches names without
// regard to case and lets a member come twice.
type decoder struct {
	dec  *json.Decoder
	w    wire
	seen map[string]bool
}

func (d *decoder) object() error {
	if tok, err := d.dec.Token(); err != nil || tok != json.Delim('{') {
		return &MalformedError{Reason: RejectNotJSON}
	}
	d.seen = make(map[string]bool, 6)
	for d.dec.More() {
		tok, err := d.dec.Token()
		name, ok := tok.(string)
		if err != nil || !ok {
			return &MalformedError{Reason: RejectNotJSON}
		}
		if err := d.member(name); err != nil {
			return err
		}
	}
	if _, err := d.dec.Token(); err != nil { // the closing brace
		return &MalformedError{Reason: RejectNotJSON}
	}
	if _, err := d.dec.Token(); !errors.Is(err, io.EOF) {
		return &MalformedError{Reason: RejectNotJSON}
	}
	return nil
}

func (d *decoder) member(name string) error {
	if d.seen[name] {
		return &MalformedError{Reason: RejectUnknownField, Field: "a member comes twice"}
	}
	d.seen[name] = true
	switch name {
	case "v":
		return d.value(name, &d.w.V)
	case "ledger":
		return d.text(name, &d.w.Ledger)
	case "job":
		return d.text(name, &d.w.Job)
	case "pool":
		return d.text(name, &d.w.Pool)
	case "username":
		return d.text(name, &d.w.Username)
	case "metadata":
		return d.metadata()
	default:
		return &MalformedError{Reason: RejectUnknownField}
	}
}

// text reads a string; a null, which encoding/json would leave as "", is a
// wrong type.
func (d *decoder) text(name string, to *string) error {
	var p *string
	if err := d.value(name, &p); err != nil {
		return err
	}
	if p == nil {
		return &MalformedError{Reason: RejectWrongType, Field: name}
	}
	*to = *p
	return nil
}

func (d *decoder) metadata() error {
	var m map[string]*string
	if err := d.value("metadata", &m); err != nil {
		return err
	}
	if m == nil {
		return &MalformedError{Reason: RejectWrongType, Field: "metadata"}
	}
	d.w.Metadata = make(map[string]string, len(m))
	for k, v := range m {
		if v == nil {
			return &MalformedError{Reason: RejectWrongType, Field: "metadata"}
		}
		d.w.Metadata[k] = *v
	}
	return nil
}

func (d *decoder) value(name string, to any) error {
	err := d.dec.Decode(to)
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return &MalformedError{Reason: RejectWrongType, Field: name}
	}
	return &MalformedError{Reason: RejectNotJSON}
}

func (d *decoder) message() (Message, error) {
	if !d.seen["v"] {
		return Message{}, &MalformedError{Reason: RejectMissingField, Field: "v"}
	}
	if d.w.V != Version {
		return Message{}, &MalformedError{Reason: RejectVersion}
	}
	for _, f := range []struct{ name, value string }{
		{"ledger", d.w.Ledger}, {"job", d.w.Job}, {"pool", d.w.Pool}, {"username", d.w.Username},
	} {
		if f.value == "" {
			return Message{}, &MalformedError{Reason: RejectMissingField, Field: f.name}
		}
	}
	if len(d.w.Metadata) == 0 {
		d.w.Metadata = nil
	}
	return Message{
		Ledger: d.w.Ledger, Job: d.w.Job, Pool: d.w.Pool,
		Username: job.Username(d.w.Username), Metadata: d.w.Metadata,
	}, nil
}
