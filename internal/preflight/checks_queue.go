package preflight

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"relock/internal/job"
	"relock/internal/number"
)

// roomyReceives is how often a message should be received before its queue gives
// up on it: each halt and each stop of a worker may cost a message one receive.
const roomyReceives = 20

func retention(l look) []job.Finding {
	if l.Queue == nil || l.Queue.Retention <= 0 || l.Took <= l.Queue.Retention {
		return nil
	}
	return one(QueueRetention, fmt.Sprintf("The job takes about %s, and the queue keeps messages for %s: SQS would drop the last of them. Raise MessageRetentionPeriod (14 days at most), or send the list in parts.", long(l.Took), long(l.Queue.Retention)))
}

func noDeadLetters(l look) []job.Finding {
	if l.Queue == nil || l.Queue.DeadLetterARN != "" {
		return nil
	}
	return one(NoDeadLetters, "The queue has no dead-letter queue: a message that cannot be worked on comes again and again. Give it one, with maxReceiveCount 20.")
}

// deadLettersShort: a dead letter keeps the time at which it was first sent.
// Source: Amazon SQS Developer Guide, "Using dead-letter queues".
func deadLettersShort(l look) []job.Finding {
	if l.Queue == nil || l.DeadLetters == nil || l.DeadLetters.Retention >= l.Queue.Retention {
		return nil
	}
	return one(DeadLettersShort, fmt.Sprintf("The dead-letter queue keeps messages for %s, the queue for %s, and the time counts from when a message was first sent: dead letters would be gone before anybody looks. Raise its MessageRetentionPeriod to 14 days.", long(l.DeadLetters.Retention), long(l.Queue.Retention)))
}

func fewReceives(l look) []job.Finding {
	if l.Queue == nil || l.Queue.DeadLetterARN == "" || l.Queue.MaxReceives >= roomyReceives {
		return nil
	}
	return one(FewReceives, fmt.Sprintf("The queue gives up on a message after %s (maxReceiveCount), and each halt may cost one. Set it to %d or more.", number.Of(int64(l.Queue.MaxReceives), "receive", "receives"), roomyReceives))
}

func notEncrypted(l look) []job.Finding {
	if l.Queue == nil || l.Queue.Encrypted {
		return nil
	}
	return one(QueueNotEncrypted, "The queue is not encrypted at rest, and messages hold usernames. Turn on SqsManagedSseEnabled, or give it a KMS key.")
}

// long writes a duration of seconds to days.
func long(d time.Duration) string {
	for _, unit := range []struct {
		size      time.Duration
		one, many string
		from      time.Duration
	}{
		{24 * time.Hour, "day", "days", 48 * time.Hour},
		{time.Hour, "hour", "hours", time.Hour},
		{time.Minute, "minute", "minutes", time.Minute},
	} {
		if d < unit.from {
			continue
		}
		n := strconv.FormatFloat(math.Round(10*float64(d)/float64(unit.size))/10, 'f', -1, 64)
		if n == "1" {
			return "1 " + unit.one
		}
		return n + " " + unit.many
	}
	return fmt.Sprintf("%d seconds", int(d.Seconds()))
}
