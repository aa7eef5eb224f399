package ledger

import (
	"crypto/sha256"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"relock/internal/job"
)

// Names of the key attributes and of the index.
const (
	attrPK       = "pk"
	attrSK       = "sk"
	attrPlace    = "place"
	indexByPlace = "by-place"
)

// shards is how many partitions a job's targets are spread over, by the hash of
// the username. One partition takes 1,000 writes a second and, because of the
// index, 10 GB: 16 take what a quota of 30 never asks for, and enqueue at full
// speed. Source: "Best practices for designing partition keys" and "Local
// secondary indexes" in the Amazon DynamoDB Developer Guide. The number is part
// of the schema.
const shards = 16

// key is the key of an item.
type key struct{ pk, sk string }

func (k key) attributes() map[string]types.AttributeValue {
	return map[string]types.AttributeValue{attrPK: str(k.pk), attrSK: str(k.sk)}
}

// shardOf is the shard of a username: the first four bits of its SHA-256.
func shardOf(u job.Username) int {
	sum := sha256.Sum256([]byte(u))
	return int(sum[0] >> 4)
}

// listPK and workPK are the partitions of a shard. A job's ID holds no '#'.
func listPK(id string, shard int) string {
	return "list#" + id + "#" + strconv.FormatInt(int64(shard), 16)
}
func workPK(id string, shard int) string {
	return "work#" + id + "#" + strconv.FormatInt(int64(shard), 16)
}

func targetSK(pool string, u job.Username) string { return pool + "#" + string(u) }

// usernameOf is the username in a target's sort key.
func usernameOf(sk string) job.Username {
	_, u, _ := strings.Cut(sk, "#") // a pool's ID holds no '#'
	return job.Username(u)
}

func jobKey(id string) key              { return key{"jobs", id} }
func totalsPK(id string) string         { return "totals#" + id }
func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
func num(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}
func blob(b []byte) types.AttributeValue { return &types.AttributeValueMemberB{Value: b} }

// item is an item with easy reading: what is missing, or of another type, is
// empty.
type item map[string]types.AttributeValue

func (i item) text(name string) string {
	if v, ok := i[name].(*types.AttributeValueMemberS); ok {
		return v.Value
	}
	return ""
}

func (i item) int(name string) int64 {
	if v, ok := i[name].(*types.AttributeValueMemberN); ok {
		n, _ := strconv.ParseInt(v.Value, 10, 64) // we wrote it
		return n
	}
	return 0
}

func (i item) bytes(name string) []byte {
	if v, ok := i[name].(*types.AttributeValueMemberB); ok {
		return v.Value
	}
	return nil
}

func (i item) has(name string) bool { _, ok := i[name]; return ok }

// edit is one conditional UpdateItem. Names are always written as #name: many of
// ours are words that DynamoDB reserves.
type edit struct {
	set, remove, when []string
	names             map[string]string
	values            map[string]types.AttributeValue
	back              bool // the reply brings the new item
}

func newEdit() *edit {
	return &edit{names: make(map[string]string), values: make(map[string]types.AttributeValue)}
}

func (e *edit) name(name string) string {
	e.names["#"+name] = name
	return "#" + name
}

// put sets an attribute; an empty value takes it away.
func (e *edit) put(name string, v types.AttributeValue) *edit {
	if s, ok := v.(*types.AttributeValueMemberS); ok && s.Value == "" {
		return e.drop(name)
	}
	e.set = append(e.set, e.name(name)+" = :"+name)
	e.values[":"+name] = v
	return e
}

// keep sets an attribute unless it is set.
func (e *edit) keep(name string, v types.AttributeValue) *edit {
	n := e.name(name)
	e.set = append(e.set, n+" = if_not_exists("+n+", :"+name+")")
	e.values[":"+name] = v
	return e
}

// add adds to a number that may be missing.
func (e *edit) add(name string, n int64) *edit {
	if n == 0 {
		return e
	}
	a := e.name(name)
	e.set = append(e.set, a+" = if_not_exists("+a+", :zero) + :"+name)
	e.values[":zero"], e.values[":"+name] = num(0), num(n)
	return e
}

// drop takes attributes away.
func (e *edit) drop(names ...string) *edit {
	for _, n := range names {
		e.remove = append(e.remove, e.name(n))
	}
	return e
}

// ifIs makes the edit depend on an attribute's value.
func (e *edit) ifIs(name string, v types.AttributeValue) *edit {
	e.when = append(e.when, e.name(name)+" = :if_"+name)
	e.values[":if_"+name] = v
	return e
}

// ifNo makes the edit depend on an attribute being absent, ifHas on its presence.
func (e *edit) ifNo(name string) *edit {
	e.when = append(e.when, "attribute_not_exists("+e.name(name)+")")
	return e
}

func (e *edit) ifHas(name string) *edit {
	e.when = append(e.when, "attribute_exists("+e.name(name)+")")
	return e
}

// ifVersion makes the edit depend on the item's version, and raises it; version
// 0 is an item that does not exist.
func (e *edit) ifVersion(seen int64) *edit {
	if seen == 0 {
		e.ifNo(attrPK)
	} else {
		e.ifIs("ver", num(seen))
	}
	return e.put("ver", num(seen+1))
}

// input makes the request. A failing condition should bring the item with it:
// servers that do not know this ignore it (see DynamoDB.write).
func (e *edit) input(table string, k key) *dynamodb.UpdateItemInput {
	in := &dynamodb.UpdateItemInput{
		TableName: &table, Key: k.attributes(), ExpressionAttributeNames: e.names,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	if e.back {
		in.ReturnValues = types.ReturnValueAllNew
	}
	var update []string
	if len(e.set) > 0 {
		update = append(update, "SET "+strings.Join(e.set, ", "))
	}
	if len(e.remove) > 0 {
		update = append(update, "REMOVE "+strings.Join(e.remove, ", "))
	}
	in.UpdateExpression = aws.String(strings.Join(update, " "))
	if len(e.when) > 0 {
		in.ConditionExpression = aws.String(strings.Join(e.when, " AND "))
	}
	if len(e.values) > 0 {
		in.ExpressionAttributeValues = e.values
	}
	return in
}
