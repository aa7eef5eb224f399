package sqs

import (
	"context"
	"errors"
	"strings"

	"relock/internal/sandbox/wire"
)

// onService makes a wire handler of an operation with an input.
func onService[In any](s *Service, op func(context.Context, *wire.Call, *In) (any, *wire.Error)) wire.Handler {
	return func(ctx context.Context, c *wire.Call) (any, error) {
		var in In
		if err := c.Decode(&in); err != nil {
			return nil, err
		}
		if c.Region != "" && c.Region != s.host.Region() {
			return nil, queueDoesNotExist() // queues are in the server's first Region
		}
		out, e := op(ctx, c, &in)
		if e != nil {
			return nil, e
		}
		return out, nil
	}
}

// queueInput is an input that names a queue.
type queueInput interface{ queueURL() *string }

// target is the member that names the queue.
type target struct{ QueueUrl *string }

func (t *target) queueURL() *string { return t.QueueUrl }

// permissions are the actions that IAM knows for the batch operations: those of
// the single ones. Source: Service Authorization Reference, Amazon SQS.
var permissions = map[string]string{
	"SendMessageBatch": "SendMessage", "DeleteMessageBatch": "DeleteMessage", "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}

// onQueue makes a wire handler of an operation on a queue.
func onQueue[In any, P interface {
	*In
	queueInput
}](s *Service, op func(context.Context, *wire.Call, *queue, *In) (any, *wire.Error),
) wire.Handler {
	return onService(s, func(ctx context.Context, c *wire.Call, in *In) (any, *wire.Error) {
		url := P(in).queueURL()
		if url == nil || *url == "" {
			return nil, missing("QueueUrl")
		}
		q, e := s.byURL(*url)
		if e != nil {
			return nil, e
		}
		c.Note = q.name
		if e := s.authorize(c, q.arn); e != nil {
			return nil, e
		}
		if e := s.authorizeKey(c, q); e != nil {
			return nil, e
		}
		return op(ctx, c, q, in)
	})
}

// keyActions are what a caller needs of the key of an encrypted queue. Source:
// "Key management" in the SQS Developer Guide: producers need GenerateDataKey and
// Decrypt, consumers Decrypt.
var keyActions = map[string][]string{
	"SendMessage":      {"kms:GenerateDataKey", "kms:Decrypt"},
	"SendMessageBatch": {"kms:GenerateDataKey", "kms:Decrypt"},
	"ReceiveMessage":   {"kms:Decrypt"},
}

// authorizeKey asks for the caller's right to the queue's key. AWS asks once in a
// key's reuse period, and only where there is a message; here it is asked always.
func (s *Service) authorizeKey(c *wire.Call, q *queue) *wire.Error {
	actions := keyActions[c.Operation]
	if len(actions) == 0 {
		return nil
	}
	key := q.settings().text["KmsMasterKeyId"]
	if key == "" {
		return nil
	}
	if !strings.HasPrefix(key, "arn:") {
		if !strings.HasPrefix(key, "alias/") {
			key = "key/" + key
		}
		key = "arn:aws:kms:" + s.host.Region() + ":" + s.host.Account() + ":" + key
	}
	for _, action := range actions {
		if e, ok := errors.AsType[*wire.Error](c.Authorize(action, key)); ok {
			return e
		}
	}
	return nil
}

func (s *Service) authorize(c *wire.Call, arn string) *wire.Error {
	action := c.Operation
	if p, ok := permissions[action]; ok {
		action = p
	}
	e, _ := errors.AsType[*wire.Error](c.Authorize("sqs:"+action, arn))
	return e
}
