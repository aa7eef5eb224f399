package ledger_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"relock/internal/job"
	"relock/internal/ledger"
)

// TestEntriesLetTheJobGoOn stops in the middle of a report while the ledger is
// written to: the report holds nothing open that would make the WAL grow, and
// goes on with what is there.
func TestEntriesLetTheJobGoOn(t *testing.T) {
	l := openSQLite(t, t.TempDir(), nil)
	newJob(t, l, 3000)
	if err := l.CreateJob(t.Context(), job.Job{ID: "other"}); err != nil {
		t.Fatal(err)
	}
	n := 0
	for e, err := range l.Entries(t.Context(), "j", ledger.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; e.Line != int64(n) {
			t.Fatalf("entry %d is line %d", n, e.Line)
		}
		if n != 1500 {
			continue
		}
		for part := range 10 {
			var targets []job.Target
			for i := range 10_000 {
				targets = append(targets, job.Target{Line: int64(part*10_000 + i + 1), Username: job.Username(fmt.Sprintf("%d-%d-user@%s.example.com", part, i, strings.Repeat("long-", 20)))})
			}
			if err := l.AddTargets(t.Context(), "other", targets); err != nil {
				t.Fatal(err)
			}
		}
		grant(t, l, "u2999")
		if err := record(t, l, "u2999"); err != nil {
			t.Fatal(err)
		}
		db, err := os.Stat(l.Path())
		if err != nil {
			t.Fatal(err)
		}
		wal, err := os.Stat(l.Path() + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		if db.Size()+wal.Size() < 16<<20 || wal.Size() > 12<<20 {
			t.Errorf("the file has %d bytes, the WAL %d: want 16 MiB or more together, and of the WAL 12 MiB or less", db.Size(), wal.Size())
		}
	}
	if n != 3000 {
		t.Errorf("%d entries, want 3000", n)
	}
}

// endless is a table of the job "j" with many targets, made up as they are asked
// for. It counts what it has handed out.
type endless struct {
	ledger.DynamoDBAPI // nil: what is not here is not asked for
	targets            int64
	listed, looked     atomic.Int64 // listings handed out, and states asked for
}

func text(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
func number(v int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(v, 10)}
}

func (e *endless) GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return &dynamodb.GetItemOutput{Item: map[string]types.AttributeValue{
		"id": text("ID"), "version": number(2), "pool": text("p"), "listed_place": number(e.targets),
	}}, nil
}

func (e *endless) BatchGetItem(_ context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	e.looked.Add(int64(len(in.RequestItems["relock"].Keys)))
	return &dynamodb.BatchGetItemOutput{}, nil
}

// Query reads the listings of a partition by place: its are those whose place has
// the partition's number as its last hexadecimal digit.
func (e *endless) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	pk := in.ExpressionAttributeValues[":pk"].(*types.AttributeValueMemberS).Value
	shard, err := strconv.ParseInt(pk[len(pk)-1:], 16, 64)
	if err != nil {
		return nil, err
	}
	at := in.ExpressionAttributeValues[":from"].(*types.AttributeValueMemberN).Value
	if k := in.ExclusiveStartKey["place"]; k != nil {
		at = k.(*types.AttributeValueMemberN).Value
	}
	place, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return nil, err
	}
	for place%16 != shard {
		place++
	}
	out := &dynamodb.QueryOutput{}
	for ; place <= e.targets && len(out.Items) < int(*in.Limit); place += 16 {
		out.Items = append(out.Items, map[string]types.AttributeValue{
			"pk": text(pk), "sk": text("p#u" + strconv.FormatInt(place, 10)), "place": number(place),
		})
	}
	if place <= e.targets {
		out.LastEvaluatedKey = map[string]types.AttributeValue{"place": number(place)}
	}
	e.listed.Add(int64(len(out.Items)))
	return out, nil
}

// TestDynamoDBEntriesInBoundedMemory reads many targets by place: what has
// been read of them and not handed on is bounded, however many there are.
func TestDynamoDBEntriesInBoundedMemory(t *testing.T) {
	table := &endless{targets: 100_000}
	l, err := ledger.OpenDynamoDB(t.Context(), table, "relock", ledger.DynamoDBOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var n, most int64
	for e, err := range l.Entries(t.Context(), "j", ledger.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; e.Line != n {
			t.Fatalf("entry %d is line %d", n, e.Line)
		}
		most = max(most, table.listed.Load()-n)
	}
	if n != table.targets || table.looked.Load() != n {
		t.Errorf("%d entries, %d states looked up, want %d", n, table.looked.Load(), table.targets)
	}
	const bound = 16*(200+100) + 800 // a page and a half of each partition, and a batch
	if most > bound {
		t.Errorf("%d targets were in memory, want %d or fewer", most, bound)
	}
	t.Logf("at most %d targets in memory", most)
}
