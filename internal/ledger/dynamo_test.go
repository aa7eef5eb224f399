package ledger_test

import (
	"testing"
	"time"

	"relock/internal/ledger"
	"relock/internal/ledger/ledgertest"
	"relock/internal/peers/servers"
)

var _ ledgertest.Ledger = (*ledger.DynamoDB)(nil)

// options are those of a ledger whose totals others see at once.
func options(now func() time.Time) ledger.DynamoDBOptions {
	return ledger.DynamoDBOptions{Now: now, FlushEvery: -1, CreateTable: true, Patience: 30 * time.Second, CallTimeout: 5 * time.Second}
}

func openDynamoDB(t testing.TB, api ledger.DynamoDBAPI, table string, o ledger.DynamoDBOptions) *ledger.DynamoDB {
	t.Helper()
	l, err := ledger.CreateDynamoDB(t.Context(), api, table, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func dynamoSuite(api ledger.DynamoDBAPI) ledgertest.Suite {
	return ledgertest.Suite{
		New: func(t testing.TB, now func() time.Time) ledgertest.Ledger {
			return openDynamoDB(t, api, newTable(), options(now))
		},
		Again: func(t testing.TB, l ledgertest.Ledger, now func() time.Time) ledgertest.Ledger {
			return openDynamoDB(t, api, l.(*ledger.DynamoDB).Table(), options(now))
		},
	}
}

func TestDynamoDBOnDynalite(t *testing.T) {
	rapidly(t, 20, 30)
	s := dynamoSuite(client(t, servers.StartDynalite(t), nil))
	s.Depth, s.Racers = 3, 32
	s.Run(t)
}

// TestDynamoDBOnMoto goes one request at a time: moto reads and writes in two
// steps, so two conditional writes that meet may both succeed there.
func TestDynamoDBOnMoto(t *testing.T) {
	rapidly(t, 2, 15)
	s := dynamoSuite(client(t, servers.StartMoto(t), oneByOne))
	s.Depth, s.Racers = 1, 8
	s.Run(t)
}
