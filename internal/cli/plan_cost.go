package cli

import (
	"fmt"
	"math"
)

// What AWS asks for, in dollars, in us-east-1; other Regions differ by some tenths.
// SQS standard queues: $0.40 a million requests of up to 64 KiB, after the first
// million of a month (factualminds.com, 2026-06-13; cloudburn.io, 2026-03-14).
// DynamoDB on demand: $0.625 a million writes of 1 KB, $0.125 a million reads of
// 4 KB (airbyte.com; AWS has confirmed the reduction of November 2024). AWS's own
// price pages were not at hand.
const (
	dollarsPerSQSRequest    = 0.40 / 1e6
	dollarsPerDynamoDBWrite = 0.625 / 1e6
	dollarsPerDynamoDBRead  = 0.125 / 1e6
)

// What a user takes: of SQS, sending, receiving and deleting in tens and what is
// asked beside (0.32 at most, by measurement); of DynamoDB, listing, claim and
// outcome, each one write of up to 1 KB, and one read. Metadata over a kilobyte
// takes more.
const (
	sqsRequestsPerUser     = 0.32
	dynamoDBWritesPerUser  = 3
	dynamoDBReadsPerUser   = 1
	dynamoDBWritesSignOut  = 1
	dollarsThatAreRoundOff = 0.01
)

// cost is what the queue and the ledger cost, in dollars. Messages to users, and
// users who become active in a month, are not in it.
type cost struct {
	SQS      float64 `json:"sqs_usd"`
	DynamoDB float64 `json:"dynamodb_usd"`
}

func costOf(set settings, targets int64, signOut bool) cost {
	n, c := float64(targets), cost{}
	if set.queue.kind == "sqs" {
		c.SQS = tenthCents(n * sqsRequestsPerUser * dollarsPerSQSRequest)
	}
	if set.ledger.kind == "dynamodb" {
		writes := float64(dynamoDBWritesPerUser)
		if signOut {
			writes += dynamoDBWritesSignOut
		}
		c.DynamoDB = tenthCents(n * (writes*dollarsPerDynamoDBWrite + dynamoDBReadsPerUser*dollarsPerDynamoDBRead))
	}
	return c
}

// tenthCents rounds up: there is nothing for nothing.
func tenthCents(d float64) float64 { return math.Ceil(d*1000) / 1000 }

// words are empty where nothing costs.
func (c cost) words(set settings) string {
	text := ""
	switch {
	case set.queue.kind == "sqs" && set.ledger.kind == "dynamodb":
		text = fmt.Sprintf("%s: SQS %s, DynamoDB %s", dollars(c.SQS+c.DynamoDB), dollars(c.SQS), dollars(c.DynamoDB))
	case set.queue.kind == "sqs":
		text = dollars(c.SQS) + " for SQS"
	case set.ledger.kind == "dynamodb":
		text = dollars(c.DynamoDB) + " for DynamoDB"
	default:
		return ""
	}
	return text + ", at prices of us-east-1; messages to users come on top"
}

func dollars(d float64) string {
	if d < dollarsThatAreRoundOff {
		return "under $0.01"
	}
	return fmt.Sprintf("about $%.2f", d)
}
