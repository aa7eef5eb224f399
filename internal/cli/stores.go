package cli

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/urfave/cli/v3"

	"relock/internal/file"
	"relock/internal/job"
	"relock/internal/ledger"
	"relock/internal/queue"
	"relock/internal/worker"
)

// defaultDir is the folder of the queue and the ledger where no place is named.
const defaultDir = "relock"

// Ledger is all that the programs use of a ledger.
type Ledger interface {
	worker.Ledger
	CreateJob(ctx context.Context, j job.Job) error
	SetExclusions(ctx context.Context, id string, list []job.Exclusion) error
	AddTargets(ctx context.Context, id string, targets []job.Target) error
	SetSent(ctx context.Context, id string, place int64) error
	Entries(ctx context.Context, id string, f ledger.Filter) iter.Seq2[ledger.Entry, error]
	AddForced(ctx context.Context, id string, findings []job.Finding) error
	SetSeal(ctx context.Context, id string, s job.Seal) error
	Close() error
}

var _ Ledger = (*ledger.SQLite)(nil)

// place is where a queue or a ledger is: a scheme and what follows it.
type place struct{ kind, at string }

func (p place) String() string {
	if p.kind == "dynamodb" {
		return "dynamodb://" + p.at
	}
	if p.kind == "file" {
		return "file:" + p.at
	}
	return p.at
}

// places reads --queue and --ledger, which depend on each other.
func places(cmd *cli.Command) (q, l place, err error) {
	if q, err = queuePlace(cmd.String(flagQueue)); err != nil {
		return q, l, err
	}
	if _, err = queueRegion(cmd, q); err != nil {
		return q, l, err
	}
	if l, err = ledgerPlace(cmd.String(flagLedger)); err != nil {
		return q, l, err
	}
	if l.kind == "" {
		if q.kind != "file" {
			return q, l, usage("with an SQS queue --%s is required, and the same for enqueue and worker: dynamodb://TABLE, or file:DIR where both share one host", flagLedger)
		}
		l = q
	}
	return q, l, nil
}

func queuePlace(s string) (place, error) {
	if s == "" {
		return place{"file", defaultDir}, nil
	}
	if dir, ok := strings.CutPrefix(s, "file:"); ok && dir != "" {
		return place{"file", dir}, nil
	}
	if strings.HasSuffix(s, ".fifo") {
		return place{}, usage("--%s %s: %w", flagQueue, s, queue.ErrFIFO)
	}
	if _, err := queue.ParseURL(s); err != nil {
		return place{}, usage("%w, or file:DIR", err)
	}
	return place{"sqs", s}, nil
}

func ledgerPlace(s string) (place, error) {
	if s == "" {
		return place{}, nil
	}
	if dir, ok := strings.CutPrefix(s, "file:"); ok && dir != "" {
		return place{"file", dir}, nil
	}
	if table, ok := strings.CutPrefix(s, "dynamodb://"); ok {
		if !tablePattern.MatchString(table) {
			return place{}, usage("--%s %q: %q is not the name of a DynamoDB table: want 3 to 255 letters, digits, dots, dashes and underscores", flagLedger, s, table)
		}
		return place{"dynamodb", table}, nil
	}
	return place{}, usage("--%s %q: want file:DIR or dynamodb://TABLE", flagLedger, s)
}

// exposed are warnings about ledgers and queues in folders that others can change:
// who replaces a ledger can have users reset twice, or not at all.
func exposed(places ...place) []string {
	var warnings []string
	for _, p := range places {
		if p.kind != "file" {
			continue
		}
		if why := file.Exposed(p.at); why != "" {
			text := fmt.Sprintf("other users can replace the files in %s: %s", p, why)
			if !slices.Contains(warnings, text) {
				warnings = append(warnings, text)
			}
		}
	}
	return warnings
}

// openFileLedger opens a ledger in a file.
func openFileLedger(p place, how ledgerHow) (Ledger, error) {
	open := ledger.OpenSQLite
	if how.create {
		open = ledger.CreateSQLite
	}
	l, err := open(p.at, ledger.SQLiteOptions{Locked: how.locked})
	if err != nil {
		return nil, fmt.Errorf("opening the ledger %s: %w", p, err)
	}
	return l, nil
}

// openFileQueue opens a queue in a file; create makes one where there is none.
func openFileQueue(p place, create bool) (queue.Transport, error) {
	open := queue.OpenFile
	if create {
		open = queue.CreateFile
	}
	q, err := open(p.at, queue.FileOptions{})
	if err != nil {
		return nil, fmt.Errorf("opening the queue %s: %w", p, err)
	}
	return q, nil
}

// queueHow says how a queue is opened.
type queueHow struct {
	// region, if set, is signed for instead of the one that the queue's URL names.
	region string
	// create makes a queue in a file where there is none; one in SQS is never made.
	create  bool
	observe queue.Observer
}

// openQueue opens a queue.
func openQueue(ctx context.Context, cfg aws.Config, p place, how queueHow) (queue.Transport, error) {
	if p.kind == "file" {
		return openFileQueue(p, how.create)
	}
	url, err := queue.ParseURL(p.at)
	if err != nil {
		return nil, err
	}
	client, err := queue.NewClient(cfg, url, how.region)
	if err != nil {
		return nil, &exitError{ExitUsage, err}
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	q, err := queue.OpenSQS(ctx, client, p.at, how.observe)
	if errors.Is(err, queue.ErrNoQueue) {
		return nil, fmt.Errorf("%w in the Region %s", err, client.Options().Region)
	}
	if err != nil {
		return nil, err
	}
	return q, nil
}

// queueRegion reads --queue-region, for the queue at p.
func queueRegion(cmd *cli.Command, p place) (string, error) {
	region := cmd.String(flagQueueRegion)
	switch {
	case region == "":
	case p.kind == "file":
		return "", usage("--%s %s goes with --%s and the URL of an SQS queue", flagQueueRegion, region, flagQueue)
	case !queue.ValidRegion(region):
		return "", usage("--%s %q is not a Region: want one as eu-west-1", flagQueueRegion, region)
	}
	return region, nil
}

// queueFlags are the flags by which another program finds the queue at p; empty for
// the default.
func queueFlags(cmd *cli.Command, p place) string {
	if p == (place{"file", defaultDir}) {
		return ""
	}
	text := fmt.Sprintf(" --%s %s", flagQueue, p)
	if region := cmd.String(flagQueueRegion); region != "" {
		text += fmt.Sprintf(" --%s %s", flagQueueRegion, region)
	}
	return text
}
