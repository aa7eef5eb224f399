package ledger_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/ledger/ledgertest"
)

func background() context.Context { return context.Background() }

// addTargets makes the job "j" with targets, one a line.
func addTargets(t testing.TB, l ledgertest.Ledger, usernames ...job.Username) {
	t.Helper()
	addTargetsTo(t, l, "j", usernames...)
}

func addTargetsTo(t testing.TB, l ledgertest.Ledger, id string, usernames ...job.Username) {
	t.Helper()
	if err := l.CreateJob(t.Context(), job.Job{ID: id, Pool: "eu-west-1_AbCdEf123"}); err != nil {
		t.Fatal(err)
	}
	var targets []job.Target
	for i, u := range usernames {
		targets = append(targets, job.Target{Username: u, Line: int64(i + 1)})
	}
	if err := l.AddTargets(t.Context(), id, targets); err != nil {
		t.Fatal(err)
	}
}

// recordReset claims a target and records a reset.
func recordReset(t testing.TB, l ledgertest.Ledger, k ledger.Key, owner string) {
	t.Helper()
	c, err := l.Claim(t.Context(), k, owner, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	err = l.Record(t.Context(), ledger.Record{Key: k, Owner: owner, Attempt: c.Attempt, Outcome: job.Reset, At: time.UnixMilli(1)})
	if err != nil {
		t.Fatal(err)
	}
}

// bodyOf reads a request's body and leaves the request as it was.
func bodyOf(r *http.Request) (string, error) {
	b, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(b))
	return string(b), err
}

func keyOf(pk, sk string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: pk}, "sk": &types.AttributeValueMemberS{Value: sk}}
}

// attribute reads a number of an item.
func attribute(t *testing.T, c *dynamodb.Client, table, pk, sk, name string) string {
	t.Helper()
	out, err := c.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &table, Key: keyOf(pk, sk)})
	if err != nil {
		t.Fatal(err)
	}
	n, _ := out.Item[name].(*types.AttributeValueMemberN)
	if n == nil {
		return ""
	}
	return n.Value
}

// update changes an item behind the ledger's back.
func update(t *testing.T, c *dynamodb.Client, table, pk, sk, expression, name, value string) {
	t.Helper()
	in := &dynamodb.UpdateItemInput{
		TableName: &table, Key: keyOf(pk, sk), UpdateExpression: &expression,
		ExpressionAttributeNames: map[string]string{"#a": name},
	}
	if value != "" {
		in.ExpressionAttributeValues = map[string]types.AttributeValue{":v": &types.AttributeValueMemberN{Value: value}}
	}
	if _, err := c.UpdateItem(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}
