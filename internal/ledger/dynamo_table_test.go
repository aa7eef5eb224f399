package ledger_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"relock/internal/ledger"
	"relock/internal/peers/servers"
)

func key(pk, sk string) []types.KeySchemaElement {
	return []types.KeySchemaElement{
		{AttributeName: &pk, KeyType: types.KeyTypeHash}, {AttributeName: &sk, KeyType: types.KeyTypeRange},
	}
}

// makeTable makes a table that is not quite a ledger's.
func makeTable(t *testing.T, c *dynamodb.Client, name, pk, sk string, index *types.LocalSecondaryIndex) {
	t.Helper()
	in := &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest, KeySchema: key(pk, sk),
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: &pk, AttributeType: types.ScalarAttributeTypeS}, {AttributeName: &sk, AttributeType: types.ScalarAttributeTypeS},
		},
	}
	if index != nil {
		in.LocalSecondaryIndexes = []types.LocalSecondaryIndex{*index}
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: aws.String("place"), AttributeType: types.ScalarAttributeTypeN})
	}
	if _, err := c.CreateTable(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	for {
		out, err := c.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &name})
		if err != nil {
			t.Fatal(err)
		}
		if out.Table.TableStatus == types.TableStatusActive {
			return
		}
	}
}

// TestDynamoDBTables: a table that is not a ledger is refused, with its name and
// what to do.
func TestDynamoDBTables(t *testing.T) {
	c := client(t, servers.StartDynalite(t), nil)
	makeTable(t, c, "other-keys", "id", "range", nil)
	makeTable(t, c, "no-index", "pk", "sk", nil)
	makeTable(t, c, "thin-index", "pk", "sk", &types.LocalSecondaryIndex{
		IndexName: aws.String("by-place"), KeySchema: key("pk", "place"), Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly},
	})
	makeTable(t, c, "empty", "pk", "sk", &types.LocalSecondaryIndex{
		IndexName: aws.String("by-place"), KeySchema: key("pk", "place"), Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll},
	})
	openDynamoDB(t, c, "newer", ledger.DynamoDBOptions{CreateTable: true})
	meta := map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "meta"}, "sk": &types.AttributeValueMemberS{Value: "ledger"},
		"id": &types.AttributeValueMemberS{Value: "x"}, "version": &types.AttributeValueMemberN{Value: "3"}}
	if _, err := c.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("newer"), Item: meta}); err != nil {
		t.Fatal(err)
	}

	for _, tt := range []struct {
		table        string
		open, create string // parts of the errors; empty for none
		is           error  // of opening
	}{
		{"missing", "enqueue --create-table", "enqueue --create-table", ledger.ErrNoTable},
		{"other-keys", "other keys than a ledger's", "other keys than a ledger's", nil},
		{"no-index", "there is no ledger", "by-place", ledger.ErrNoLedger},
		{"thin-index", "there is no ledger", "all attributes", ledger.ErrNoLedger},
		{"newer", "version 3", "version 3", nil},
		{"empty", "there is no ledger", "", ledger.ErrNoLedger},
		{"empty", "", "", nil}, // it has begun now
	} {
		for _, how := range []struct {
			want string
			is   error
			open func() (*ledger.DynamoDB, error)
		}{
			{tt.open, tt.is, func() (*ledger.DynamoDB, error) {
				return ledger.OpenDynamoDB(t.Context(), c, tt.table, ledger.DynamoDBOptions{})
			}},
			{tt.create, nil, func() (*ledger.DynamoDB, error) {
				return ledger.CreateDynamoDB(t.Context(), c, tt.table, ledger.DynamoDBOptions{})
			}},
		} {
			l, err := how.open()
			switch {
			case how.want == "" && err == nil:
				_ = l.Close()
			case err == nil || how.want == "" || !strings.Contains(err.Error(), how.want) || !strings.Contains(err.Error(), tt.table):
				t.Errorf("%s: %v, want %q", tt.table, err, how.want)
			case how.is != nil && !errors.Is(err, how.is):
				t.Errorf("%s: %v is not %v", tt.table, err, how.is)
			}
		}
	}
}

// TestDynamoDBCreateTable: it is made once, and what the server lacks is said.
func TestDynamoDBCreateTable(t *testing.T) {
	for name, start := range map[string]func(testing.TB) string{"dynalite": servers.StartDynalite, "moto": servers.StartMoto} {
		t.Run(name, func(t *testing.T) {
			c := client(t, start(t), nil)
			var log bytes.Buffer
			o := ledger.DynamoDBOptions{CreateTable: true, Logger: slog.New(slog.NewTextHandler(&log, nil))}
			a, b := openDynamoDB(t, c, "relock", o), openDynamoDB(t, c, "relock", o)
			if a.ID() == "" || a.ID() != b.ID() {
				t.Errorf("IDs %q and %q", a.ID(), b.ID())
			}
			if n := strings.Count(log.String(), "made the DynamoDB table"); n != 1 {
				t.Errorf("%d tables were made: %s", n, &log)
			}
			if warned := strings.Contains(log.String(), "no point-in-time recovery"); warned != (name == "dynalite") {
				t.Errorf("warned of no recovery: %v: %s", warned, &log)
			}
			out, err := c.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("relock")})
			if err != nil || out.Table.BillingModeSummary == nil || out.Table.BillingModeSummary.BillingMode != types.BillingModePayPerRequest {
				t.Errorf("the billing mode is not on demand: %v", err)
			}
		})
	}
}

// TestDynamoDBDenied: what is denied is named, and asked for once.
func TestDynamoDBDenied(t *testing.T) {
	asked := 0
	c := client(t, "http://127.0.0.1:1", func(http.RoundTripper) http.RoundTripper {
		return tripper(func(*http.Request) (*http.Response, error) {
			asked++
			return answer(http.StatusBadRequest, "AccessDeniedException"), nil
		})
	})
	_, err := ledger.OpenDynamoDB(t.Context(), c, "accounts", ledger.DynamoDBOptions{})
	if err == nil || asked != 1 {
		t.Fatalf("%d requests, error %v", asked, err)
	}
	for _, want := range []string{"accounts", "dynamodb:GetItem"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v: want %q", err, want)
		}
	}
	if strings.Contains(err.Error(), "ana@example.com") {
		t.Errorf("%v quotes AWS", err)
	}
}
