package peers

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

func sqsBehaviours() []behaviour[*sqsEnv] {
	return slices.Concat(queueBehaviours, sendBehaviours, batchBehaviours, receiveBehaviours, redriveBehaviours)
}

// TestSQS is the conformance suite of SQS.
func TestSQS(t *testing.T) {
	for _, server := range []string{theSandbox, fauxqs, moto} {
		t.Run(server, func(t *testing.T) {
			url := starters[server](t)
			client := sqs.NewFromConfig(config(t, url))
			conform(t, sqsBehaviours(), sqsDifferences[server], func(t *testing.T) *sqsEnv { return newSQSEnv(t, url, client) })
		})
	}
}
