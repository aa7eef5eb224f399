package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"relock/internal/sandbox"
	"relock/internal/sandbox/demo"
)

const demoHelp = `Starts the sandbox on a free loopback port with a user pool of every kind of user,
enqueues examples/users.csv, runs a worker at the default budget, and compares
what the ledger says with what the sandbox has seen and with examples/README.md.
No AWS account and no network are needed; the environment's AWS settings are not
used.`

func demoCommand(s Streams) *cli.Command {
	return &cli.Command{
		Name:        "demo",
		Usage:       "the whole way, from a list to every user's outcome, without AWS",
		Description: demoHelp,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "examples", Value: "examples", Usage: "the `DIR` with users.csv and README.md"},
			jsonFlag(),
		},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			return runDemo(ctx, cmd.String("examples"), cmd.Bool(flagJSON), s)
		},
	}
}

// demoJSON says where the demo's work is, when it went well.
type demoJSON struct {
	Event  string `json:"event"` // demo
	Job    string `json:"job"`
	Ledger string `json:"ledger"`
}

func runDemo(ctx context.Context, examples string, machine bool, s Streams) error {
	words := s.Out
	if machine {
		words = s.Err
	}
	table, err := readTable(filepath.Join(examples, "README.md"))
	if err != nil {
		return err
	}
	server, err := sandbox.New(sandbox.Config{})
	if err != nil {
		return err
	}
	queue := sandboxQueue{name: "relock", visibility: 30 * time.Second, maxReceives: 20}
	if err := queue.create(server.SQS()); err != nil {
		return err
	}
	pool, err := demo.AddPool(server.Cognito())
	if err != nil {
		return err
	}
	url, err := server.Start("127.0.0.1:0")
	if err != nil {
		return err
	}
	defer func() { _ = server.Close(context.WithoutCancel(ctx)) }() // its work is done
	dir, err := os.MkdirTemp("", "relock-demo-")
	if err != nil {
		return err
	}
	if err := sandboxEnvironment(url); err != nil {
		return err
	}
	queueURL := url + server.SQS().Path(queue.name)
	where := []string{"--" + flagPool, demo.PoolID, "--" + flagQueue, queueURL, "--" + flagLedger, "file:" + dir}

	say(words, "A stand-in for AWS listens on %s.\n\n$ enqueue %s %s\n", url, strings.Join(where, " "), filepath.Join(examples, "users.csv"))
	args := append([]string{"enqueue"}, where...)
	args = append(args, "--yes", "--max-users", "1000", "--reason", "demo", filepath.Join(examples, "users.csv"))
	if machine {
		args = append(args, "--"+flagJSON)
	}
	if code := Enqueue(ctx, ctx, s, args); code != ExitOK {
		return &exitError{code, errors.New("the demo's enqueue failed")}
	}
	say(words, "\n$ worker %s --drain\n", strings.Join(where, " "))
	args = append([]string{"worker"}, where...)
	args = append(args, "--drain", "--metrics-listen", "127.0.0.1:0")
	if machine {
		args = append(args, "--"+flagJSON)
	}
	code := Worker(ctx, ctx, s, args)
	if ctx.Err() != nil {
		return &exitError{code, errors.New("interrupted")}
	}
	if err := checkDemo(ctx, code, table, dir, server, pool.Users()); err != nil {
		return fmt.Errorf("the demo went wrong: %w", err)
	}
	if machine {
		return writeJSON(s.Out, demoJSON{"demo", demoJob(ctx, dir), "file:" + dir})
	}
	say(words, `
The demo went as examples/README.md says: ledger, sandbox and table agree on every
outcome, nobody was reset twice, no call was throttled.

Where to look next:
  bin/job list    --%[1]s file:%[2]s
  bin/job results --%[1]s file:%[2]s %[3]s
  README.md for real use; docs/sandbox.md for the stand-in
`, flagLedger, dir, demoJob(ctx, dir))
	return nil
}

func readTable(path string) (map[string]int, error) {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return nil, fmt.Errorf("the demo runs at the top of the checkout, or with --examples DIR: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	table, err := demo.ReadTable(bufio.NewReader(f))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return table, nil
}

// sandboxEnvironment points the SDK at the sandbox and hides whatever the
// machine's own environment says of AWS.
func sandboxEnvironment(url string) error {
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		if strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "RELOCK_") {
			if err := os.Unsetenv(name); err != nil {
				return err
			}
		}
	}
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL":            url,
		"AWS_ACCESS_KEY_ID":           sandbox.DemoAccessKeyID,
		"AWS_SECRET_ACCESS_KEY":       sandbox.DemoSecretAccessKey,
		"AWS_CONFIG_FILE":             os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_EC2_METADATA_DISABLED":   "true",
	} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}
