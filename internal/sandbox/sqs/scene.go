package sqs

import (
	"fmt"
	"maps"
)

// CreateWithDeadLetters makes a queue as Create does, and its dead-letter queue
// NAME-dlq, which keeps messages for 14 days and gets those that were received more
// than 20 times.
func (s *Service) CreateWithDeadLetters(name string, attributes map[string]string) error {
	dead := name + "-dlq"
	if err := s.Create(dead, map[string]string{"MessageRetentionPeriod": "1209600"}); err != nil {
		return err
	}
	all := map[string]string{"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":20}`, s.ARN(dead))}
	maps.Copy(all, attributes)
	return s.Create(name, all)
}

// Set changes attributes of a queue, as SetQueueAttributes does; an empty value
// sets one back to its default.
func (s *Service) Set(name string, attributes map[string]string) error {
	q := s.get(name)
	if q == nil {
		return fmt.Errorf("queue %s: %w", name, ErrNoQueue)
	}
	if e := s.configure(q, attributes); e != nil {
		return fmt.Errorf("setting attributes of queue %s: %w", name, e)
	}
	return nil
}
