package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"relock/internal/sandbox/sqs"
)

// sandboxQueue is a queue that `sandbox serve --queue` creates, with a
// dead-letter queue beside it.
type sandboxQueue struct {
	name        string
	visibility  time.Duration
	maxReceives int
}

// parseSandboxQueue reads NAME[:VISIBILITY[:MAXRECEIVES]]. The visibility is a
// duration or a number of seconds.
func parseSandboxQueue(text string) (sandboxQueue, error) {
	q := sandboxQueue{visibility: 30 * time.Second, maxReceives: 20}
	parts := strings.Split(text, ":")
	q.name = parts[0]
	bad := func(what string) (sandboxQueue, error) {
		return q, fmt.Errorf("%q: %s; write NAME[:VISIBILITY[:MAXRECEIVES]], for example jobs:2m:20", text, what)
	}
	if q.name == "" || len(parts) > 3 {
		return bad("that is no queue")
	}
	if len(parts) > 1 {
		d, err := time.ParseDuration(parts[1])
		if n, nerr := strconv.Atoi(parts[1]); nerr == nil {
			d, err = time.Duration(n)*time.Second, nil
		}
		if err != nil || d < 0 || d > 12*time.Hour || d%time.Second != 0 {
			return bad("the visibility is between 0 and 12h, in whole seconds")
		}
		q.visibility = d
	}
	if len(parts) > 2 {
		n, err := strconv.Atoi(parts[2])
		if err != nil || n < 1 || n > 1000 {
			return bad("the receives are between 1 and 1000")
		}
		q.maxReceives = n
	}
	return q, nil
}

func (q sandboxQueue) create(s *sqs.Service) error {
	dead := q.name + "-dlq"
	if err := s.Create(dead, map[string]string{"MessageRetentionPeriod": "1209600"}); err != nil {
		return err
	}
	return s.Create(q.name, map[string]string{
		"VisibilityTimeout": strconv.Itoa(int(q.visibility / time.Second)),
		"RedrivePolicy":     fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`, s.ARN(dead), q.maxReceives),
	})
}
