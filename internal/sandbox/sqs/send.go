package sqs

import (
	"context"

	"relock/internal/sandbox/fault"
	"relock/internal/sandbox/wire"
)

// sendEntry is what SendMessage and an entry of SendMessageBatch share.
type sendEntry struct {
	MessageBody             *string
	DelaySeconds            *int64
	MessageAttributes       map[string]attributeValue
	MessageSystemAttributes map[string]attributeValue
	MessageDeduplicationId  *string
	MessageGroupId          *string
}

type sendInput struct {
	target
	sendEntry
}

type sendResult struct {
	MessageId                    string
	MD5OfMessageBody             string
	MD5OfMessageAttributes       string `json:",omitempty"`
	MD5OfMessageSystemAttributes string `json:",omitempty"`
	SequenceNumber               string `json:",omitempty"`
}

func (s *Service) sendMessage(_ context.Context, c *wire.Call, q *queue, in *sendInput) (any, *wire.Error) {
	attr := q.settings()
	if q.fifo && in.MessageGroupId == nil {
		return nil, missing("MessageGroupId")
	}
	o, size, e := s.prepare(c, q, attr, &in.sendEntry)
	if e != nil {
		return nil, e
	}
	if size > attr.maxSize {
		return nil, tooLarge(attr.maxSize)
	}
	seqs, sequences, ok := q.send(s.now(), []outgoing{o})
	if !ok {
		return nil, queueDoesNotExist()
	}
	return s.result(c, &in.sendEntry, seqs[0], sequences[0]), nil
}

func tooLarge(limit int64) *wire.Error {
	return invalidParameter("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", limit)
}

// settings is a copy of the queue's attributes.
func (q *queue) settings() attributes {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.attr
}

// prepare checks an entry and says how many bytes it weighs.
func (s *Service) prepare(c *wire.Call, q *queue, attr attributes, in *sendEntry) (o outgoing, size int64, e *wire.Error) {
	switch {
	case in.MessageBody == nil:
		return o, 0, missing("MessageBody")
	case *in.MessageBody == "":
		return o, 0, missing("MessageBody")
	case !permitted(*in.MessageBody):
		return o, 0, invalidContents()
	}
	if e := checkRange(in.DelaySeconds, "DelaySeconds", 0, 900, "DelaySeconds must be >= 0 and <= 900."); e != nil {
		return o, 0, e
	}
	n, e := checkAttributes(in.MessageAttributes)
	if e != nil {
		return o, 0, e
	}
	o = outgoing{body: *in.MessageBody, sender: c.Caller.UserID, seq: s.seq.Add(1), delay: in.DelaySeconds}
	var x extra
	x.attributes = in.MessageAttributes
	for name, v := range in.MessageSystemAttributes {
		if name != "AWSTraceHeader" {
			return o, 0, invalidParameter("Message system attribute name '%s' is invalid.", name)
		}
		if _, e := checkAttributeValue("system", name, v); e != nil {
			return o, 0, e
		}
		x.trace = &v
	}
	if e := checkFIFO(q, attr, in, &x); e != nil {
		return o, 0, e
	}
	if q.fifo || len(x.attributes) > 0 || x.trace != nil || x.group != "" {
		o.extra = &x
	}
	return o, int64(len(o.body) + n), nil
}

func checkFIFO(q *queue, attr attributes, in *sendEntry, x *extra) *wire.Error {
	if g := in.MessageGroupId; g != nil {
		if !groupOrDedup.MatchString(*g) {
			return invalidValue(*g, "MessageGroupId", "MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.")
		}
		x.group = *g
	}
	if d := in.MessageDeduplicationId; d != nil {
		if !q.fifo {
			return invalidValue(*d, "MessageDeduplicationId", "The request includes a parameter that is not valid for this queue type.")
		}
		if !groupOrDedup.MatchString(*d) {
			return invalidValue(*d, "MessageDeduplicationId", "MessageDeduplicationId can only include alphanumeric and punctuation characters. 1 to 128 in length.")
		}
		x.dedup = *d
	}
	if !q.fifo {
		return nil
	}
	if x.group == "" {
		return invalidParameter("The request must contain the parameter MessageGroupId.")
	}
	if in.DelaySeconds != nil && *in.DelaySeconds > 0 {
		return invalidValue(*in.DelaySeconds, "DelaySeconds", "The request include parameter that is not valid for this queue type.")
	}
	if x.dedup == "" {
		if !attr.contentDedup {
			return invalidParameter("The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
		}
		x.dedup = contentHash(*in.MessageBody)
	}
	return nil
}

func (s *Service) result(c *wire.Call, in *sendEntry, seq uint64, sequence string) sendResult {
	r := sendResult{MessageId: s.messageID(seq), MD5OfMessageBody: md5Hex(*in.MessageBody), SequenceNumber: sequence}
	if len(in.MessageAttributes) > 0 {
		r.MD5OfMessageAttributes = md5OfAttributes(in.MessageAttributes)
	}
	if len(in.MessageSystemAttributes) > 0 {
		r.MD5OfMessageSystemAttributes = md5OfAttributes(in.MessageSystemAttributes)
	}
	if s.faults.Roll(fault.CorruptBody, SigningName, c.Operation) {
		r.MD5OfMessageBody = md5Hex(*in.MessageBody + " ")
	}
	return r
}

type sendBatchInput struct {
	target
	Entries []struct {
		Id *string
		sendEntry
	}
}

type sendBatchOutput struct {
	Successful []sendBatchResult
	Failed     []failure
}

type sendBatchResult struct {
	Id string
	sendResult
}

func (s *Service) sendBatch(_ context.Context, c *wire.Call, q *queue, in *sendBatchInput) (any, *wire.Error) {
	if e := checkBatch(c, len(in.Entries), func(i int) *string { return in.Entries[i].Id }); e != nil {
		return nil, e
	}
	attr := q.settings()
	out := sendBatchOutput{Successful: []sendBatchResult{}, Failed: []failure{}}
	var batch []outgoing
	var accepted []int
	var total int64
	for i := range in.Entries {
		entry := &in.Entries[i]
		o, size, e := s.prepare(c, q, attr, &entry.sendEntry)
		if e != nil && (q.fifo || e.QueryCode == "MissingParameter") {
			return nil, e // a missing group or body fails the whole call
		}
		total += size
		if e == nil && size > attr.maxSize {
			e = tooLarge(attr.maxSize)
		}
		switch {
		case e != nil:
			out.Failed = append(out.Failed, newFailure(*entry.Id, e))
		case s.faults.Roll(fault.BatchFail, SigningName, c.Operation):
			out.Failed = append(out.Failed, injectedFailure(*entry.Id))
		default:
			batch, accepted = append(batch, o), append(accepted, i)
		}
	}
	if total > maxPayload {
		return nil, batchError("BatchRequestTooLong", "Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxPayload, total)
	}
	seqs, sequences, ok := q.send(s.now(), batch)
	if !ok {
		return nil, queueDoesNotExist()
	}
	for n, i := range accepted {
		if s.faults.Roll(fault.BatchSilent, SigningName, c.Operation) {
			continue
		}
		out.Successful = append(out.Successful, sendBatchResult{*in.Entries[i].Id, s.result(c, &in.Entries[i].sendEntry, seqs[n], sequences[n])})
	}
	return out, nil
}
