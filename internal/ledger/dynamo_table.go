package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// dynamoVersion is the version of the table's contents that this program writes.
// Version 2 added exclusions, seals and second steps, which a program of version 1
// would leave out. What version 1 wrote needs no change: what is missing is empty.
const dynamoVersion = 2

// metaKey is the key of the item that says that a table is a ledger.
var metaKey = key{"meta", "ledger"}

// readMeta finds out whether the table is a ledger of ours. One GetItem tells
// everything: a worker needs no permission to describe tables.
func (l *DynamoDB) readMeta(ctx context.Context) error {
	meta, err := l.get(ctx, metaKey)
	switch {
	case hasCode(err, "ResourceNotFoundException"):
		return l.noTable()
	case hasCode(err, "ValidationException"):
		return fmt.Errorf("the DynamoDB table %s has other keys than a ledger's (pk and sk, both strings): name a table made by `enqueue --create-table` or by deploy/: %w", l.table, err)
	case err != nil:
		return err
	case meta == nil:
		return fmt.Errorf("%w in the DynamoDB table %s: it is empty, or not Relock's; enqueue begins a ledger in it", ErrNoLedger, l.table)
	}
	if v := meta.int("version"); v > dynamoVersion {
		return fmt.Errorf("the ledger in the DynamoDB table %s has version %d, this program knows %d: use the newer Relock that wrote it", l.table, v, dynamoVersion)
	}
	if l.id = meta.text("id"); l.id == "" {
		return fmt.Errorf("the DynamoDB table %s is damaged: its ledger has no ID", l.table)
	}
	return nil
}

// ErrNoTable says that there is no DynamoDB table of the name given.
var ErrNoTable = errors.New("there is no such DynamoDB table in this account and Region")

func (l *DynamoDB) noTable() error {
	return fmt.Errorf("%w: %s: check the name, the account and the Region; make it with deploy/, or with `enqueue --create-table`", ErrNoTable, l.table)
}

// writeMeta makes the table a ledger, unless it is one, and raises the version of
// an older one: programs that do not know it leave the table alone from then on.
func (l *DynamoDB) writeMeta(ctx context.Context) error {
	e := newEdit().put("id", str(newID())).put("version", num(dynamoVersion)).
		put("created", num(millis(l.opts.Now()))).ifNo(attrPK)
	w, err := l.write(ctx, metaKey, e)
	if err == nil && !w.done && w.now.int("version") < dynamoVersion {
		_, err = l.write(ctx, metaKey, newEdit().put("version", num(dynamoVersion)).ifIs("version", num(w.now.int("version"))))
	}
	if err != nil {
		return fmt.Errorf("beginning the ledger: %w", err)
	}
	return nil
}

// activeWithin is how long a table under construction is waited for.
const activeWithin = 2 * time.Minute

// prepareTable waits until there is a table with the right keys. It makes one if
// the options say so.
func (l *DynamoDB) prepareTable(ctx context.Context) error {
	until := time.Now().Add(activeWithin)
	for n := 1; ; n++ {
		t, err := l.describe(ctx)
		switch {
		case hasCode(err, "ResourceNotFoundException") && l.opts.CreateTable:
			if err := l.createTable(ctx); err != nil {
				return err
			}
		case hasCode(err, "ResourceNotFoundException"):
			return l.noTable()
		case err != nil:
			return err
		case t.TableStatus == types.TableStatusActive || t.TableStatus == types.TableStatusUpdating:
			return checkTable(t)
		case t.TableStatus != types.TableStatusCreating:
			return fmt.Errorf("the DynamoDB table %s is %s", l.table, t.TableStatus)
		}
		if !time.Now().Before(until) || !backoff(ctx, n) {
			return fmt.Errorf("the DynamoDB table %s is still being created after %v: try again later", l.table, activeWithin)
		}
	}
}

func (l *DynamoDB) describe(ctx context.Context) (*types.TableDescription, error) {
	var out *dynamodb.DescribeTableOutput
	_, err := l.call(ctx, "DescribeTable", func(ctx context.Context) (err error) {
		out, err = l.api.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &l.table})
		return err
	})
	if err != nil {
		return nil, err
	}
	return out.Table, nil
}

// createTable makes the table, on demand and with point-in-time recovery. A
// server that has no such recovery is named in the log: the ledger works there.
func (l *DynamoDB) createTable(ctx context.Context) error {
	_, err := l.call(ctx, "CreateTable", func(ctx context.Context) error {
		_, err := l.api.CreateTable(ctx, tableDefinition(l.table))
		return err
	})
	if err != nil && !hasCode(err, "ResourceInUseException") { // an earlier try, or somebody else
		return fmt.Errorf("making the ledger's table: %w", err)
	}
	l.log.Info("made the DynamoDB table of the ledger", "table", l.table)
	until := time.Now().Add(activeWithin)
	for n := 1; ; n++ {
		t, err := l.describe(ctx)
		if err == nil && t.TableStatus == types.TableStatusActive {
			break
		}
		// Just after it was made, a table may not be known everywhere.
		if err != nil && !hasCode(err, "ResourceNotFoundException") || !time.Now().Before(until) || !backoff(ctx, n) {
			return errors.Join(fmt.Errorf("the DynamoDB table %s is not ready: try again later", l.table), err)
		}
	}
	_, err = l.call(ctx, "UpdateContinuousBackups", func(ctx context.Context) error {
		_, err := l.api.UpdateContinuousBackups(ctx, &dynamodb.UpdateContinuousBackupsInput{
			TableName:                        &l.table,
			PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(true)},
		})
		return err
	})
	if err != nil {
		l.log.Warn("the ledger's table has no point-in-time recovery: switch it on by other means", "table", l.table, "error", err)
	}
	return nil
}

// tableDefinition is the table as it has to be.
func tableDefinition(table string) *dynamodb.CreateTableInput {
	return &dynamodb.CreateTableInput{
		TableName:   &table,
		BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String(attrPK), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String(attrSK), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String(attrPlace), AttributeType: types.ScalarAttributeTypeN},
		},
		KeySchema: keys(attrPK, attrSK),
		LocalSecondaryIndexes: []types.LocalSecondaryIndex{{
			IndexName: aws.String(indexByPlace), KeySchema: keys(attrPK, attrPlace),
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll},
		}},
	}
}

func keys(hash, sort string) []types.KeySchemaElement {
	return []types.KeySchemaElement{
		{AttributeName: &hash, KeyType: types.KeyTypeHash},
		{AttributeName: &sort, KeyType: types.KeyTypeRange},
	}
}

// checkTable returns an error unless a table's keys and index are a ledger's.
func checkTable(t *types.TableDescription) error {
	name := aws.ToString(t.TableName)
	kinds := make(map[string]types.ScalarAttributeType)
	for _, a := range t.AttributeDefinitions {
		kinds[aws.ToString(a.AttributeName)] = a.AttributeType
	}
	if !sameKeys(t.KeySchema, attrPK, attrSK) || kinds[attrPK] != types.ScalarAttributeTypeS || kinds[attrSK] != types.ScalarAttributeTypeS {
		return fmt.Errorf("the DynamoDB table %s has other keys than a ledger's (pk and sk, both strings): name another table, or make one with `enqueue --create-table`", name)
	}
	for _, x := range t.LocalSecondaryIndexes {
		if aws.ToString(x.IndexName) == indexByPlace && sameKeys(x.KeySchema, attrPK, attrPlace) &&
			kinds[attrPlace] == types.ScalarAttributeTypeN && x.Projection != nil && x.Projection.ProjectionType == types.ProjectionTypeAll {
			return nil
		}
	}
	return fmt.Errorf("the DynamoDB table %s lacks the local index %s (pk, place; all attributes), which cannot be added later: name another table, or make one with `enqueue --create-table`", name, indexByPlace)
}

func sameKeys(got []types.KeySchemaElement, hash, sort string) bool {
	want := keys(hash, sort)
	if len(got) != len(want) {
		return false
	}
	for i := range want {
		if aws.ToString(got[i].AttributeName) != *want[i].AttributeName || got[i].KeyType != want[i].KeyType {
			return false
		}
	}
	return true
}
