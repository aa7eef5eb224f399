package sqs

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"relock/internal/sandbox/fault"
	"relock/internal/sandbox/wire"
)

type receiveInput struct {
	target
	AttributeNames              []string
	MessageSystemAttributeNames []string
	MessageAttributeNames       []string
	MaxNumberOfMessages         *int64
	VisibilityTimeout           *int64
	WaitTimeSeconds             *int64
	ReceiveRequestAttemptId     *string
}

type receiveOutput struct{ Messages []receivedMessage }

// systemAttributes are what SQS itself knows of a message.
type systemAttributes struct {
	SenderId                         string `json:",omitempty"`
	SentTimestamp                    string `json:",omitempty"`
	ApproximateReceiveCount          string `json:",omitempty"`
	ApproximateFirstReceiveTimestamp string `json:",omitempty"`
	SequenceNumber                   string `json:",omitempty"`
	MessageGroupId                   string `json:",omitempty"`
	MessageDeduplicationId           string `json:",omitempty"`
	DeadLetterQueueSourceArn         string `json:",omitempty"`
	AWSTraceHeader                   string `json:",omitempty"`
}

type receivedMessage struct {
	MessageId              string
	ReceiptHandle          string
	MD5OfBody              string
	Body                   string
	Attributes             *systemAttributes         `json:",omitempty"`
	MD5OfMessageAttributes string                    `json:",omitempty"`
	MessageAttributes      map[string]attributeValue `json:",omitempty"`
}

func (s *Service) receiveMessage(ctx context.Context, c *wire.Call, q *queue, in *receiveInput) (any, *wire.Error) {
	if e := checkRange(in.MaxNumberOfMessages, "MaxNumberOfMessages", 1, 10, "Must be between 1 and 10, if provided."); e != nil {
		return nil, e
	}
	if e := checkRange(in.VisibilityTimeout, "VisibilityTimeout", 0, 43200, "Must be >= 0 and <= 43200, if provided."); e != nil {
		return nil, e
	}
	if e := checkRange(in.WaitTimeSeconds, "WaitTimeSeconds", 0, 20, "Must be >= 0 and <= 20, if provided."); e != nil {
		return nil, e
	}
	attr := q.settings()
	limit, visibility, wait := int64(1), attr.visibility, attr.wait
	for _, set := range []struct{ to, from *int64 }{{&limit, in.MaxNumberOfMessages}, {&visibility, in.VisibilityTimeout}, {&wait, in.WaitTimeSeconds}} {
		if set.from != nil {
			*set.to = *set.from
		}
	}
	got := s.poll(ctx, q, int(limit), visibility, wait, func(name string) bool {
		return s.faults.Roll(name, SigningName, c.Operation)
	})
	switch {
	case got.deleted:
		return nil, queueDoesNotExist()
	case got.over && len(got.deliveries) == 0 && wait == 0 && !q.fifo:
		return nil, overLimit() // long polls come back empty: SQS Developer Guide, "quotas"
	}
	out := receiveOutput{Messages: make([]receivedMessage, 0, len(got.deliveries))}
	for i := range got.deliveries {
		out.Messages = append(out.Messages, s.render(c, &got.deliveries[i], in))
	}
	c.Note = q.name + " " + strconv.Itoa(len(out.Messages))
	return out, nil
}

// poll receives, waiting until there is something or the time is up.
func (s *Service) poll(ctx context.Context, q *queue, limit int, visibility, wait int64, roll roll) received {
	deadline := s.now() + wait*int64(time.Second)
	var timer *time.Timer
	defer func() {
		if timer != nil {
			timer.Stop()
		}
	}()
	for {
		now := s.now()
		if ctx.Err() != nil {
			return received{} // nobody is there to get them
		}
		max, dead := s.redrive(q)
		q.mu.Lock()
		got := q.receiveLocked(now, limit, visibility, max, roll)
		empty := len(got.deliveries) == 0 && !got.deleted
		var ring chan struct{}
		if empty && now < deadline && len(got.moved) < maxMovesPerReceive {
			ring = q.wait(now)
		}
		q.mu.Unlock()
		s.deadLetter(now, q, dead, got.moved)
		switch {
		case !empty, now >= deadline:
			return got
		case ring == nil:
			continue // it had much to move; look again
		}
		if timer == nil {
			timer = time.NewTimer(time.Duration(deadline - now))
		}
		select {
		case <-ring:
			continue
		case <-timer.C:
			deadline = 0 // whatever the injected clock says
		case <-ctx.Done():
		}
		q.leave(ring)
	}
}

// redrive is the queue's rule for dead letters, as far as their queue exists.
func (s *Service) redrive(q *queue) (max int64, dead *queue) {
	q.mu.Lock()
	arn, max := q.attr.deadLetter, q.attr.maxReceives
	q.mu.Unlock()
	if arn == "" {
		return 0, nil
	}
	if dead = s.byARN(arn); dead == nil {
		return 0, nil
	}
	return max, dead
}

// deadLetter hands over what a receive moved. No two queues' locks are held at
// once, so that two queues may be each other's dead-letter queue.
func (s *Service) deadLetter(now int64, from, dead *queue, moved []message) {
	if len(moved) == 0 {
		return
	}
	for i := range moved {
		x := extra{}
		if moved[i].extra != nil {
			x = *moved[i].extra
		}
		x.sourceQueue = from.arn
		moved[i].extra = &x
	}
	dead.accept(now, moved)
}

func (s *Service) render(c *wire.Call, d *delivery, in *receiveInput) receivedMessage {
	r := receivedMessage{
		MessageId: s.messageID(d.seq), ReceiptHandle: d.handle.encode(s.salt), MD5OfBody: md5Hex(d.body), Body: d.body,
		Attributes: d.systemAttributes(in),
	}
	if s.faults.Roll(fault.CorruptBody, SigningName, c.Operation) {
		r.Body = corrupt(d.body)
	}
	if d.extra == nil || len(d.extra.attributes) == 0 || len(in.MessageAttributeNames) == 0 {
		return r
	}
	r.MessageAttributes = map[string]attributeValue{}
	for name, v := range d.extra.attributes {
		if slices.ContainsFunc(in.MessageAttributeNames, func(want string) bool { return matchAttribute(want, name) }) {
			r.MessageAttributes[name] = v
		}
	}
	if len(r.MessageAttributes) > 0 {
		r.MD5OfMessageAttributes = md5OfAttributes(r.MessageAttributes)
	}
	return r
}

// matchAttribute: "All", ".*", "prefix.*" or the very name.
// Source: SQS API Reference, ReceiveMessage, MessageAttributeNames.
func matchAttribute(want, name string) bool {
	if want == "All" || want == ".*" || want == name {
		return true
	}
	prefix, ok := strings.CutSuffix(want, ".*")
	return ok && strings.HasPrefix(name, prefix)
}

// systemAttributes answers MessageSystemAttributeNames and its deprecated
// forerunner AttributeNames.
func (d *delivery) systemAttributes(in *receiveInput) *systemAttributes {
	if len(in.AttributeNames) == 0 && len(in.MessageSystemAttributeNames) == 0 {
		return nil
	}
	x := d.extra
	if x == nil {
		x = &extra{}
	}
	var out systemAttributes
	for _, names := range [][]string{in.AttributeNames, in.MessageSystemAttributeNames} {
		for _, name := range names {
			all := name == "All"
			if all || name == "SenderId" {
				out.SenderId = d.sender
			}
			if all || name == "SentTimestamp" {
				out.SentTimestamp = millis(d.sent)
			}
			if all || name == "ApproximateReceiveCount" {
				out.ApproximateReceiveCount = strconv.Itoa(int(d.receives))
			}
			if all || name == "ApproximateFirstReceiveTimestamp" {
				out.ApproximateFirstReceiveTimestamp = millis(d.first)
			}
			if all || name == "SequenceNumber" {
				out.SequenceNumber = x.sequence
			}
			if all || name == "MessageGroupId" {
				out.MessageGroupId = x.group
			}
			if all || name == "MessageDeduplicationId" {
				out.MessageDeduplicationId = x.dedup
			}
			if all || name == "DeadLetterQueueSourceArn" {
				out.DeadLetterQueueSourceArn = x.sourceQueue
			}
			if (all || name == "AWSTraceHeader") && x.trace != nil {
				out.AWSTraceHeader = *x.trace.StringValue
			}
		}
	}
	return &out
}

// corrupt changes the first character of a body, and leaves it valid UTF-8.
func corrupt(body string) string {
	changed := byte('#')
	if body[0] == changed {
		changed = '*'
	}
	rest := body[1:]
	for len(rest) > 0 && rest[0]&0xC0 == 0x80 { // the rest of a longer character
		rest = rest[1:]
	}
	return string(changed) + rest
}
