package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/urfave/cli/v3"

	"relock/internal/ledger"
	"relock/internal/sqlite"
)

const flagCreateTable = "create-table"

// tablePattern is the form of a table's name. Source: "Naming rules" in the Amazon
// DynamoDB Developer Guide.
var tablePattern = regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,255}$`)

var _ Ledger = (*ledger.DynamoDB)(nil)

// createTableFlag is enqueue's: no other program makes anything.
func createTableFlag() cli.Flag {
	return &cli.BoolFlag{Name: flagCreateTable, Usage: "make the ledger's DynamoDB table where there is none: on demand, with point-in-time recovery", Sources: env(flagCreateTable), Category: "Where"}
}

// ledgerHow says how a ledger is opened.
type ledgerHow struct {
	// create begins a ledger where there is none; table makes the table, too.
	create, table bool
	log           *slog.Logger
	// locked, if set, is called when a write has waited a while for another program
	// that keeps the ledger's file locked.
	locked func(error)
}

// lockedFor is how long a ledger in a file is waited for that another program has for
// itself, in steps of the ten seconds that opening takes.
const lockedFor = time.Minute

// openLedger opens a ledger. cfg is used for one in DynamoDB only.
func openLedger(ctx context.Context, cfg aws.Config, p place, how ledgerHow) (Ledger, error) {
	if p.kind == "file" {
		for begun := time.Now(); ; {
			l, err := openFileLedger(p, how)
			if !errors.Is(err, sqlite.ErrLocked) || time.Since(begun) >= lockedFor || ctx.Err() != nil {
				return l, err
			}
			if how.locked != nil {
				how.locked(err)
			}
		}
	}
	open := ledger.OpenDynamoDB
	if how.create {
		open = ledger.CreateDynamoDB
	}
	l, err := open(ctx, dynamodb.NewFromConfig(cfg), p.at, ledger.DynamoDBOptions{CreateTable: how.table, Logger: how.log})
	if err != nil {
		return nil, fmt.Errorf("opening the ledger %s: %w", p, err)
	}
	return l, nil
}
