package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// bare is what a competent loop over the SDK does: no ledger, no metrics, no
// heartbeat, and the same connection pool as ours, so that only our own work is
// compared.
func bare(args []string) error {
	fs := flag.NewFlagSet(args[0], flag.ExitOnError)
	url := fs.String("queue", "", "URL of the queue")
	n := fs.Int("n", 0, "targets")
	concurrency := fs.Int("c", 16, "goroutines")
	dir := fs.String("dir", "", "folder of a file queue to fill")
	table := fs.String("table", "", "DynamoDB table in which each target is read, claimed and recorded")
	if err := fs.Parse(args[1:]); err != nil {
		return err
	}
	ctx := context.Background()
	if args[0] == "bare-fill" {
		return fill(ctx, *dir, *n)
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithHTTPClient(awshttp.NewBuildableClient()))
	if err != nil {
		return err
	}
	b := bareLoop{sqs: sqs.NewFromConfig(cfg), cip: cip.NewFromConfig(cfg), url: *url, n: int64(*n), c: *concurrency}
	if *table != "" {
		b.record = &bareTable{dynamodb.NewFromConfig(cfg), *table}
	}
	if args[0] == "bare-send" {
		return b.send(ctx)
	}
	return b.reset(ctx)
}

type bareLoop struct {
	sqs *sqs.Client
	cip *cip.Client
	url string
	n   int64
	c   int

	record *bareTable // nil: no ledger
}

// reset: receive ten, reset each, delete ten.
func (b *bareLoop) reset(ctx context.Context) error {
	var done atomic.Int64
	return b.each(func(int) error {
		for done.Load() < b.n {
			out, err := b.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &b.url, MaxNumberOfMessages: 10, WaitTimeSeconds: 1})
			if err != nil {
				continue
			}
			var entries []types.DeleteMessageBatchRequestEntry
			for i, m := range out.Messages {
				name, err := bareName(aws.ToString(m.Body))
				if err != nil {
					return err
				}
				if err := b.record.claim(ctx, name); err != nil {
					return err
				}
				if _, err := b.cip.AdminResetUserPassword(ctx, &cip.AdminResetUserPasswordInput{UserPoolId: aws.String(pool), Username: &name}); err != nil {
					continue
				}
				if err := b.record.outcome(ctx, name); err != nil {
					return err
				}
				entries = append(entries, types.DeleteMessageBatchRequestEntry{Id: new(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle})
			}
			if len(entries) == 0 {
				continue
			}
			if _, err := b.sqs.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &b.url, Entries: entries}); err != nil {
				continue
			}
			done.Add(int64(len(entries)))
		}
		return nil
	})
}

// send: ten messages a call.
func (b *bareLoop) send(ctx context.Context) error {
	var next atomic.Int64
	return b.each(func(int) error {
		for {
			first := next.Add(10) - 10
			if first >= b.n {
				return nil
			}
			var entries []types.SendMessageBatchRequestEntry
			for i := first; i < min(first+10, b.n); i++ {
				body := fmt.Sprintf(`{"v":1,"ledger":"0123456789abcdef0123456789abcdef","job":"bench-1","pool":%q,"username":"user-%08d"}`, pool, i)
				entries = append(entries, types.SendMessageBatchRequestEntry{Id: new(strconv.FormatInt(i, 10)), MessageBody: &body})
			}
			out, err := b.sqs.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &b.url, Entries: entries})
			if err != nil {
				return err
			}
			if len(out.Failed) > 0 {
				return errors.New("entries failed")
			}
		}
	})
}

func (b *bareLoop) each(f func(int) error) error {
	errs := make([]error, b.c)
	var wg sync.WaitGroup
	for i := range b.c {
		wg.Go(func() { errs[i] = f(i) })
	}
	wg.Wait()
	return errors.Join(errs...)
}
