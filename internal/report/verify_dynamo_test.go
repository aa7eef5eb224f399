package report

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/peers/servers"
)

// notCovered are the attributes of a ledger's items that no report shows, and so no
// root covers: who wrote what, for writes that are tried again, and what the totals
// of sign-outs are made of.
var notCovered = []string{"mark", "ver", "by", "sign_out_by", "repeated_by", "asked_gave_up", "asked_reset", "updated", "version", "created"}

// TestDynamoDBVerify changes each attribute of each item of a sealed job, and takes
// each item away: with the root from outside, every one of it is found.
func TestDynamoDBVerify(t *testing.T) {
	t.Parallel()
	endpoint, table, ctx := servers.StartDynalite(t), "relock", t.Context()
	c := dynamodb.New(dynamodb.Options{
		Region: "eu-west-1", BaseEndpoint: &endpoint, Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
	})
	led, err := ledger.CreateDynamoDB(ctx, c, table, ledger.DynamoDBOptions{CreateTable: true, FlushEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, led, job.Job{ID: "inc", Reason: "break-in", StartedBy: "arn:aws:iam::1:user/ana", Plan: job.Plan{Budget: 24}}, []one{
		{name: "ana", outcome: job.Reset, repeated: true, signOut: job.SignOutDone, metadata: map[string]string{"case": "1"}},
		{name: "bo", outcome: job.UserNotFound, code: "UserNotFoundException"},
		{name: "cy", outcome: job.GaveUp, code: "x", signOut: job.SignOutFailed},
	})
	private, public := key(1)
	s, err := Seal(ctx, led, "inc", private)
	if err != nil {
		t.Fatal(err)
	}
	if err := led.Close(); err != nil {
		t.Fatal(err)
	}
	// passes reports whether a ledger opened anew is whole.
	passes := func(trust Trust) bool {
		t.Helper()
		led, err := ledger.OpenDynamoDB(ctx, c, table, ledger.DynamoDBOptions{})
		if err != nil {
			return false
		}
		defer func() { _ = led.Close() }()
		v, err := Verify(ctx, led, "inc", trust)
		return err == nil && v.Whole
	}
	for _, trust := range []Trust{{Root: s.Root}, {Key: public}} {
		if !passes(trust) {
			t.Fatal("an untouched job does not pass")
		}
	}
	all, err := c.Scan(ctx, &dynamodb.ScanInput{TableName: &table})
	if err != nil || len(all.Items) < 10 {
		t.Fatalf("%d items, %v", len(all.Items), err)
	}
	for _, was := range all.Items {
		at := was["pk"].(*types.AttributeValueMemberS).Value + " " + was["sk"].(*types.AttributeValueMemberS).Value
		for name, v := range was {
			if name == "pk" || name == "sk" || slices.Contains(notCovered, name) && (name != "created" || at == "meta ledger") {
				continue
			}
			now := maps.Clone(was)
			now[name] = changed(v)
			put(t, c, table, now)
			// A signature that is taken away or changed is no matter to a root, but to
			// a key, and a seal that is wrong in itself is always found.
			if passes(Trust{Root: s.Root}) || passes(Trust{Key: public}) {
				t.Errorf("%s: a change of %s is not found", at, name)
			}
		}
		if _, err := c.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &table, Key: map[string]types.AttributeValue{"pk": was["pk"], "sk": was["sk"]}}); err != nil {
			t.Fatal(err)
		}
		if passes(Trust{Root: s.Root}) {
			t.Errorf("%s: that it was taken away is not found", at)
		}
		put(t, c, table, was)
	}
	if !passes(Trust{Root: s.Root}) {
		t.Error("put back, the job does not pass")
	}
}

func put(t *testing.T, c *dynamodb.Client, table string, item map[string]types.AttributeValue) {
	t.Helper()
	if _, err := c.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: item}); err != nil {
		t.Fatal(err)
	}
}

// changed is another value of the same type, JSON where it is JSON.
func changed(v types.AttributeValue) types.AttributeValue {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		s := v.Value
		for _, c := range []struct{ old, now string }{{`":"`, `":"x`}, {"24", "25"}, {`":4`, `":5`}} {
			if strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[") {
				if now := strings.Replace(s, c.old, c.now, 1); now != s {
					return &types.AttributeValueMemberS{Value: now}
				}
			}
		}
		return &types.AttributeValueMemberS{Value: s + "x"}
	case *types.AttributeValueMemberN:
		n, _ := strconv.ParseInt(v.Value, 10, 64)
		return &types.AttributeValueMemberN{Value: strconv.FormatInt(n-1, 10)}
	case *types.AttributeValueMemberB:
		return &types.AttributeValueMemberB{Value: append(slices.Clone(v.Value), 'x')}
	case *types.AttributeValueMemberBOOL:
		return &types.AttributeValueMemberBOOL{Value: !v.Value}
	default:
		return &types.AttributeValueMemberS{Value: "x"}
	}
}
