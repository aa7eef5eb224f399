package sqs

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"relock/internal/sandbox/wire"
)

// maxPayload is the longest message and the longest batch, in bytes.
// Source: SQS API Reference, SendMessage and SendMessageBatch.
const maxPayload = 1 << 20

// attributes are a queue's settings: the numbers that the queue works with, and
// all of them as text.
type attributes struct {
	text                                        map[string]string
	visibility, delay, wait, retention, maxSize int64
	fifo, contentDedup                          bool
	deadLetter                                  string // ARN; "" is none
	maxReceives                                 int64
}

// numbers are the attributes that are numbers, with their ranges.
// Source: SQS API Reference, SetQueueAttributes.
var numbers = map[string]struct{ low, high int64 }{
	"VisibilityTimeout":             {0, 43200},
	"MaximumMessageSize":            {1024, maxPayload},
	"MessageRetentionPeriod":        {60, 1209600},
	"DelaySeconds":                  {0, 900},
	"ReceiveMessageWaitTimeSeconds": {0, 20},
	"KmsDataKeyReusePeriodSeconds":  {60, 86400},
}

var computed = []string{
	"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed",
	"CreatedTimestamp", "LastModifiedTimestamp", "QueueArn",
}

func defaultAttributes() map[string]string {
	return map[string]string{
		"VisibilityTimeout": "30", "MaximumMessageSize": strconv.Itoa(maxPayload), "MessageRetentionPeriod": "345600",
		"DelaySeconds": "0", "ReceiveMessageWaitTimeSeconds": "0", "SqsManagedSseEnabled": "true",
	}
}

// with is the attributes changed by those given; create says that the queue is
// being made, which is when its type is chosen.
func (a attributes) with(set map[string]string, create bool) (attributes, *wire.Error) {
	text := maps.Clone(a.text)
	for _, name := range slices.Sorted(maps.Keys(set)) {
		value := set[name]
		if e := checkAttribute(name, value, a.fifo, create); e != nil {
			return a, e
		}
		if value == "" {
			delete(text, name)
			if d, ok := defaultAttributes()[name]; ok {
				text[name] = d
			}
			continue
		}
		text[name] = value
	}
	if set["SqsManagedSseEnabled"] == "true" && text["KmsMasterKeyId"] != "" {
		return a, wire.Errorf("InvalidAttributeName", "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.")
	}
	if set["KmsMasterKeyId"] != "" {
		text["SqsManagedSseEnabled"] = "false"
	}
	out := attributes{text: text, fifo: a.fifo}
	out.contentDedup = text["ContentBasedDeduplication"] == "true"
	for name, field := range map[string]*int64{
		"VisibilityTimeout": &out.visibility, "DelaySeconds": &out.delay, "ReceiveMessageWaitTimeSeconds": &out.wait,
		"MessageRetentionPeriod": &out.retention, "MaximumMessageSize": &out.maxSize,
	} {
		*field, _ = strconv.ParseInt(text[name], 10, 64) // checked above
	}
	if policy := text["RedrivePolicy"]; policy != "" {
		var e *wire.Error
		if out.deadLetter, out.maxReceives, e = parseRedrive(policy); e != nil {
			return a, e
		}
	}
	return out, nil
}

func checkAttribute(name, value string, fifo, create bool) *wire.Error {
	if r, ok := numbers[name]; ok {
		n, err := strconv.ParseInt(value, 10, 64)
		if (err != nil || n < r.low || n > r.high) && value != "" {
			return invalidAttributeValue(name, "")
		}
		return nil
	}
	oneOf := func(values ...string) *wire.Error {
		if value != "" && !slices.Contains(values, value) {
			return invalidAttributeValue(name, "")
		}
		return nil
	}
	switch name {
	case "Policy", "RedrivePolicy", "RedriveAllowPolicy":
		if value != "" && !json.Valid([]byte(value)) {
			return invalidAttributeValue(name, "")
		}
		return nil
	case "KmsMasterKeyId":
		return nil
	case "SqsManagedSseEnabled":
		return oneOf("true", "false")
	case "FifoQueue":
		if !create && !fifo {
			return invalidAttributeName(name)
		}
		if value == "true" && fifo {
			return nil
		}
		return invalidAttributeValue(name, "Modifying queue type is not supported.")
	case "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit":
		if !fifo {
			return invalidAttributeName(name)
		}
		return map[string]func() *wire.Error{
			"ContentBasedDeduplication": func() *wire.Error { return oneOf("true", "false") },
			"DeduplicationScope":        func() *wire.Error { return oneOf("messageGroup", "queue") },
			"FifoThroughputLimit":       func() *wire.Error { return oneOf("perQueue", "perMessageGroupId") },
		}[name]()
	}
	return invalidAttributeName(name)
}

// parseRedrive reads a redrive policy; maxReceiveCount may be written as a
// number or as text.
func parseRedrive(policy string) (arn string, max int64, e *wire.Error) {
	var p struct {
		DeadLetterTargetArn *string          `json:"deadLetterTargetArn"`
		MaxReceiveCount     *json.RawMessage `json:"maxReceiveCount"`
	}
	bad := func(reason string) *wire.Error { return invalidValue(policy, "RedrivePolicy", reason) }
	if err := json.Unmarshal([]byte(policy), &p); err != nil {
		return "", 0, bad("Amazon SQS can't create the redrive policy, as it’s in an unsupported format.")
	}
	if p.DeadLetterTargetArn == nil {
		return "", 0, bad("Redrive policy does not contain mandatory attribute: deadLetterTargetArn.")
	}
	if p.MaxReceiveCount == nil {
		return "", 0, bad("Redrive policy does not contain mandatory attribute: maxReceiveCount.")
	}
	if parts := strings.Split(*p.DeadLetterTargetArn, ":"); len(parts) != 6 || parts[0] != "arn" || parts[2] != "sqs" {
		return "", 0, bad("Invalid value for deadLetterTargetArn.")
	}
	digits := strings.Trim(string(*p.MaxReceiveCount), `"`)
	max, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || max < 1 || max > 1000 {
		return "", 0, bad(fmt.Sprintf("Invalid value for maxReceiveCount: %s, valid values are from 1 to 1000 both inclusive.", digits))
	}
	return *p.DeadLetterTargetArn, max, nil
}

// describe is the attributes that GetQueueAttributes answers with.
func (q *queue) describe(names []string, now int64) (map[string]string, *wire.Error) {
	d := q.depth(now)
	q.mu.Lock()
	all := maps.Clone(q.attr.text)
	all["CreatedTimestamp"] = strconv.FormatInt(q.created, 10)
	all["LastModifiedTimestamp"] = strconv.FormatInt(q.modified, 10)
	q.mu.Unlock()
	all["QueueArn"] = q.arn
	all["ApproximateNumberOfMessages"] = strconv.Itoa(d.Visible)
	all["ApproximateNumberOfMessagesNotVisible"] = strconv.Itoa(d.InFlight)
	all["ApproximateNumberOfMessagesDelayed"] = strconv.Itoa(d.Delayed)
	out := map[string]string{}
	for _, name := range names {
		if name == "All" {
			return all, nil
		}
		if v, ok := all[name]; ok {
			out[name] = v
		} else if !known(name) {
			return nil, invalidAttributeName(name)
		}
	}
	return out, nil
}

func known(name string) bool {
	_, number := numbers[name]
	return number || slices.Contains(computed, name) || slices.Contains([]string{
		"Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId", "SqsManagedSseEnabled",
		"FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit",
	}, name)
}
