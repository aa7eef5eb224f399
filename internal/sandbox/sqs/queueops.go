package sqs

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"relock/internal/sandbox/wire"
)

type createInput struct {
	QueueName  *string
	Attributes map[string]string
	Tags       map[string]string `json:"tags"`
}

type urlOutput struct{ QueueUrl string }

func (s *Service) createQueue(_ context.Context, c *wire.Call, in *createInput) (any, *wire.Error) {
	if in.QueueName == nil || *in.QueueName == "" {
		return nil, missing("QueueName")
	}
	c.Note = *in.QueueName
	if e := s.authorize(c, s.arn(*in.QueueName)); e != nil {
		return nil, e
	}
	q, e := s.create(*in.QueueName, in.Attributes)
	if e != nil {
		return nil, e
	}
	return urlOutput{s.url(c, q)}, nil
}

func (s *Service) url(c *wire.Call, q *queue) string {
	return c.Endpoint + "/" + s.host.Account() + "/" + q.name
}

func (s *Service) deleteQueue(_ context.Context, _ *wire.Call, q *queue, _ *target) (any, *wire.Error) {
	now := s.now()
	s.mu.Lock()
	if s.queues[q.name] == q {
		delete(s.queues, q.name)
		s.removed[q.name] = now
	}
	s.mu.Unlock()
	q.close()
	return nil, nil
}

func (s *Service) purgeQueue(_ context.Context, _ *wire.Call, q *queue, _ *target) (any, *wire.Error) {
	if !q.purge(s.now()) {
		e := batchError("PurgeQueueInProgress", "Only one PurgeQueue operation on %s is allowed every 60 seconds.", q.name)
		e.Status = 403
		return nil, e
	}
	return nil, nil
}

type getURLInput struct{ QueueName, QueueOwnerAWSAccountId *string }

func (s *Service) getQueueURL(_ context.Context, c *wire.Call, in *getURLInput) (any, *wire.Error) {
	if in.QueueName == nil || *in.QueueName == "" {
		return nil, missing("QueueName")
	}
	c.Note = *in.QueueName
	if e := s.authorize(c, s.arn(*in.QueueName)); e != nil {
		return nil, e
	}
	q := s.get(*in.QueueName)
	if q == nil || in.QueueOwnerAWSAccountId != nil && *in.QueueOwnerAWSAccountId != s.host.Account() {
		return nil, queueDoesNotExist()
	}
	return urlOutput{s.url(c, q)}, nil
}

type pageInput struct {
	QueueNamePrefix *string
	NextToken       *string
	MaxResults      *int64
}

type listOutput struct {
	QueueUrls []string
	NextToken string `json:",omitempty"`
}

func (s *Service) listQueues(_ context.Context, c *wire.Call, in *pageInput) (any, *wire.Error) {
	if e := s.authorize(c, s.arn("*")); e != nil {
		return nil, e
	}
	prefix := ""
	if in.QueueNamePrefix != nil {
		prefix = *in.QueueNamePrefix
	}
	return s.page(c, in.NextToken, in.MaxResults, func(q *queue) bool { return strings.HasPrefix(q.name, prefix) })
}

type sourcesInput struct {
	target
	NextToken  *string
	MaxResults *int64
}

type sourcesOutput struct {
	QueueUrls []string `json:"queueUrls"` // lower case in this one reply, as in SQS's model
	NextToken string   `json:",omitempty"`
}

func (s *Service) listSources(_ context.Context, c *wire.Call, q *queue, in *sourcesInput) (any, *wire.Error) {
	out, e := s.page(c, in.NextToken, in.MaxResults, func(other *queue) bool {
		other.mu.Lock()
		defer other.mu.Unlock()
		return other.attr.deadLetter == q.arn
	})
	if e != nil {
		return nil, e
	}
	return sourcesOutput(*out), nil
}

// page lists queues by name; the token is the last name of the page before.
func (s *Service) page(c *wire.Call, token *string, most *int64, want func(*queue) bool) (*listOutput, *wire.Error) {
	limit := 1000
	if most != nil {
		if *most < 1 || *most > 1000 {
			return nil, invalidValue(*most, "MaxResults", "MaxResults must be an integer between 1 and 1000.")
		}
		limit = int(*most)
	}
	s.mu.RLock()
	var names []string
	for name, q := range s.queues {
		if (token == nil || name > *token) && want(q) {
			names = append(names, name)
		}
	}
	s.mu.RUnlock()
	slices.Sort(names)
	out := &listOutput{QueueUrls: []string{}}
	for i, name := range names {
		if i == limit {
			if most != nil {
				out.NextToken = names[i-1]
			}
			break
		}
		out.QueueUrls = append(out.QueueUrls, c.Endpoint+"/"+s.host.Account()+"/"+name)
	}
	return out, nil
}

type getAttributesInput struct {
	target
	AttributeNames []string
}

type attributesOutput struct {
	Attributes map[string]string `json:",omitempty"`
}

func (s *Service) getAttributes(_ context.Context, _ *wire.Call, q *queue, in *getAttributesInput) (any, *wire.Error) {
	attributes, e := q.describe(in.AttributeNames, s.now())
	if e != nil {
		return nil, e
	}
	return attributesOutput{attributes}, nil
}

type setAttributesInput struct {
	target
	Attributes map[string]string
}

func (s *Service) setAttributes(_ context.Context, _ *wire.Call, q *queue, in *setAttributesInput) (any, *wire.Error) {
	if in.Attributes == nil {
		return nil, missing("Attributes")
	}
	if e := s.configure(q, in.Attributes); e != nil {
		return nil, e
	}
	return nil, nil
}

// configure sets attributes of a queue.
func (s *Service) configure(q *queue, set map[string]string) *wire.Error {
	s.settings.Lock() // what is read below is what is changed
	defer s.settings.Unlock()
	attr, e := q.settings().with(set, false)
	if e != nil {
		return e
	}
	if e := s.checkDeadLetter(q.name, attr); e != nil {
		return e
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.attr = attr
	q.modified = s.now() / 1e9
	return nil
}

// millis writes nanoseconds as the milliseconds of SQS's timestamps.
func millis(n int64) string { return strconv.FormatInt(n/1e6, 10) }
