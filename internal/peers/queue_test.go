package peers

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"relock/internal/queue/queuetest"
)

// lenient is what the suite of queues leaves out, because SQS does it and the
// server does not. Where the suite of SQS looks at the same thing, its table says
// more. moto is not atomic: with many consumers messages come twice, and those
// deleted in the meantime stay in its counts.
var lenient = map[string][]queuetest.Leniency{
	theSandbox: nil,
	fauxqs:     {queuetest.DepthLags, queuetest.GarbageHandles, queuetest.LostPolls, queuetest.NarrowText, queuetest.StaleChanges},
	moto:       {queuetest.DepthLags, queuetest.Duplicates, queuetest.LostPolls, queuetest.OldHandlesWork, queuetest.StaleChanges},
}

// TestQueue runs the suite of queues over our transport and every SQS.
func TestQueue(t *testing.T) {
	for _, server := range []string{theSandbox, fauxqs, moto} {
		t.Run(server, func(t *testing.T) {
			client := sqs.NewFromConfig(config(t, starters[server](t)))
			queuetest.Suite{New: queuetest.OverSQS(client), Lenient: lenient[server]}.Run(t)
		})
	}
}
