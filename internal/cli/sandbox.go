package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"relock/internal/file"
	"relock/internal/sandbox"
	"relock/internal/sandbox/fault"
	"relock/internal/sandbox/sqs"
)

// sandboxUsage is what `sandbox serve --help` teaches.
const sandboxUsage = `Serves SQS, Cognito user pools, Service Quotas, STS and SES's account quotas
on one loopback port, as strictly as AWS. Point any AWS client at it:

   sandbox serve --listen 127.0.0.1:4566 --queue jobs --demo
   export AWS_ENDPOINT_URL=http://127.0.0.1:4566
   export AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=eu-west-1
   export AWS_ACCESS_KEY_ID=` + sandbox.DemoAccessKeyID + `
   export AWS_SECRET_ACCESS_KEY=` + sandbox.DemoSecretAccessKey + `
   aws sqs list-queues

Any other access key works as well; then signatures are not verified.

Faults, each NAME[@SERVICE[.OPERATION]]=RATE[,count=N][,skip=N]:

   --fault throttle@cognito-idp.AdminResetUserPassword=0.05
   --fault reset-after@sqs=1,count=2,skip=10
   --fault latency=1,lognormal:100ms:0.5
   --fault error@sqs=0.1,code=KmsThrottled,query-code=KMS.ThrottlingException

User pools, each ID[,alias=A+B][,usernames=A+B][,recovery=A+B][,email=DEVELOPER]
[,sms][,sms=FAILURE][,estimate=N][,case-insensitive][,replica][,custom-message]
[,custom-sender][,on-demand=PATTERN], where any name of the pattern is a
confirmed user; their users; and what AWS leaves open:

   --pool eu-west-1_AbCdEf123,alias=email --pool-users users.csv
   --pool eu-west-1_Million001,email=DEVELOPER,on-demand=user-[0-9]{7}
   --quota UserAccountRecovery=15,burst=3
   --switch resend-on-reset-required=false

What happened is at /_sandbox/ of the same port; docs/sandbox.md has the rest.`

// Sandbox is the program that stands in for AWS.
func Sandbox(ctx, _ context.Context, s Streams, args []string) int {
	return run(ctx, s, &cli.Command{
		Name:     "sandbox",
		Usage:    "a stand-in for the parts of AWS that Relock calls",
		Version:  ourVersion(),
		Commands: []*cli.Command{serveCommand(s), demoCommand(s)},
		Action: func(ctx context.Context, c *cli.Command) error {
			if !c.Args().Present() {
				return usage("a command is missing: serve or demo")
			}
			return chooseCommand(ctx, c)
		},
	}, args)
}

func serveCommand(s Streams) *cli.Command {
	env := func(flag string) cli.ValueSourceChain { return env("sandbox-" + flag) }
	return &cli.Command{
		Name:                      "serve",
		Usage:                     "serve until stopped",
		Description:               sandboxUsage,
		DisableSliceFlagSeparator: true, // a fault's parameters hold commas
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1:4566", Sources: env("listen"), Usage: "loopback `HOST:PORT`; port 0 is any free one"},
			&cli.StringFlag{Name: "region", Value: "eu-west-1", Sources: env("region"), Usage: "the `REGION` of the queues and of unsigned calls"},
			&cli.StringFlag{Name: "account", Value: "123456789012", Sources: env("account"), Usage: "the `ACCOUNT` ID, twelve digits"},
			&cli.StringSliceFlag{Name: "queue", Sources: env("queue"), Usage: "create `QUEUE`, NAME[:VISIBILITY[:MAXRECEIVES]], and its dead-letter queue NAME-dlq; repeatable"},
			&cli.StringSliceFlag{Name: "fault", Sources: env("fault"), Usage: "make `FAULT`, see above; repeatable: " + strings.Join(fault.Names, ", ")},
			&cli.StringFlag{Name: "log", Sources: env("log"), Usage: "append every call to `FILE` as a JSON line"},
			&cli.Uint64Flag{Name: "seed", Sources: env("seed"), Usage: "make faults and IDs repeatable with `SEED`; 0 is random IDs"},
			&cli.BoolFlag{Name: "known-keys-only", Sources: env("known-keys-only"), Usage: "refuse every access key but the demo's"},
			&cli.StringSliceFlag{Name: "policy", Sources: env("policy"), Usage: "allow access key KEY, or every other one, only what the IAM policy in `[KEY=]FILE` grants; repeatable"},
			&cli.BoolFlag{Name: "any-time", Sources: env("any-time"), Usage: "accept signatures of any time, not only within 15 minutes"},
			&cli.BoolFlag{Name: "sqs-late-visibility", Sources: env("sqs-late-visibility"), Usage: "accept ChangeMessageVisibility after the visibility ran out"},
			&cli.IntFlag{Name: "sqs-max-in-flight", Value: 120000, Sources: env("sqs-max-in-flight"), Usage: "the limit of messages in flight per queue, `N`"},
			jsonFlag(),
		}, poolFlags(env)...),
		Action: func(ctx context.Context, c *cli.Command) error {
			opts, err := sandboxOptions(c)
			if err != nil {
				return err
			}
			return serve(ctx, opts, s.Out)
		},
	}
}

// sandboxConfig is what the flags of `sandbox serve` say.
type sandboxConfig struct {
	listen, log string
	json        bool
	queues      []sandboxQueue
	pools       sandboxPools
	config      sandbox.Config
}

func sandboxOptions(c *cli.Command) (sandboxConfig, error) {
	o := sandboxConfig{listen: c.String("listen"), log: c.String("log"), json: c.Bool(flagJSON)}
	o.config = sandbox.Config{
		AccountID: c.String("account"), Region: c.String("region"), Seed: c.Uint64("seed"),
		KnownKeysOnly: c.Bool("known-keys-only"), AnyTime: c.Bool("any-time"),
		SQS: sqs.Config{MaxInFlight: c.Int("sqs-max-in-flight"), LateVisibility: c.Bool("sqs-late-visibility")},
	}
	if c.Args().Present() {
		return o, usage("serve takes no arguments, and got %q", c.Args().First())
	}
	if err := sandbox.CheckAddress(o.listen); err != nil {
		return o, usage("--listen: %w", err)
	}
	if a := o.config.AccountID; len(a) != 12 || strings.Trim(a, "0123456789") != "" {
		return o, usage("--account %s: an account ID is twelve digits", a)
	}
	if c.Int("sqs-max-in-flight") < 1 {
		return o, usage("--sqs-max-in-flight %d: write 1 or more", c.Int("sqs-max-in-flight"))
	}
	for _, text := range c.StringSlice("fault") {
		rule, err := fault.Parse(text)
		if err != nil {
			return o, usage("--fault: %w", err)
		}
		o.config.Faults = append(o.config.Faults, rule)
	}
	for _, text := range c.StringSlice("policy") {
		if err := addPolicy(&o.config, text); err != nil {
			return o, usage("--policy %s: %w", text, err)
		}
	}
	for _, text := range c.StringSlice("queue") {
		q, err := parseSandboxQueue(text)
		if err != nil {
			return o, usage("--queue: %w", err)
		}
		o.queues = append(o.queues, q)
	}
	var err error
	if o.pools, err = poolOptions(c, &o.config); err != nil {
		return o, usage("%w", err)
	}
	return o, nil
}

// servingJSON says where the sandbox listens.
type servingJSON struct {
	Event  string   `json:"event"` // serving
	URL    string   `json:"url"`
	Queues []string `json:"queues"`
	Pools  []string `json:"user_pool_ids"`
}

func (v servingJSON) say(w io.Writer, machine bool) error {
	if machine {
		return writeJSON(w, v)
	}
	say(w, "listening on %s\n", v.URL)
	for _, q := range v.Queues {
		say(w, "queue %s\n", q)
	}
	for _, id := range v.Pools {
		say(w, "pool %s\n", id)
	}
	return nil
}

// serve runs the server until ctx ends.
func serve(ctx context.Context, o sandboxConfig, stdout io.Writer) (err error) {
	if o.log != "" {
		f, openErr := file.Append(o.log)
		if openErr != nil {
			return fmt.Errorf("--log: %w; name another file", openErr)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		o.config.LogTo = f
	}
	server, err := sandbox.New(o.config)
	if err != nil {
		return err
	}
	for _, q := range o.queues {
		if err := q.create(server.SQS()); err != nil {
			return err
		}
	}
	pools, err := o.pools.create(server.Cognito())
	if err != nil {
		return err
	}
	url, err := server.Start(o.listen)
	if err != nil {
		return err
	}
	at := servingJSON{Event: "serving", URL: url, Queues: []string{}, Pools: append([]string{}, pools...)}
	for _, q := range o.queues {
		at.Queues = append(at.Queues, url+server.SQS().Path(q.name))
	}
	if err := at.say(stdout, o.json); err != nil {
		return err
	}
	<-ctx.Done()
	shutdown, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	return server.Close(shutdown)
}
