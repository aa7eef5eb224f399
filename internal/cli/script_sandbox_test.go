package cli_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"

	"relock/internal/sandbox"
	"relock/internal/sandbox/cognito"
	"relock/internal/sandbox/fault"
	"relock/internal/sandbox/wire"
	"relock/internal/telemetry/pushfake"
)

const (
	scriptPool  = "eu-west-1_Script001"
	scriptUsers = 50
)

// scriptEnv is what the commands of a script share.
type scriptEnv struct {
	server  *sandbox.Server
	pool    *cognito.Pool
	gateway *pushfake.Gateway
}

type scriptKey struct{}

// setUpScript gives each script a sandbox of its own with the queue relock, its
// dead-letter queue, the queue ordered.fifo, and a pool with the users user01 to
// user50; and an environment with nothing else of AWS in it.
func setUpScript(env *testscript.Env) error {
	server, err := sandbox.New(sandbox.Config{Regions: []string{"us-east-1"}, KnownKeysOnly: true})
	if err != nil {
		return err
	}
	if err := server.Faults().Set(); err != nil {
		return err
	}
	dead := "relock-dlq"
	for name, attributes := range map[string]map[string]string{
		dead:           nil,
		"ordered.fifo": {"FifoQueue": "true"},
	} {
		if err := server.SQS().Create(name, attributes); err != nil {
			return err
		}
	}
	redrive := fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":20}`, server.SQS().ARN(dead))
	if err := server.SQS().Create("relock", map[string]string{"RedrivePolicy": redrive}); err != nil {
		return err
	}
	pool, err := server.Cognito().AddPool(cognito.PoolConfig{ID: scriptPool})
	if err != nil {
		return err
	}
	for i := range scriptUsers {
		name := fmt.Sprintf("user%02d", i+1)
		if err := pool.Seed(cognito.Seed{Username: name, Email: name + "@example.com", EmailVerified: true}); err != nil {
			return err
		}
	}
	server.SetKey("AKIAEXPIRED000000001", wire.Key{Secret: "expired/secret/key/not/for/aws/000000001", Expired: true})
	url, err := server.Start("127.0.0.1:0")
	if err != nil {
		return err
	}
	env.Defer(func() { _ = server.Close(context.Background()) }) // its work is done
	gateway := &pushfake.Gateway{}
	pushed := httptest.NewServer(gateway)
	env.Defer(pushed.Close)
	env.Values[scriptKey{}] = &scriptEnv{server, pool, gateway}
	env.Vars = append(env.Vars,
		"AWS_ENDPOINT_URL="+url,
		"AWS_ACCESS_KEY_ID="+sandbox.DemoAccessKeyID, "AWS_SECRET_ACCESS_KEY="+sandbox.DemoSecretAccessKey,
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_EC2_METADATA_DISABLED=true",
		"GATEWAY="+pushed.URL, "ENDPOINT="+url, "ENDPOINT_ADDRESS="+strings.TrimPrefix(url, "http://"), "POOL="+scriptPool, "QUEUE="+url+server.SQS().Path("relock"),
		"RELOCK_METRICS_LISTEN=off", "TERM=xterm",
	)
	return nil
}

func sandboxOf(ts *testscript.TestScript) *scriptEnv { return ts.Value(scriptKey{}).(*scriptEnv) }

// scriptAWS is `aws none|expired|unknown|wrong|ok`: it changes the credentials.
func scriptAWS(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: aws none|expired|unknown|wrong|ok")
	}
	id, secret := sandbox.DemoAccessKeyID, sandbox.DemoSecretAccessKey
	switch args[0] {
	case "none":
		id, secret = "", ""
	case "expired":
		id, secret = "AKIAEXPIRED000000001", "expired/secret/key/not/for/aws/000000001"
	case "unknown":
		id = "AKIANOBODY0000000001"
	case "wrong":
		secret = "wrong"
	case "ok":
	default:
		ts.Fatalf("no such credentials: %s", args[0])
	}
	ts.Setenv("AWS_ACCESS_KEY_ID", id)
	ts.Setenv("AWS_SECRET_ACCESS_KEY", secret)
}

// scriptFault is `fault RULE…`: these faults, and no others, from now on.
func scriptFault(ts *testscript.TestScript, neg bool, args []string) {
	var rules []fault.Rule
	for _, text := range args {
		rule, err := fault.Parse(text)
		ts.Check(err)
		rules = append(rules, rule)
	}
	ts.Check(sandboxOf(ts).server.Faults().Set(rules...))
}

// scriptDepth is `depth QUEUE VISIBLE`: so many messages are visible, none other
// is there.
func scriptDepth(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: depth QUEUE VISIBLE")
	}
	d, err := sandboxOf(ts).server.SQS().Depth(args[0])
	ts.Check(err)
	if got := fmt.Sprint(d.Visible); got != args[1] || d.InFlight != 0 || d.Delayed != 0 {
		ts.Fatalf("the queue %s has %+v, want %s visible and nothing else", args[0], d, args[1])
	}
}

// scriptResets is `resets N`: N users were reset, each once.
func scriptResets(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: resets N [POOL]")
	}
	n, pool := 0, sandboxOf(ts).pool
	if len(args) == 2 {
		pool, _ = sandboxOf(ts).server.Cognito().Pool(args[1])
	}
	for u := range pool.Users() {
		if len(u.Resets) > 1 {
			ts.Fatalf("%s was reset %d times", u.Username, len(u.Resets))
		}
		n += len(u.Resets)
	}
	if strconv.Itoa(n) != args[0] {
		ts.Fatalf("%d users were reset, want %s", n, args[0])
	}
}

// scriptSend is `send QUEUE FILE`: each line of the file is sent as a message,
// its variables replaced.
func scriptSend(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: send QUEUE FILE")
	}
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		body := os.Expand(strings.TrimSuffix(line, "\n"), ts.Getenv)
		ts.Check(sandboxOf(ts).server.SQS().Send(args[0], body))
	}
}

// scriptGateway is `gateway SCHEDULE SERIES [VALUE]`: the Pushgateway has the series,
// with that value, or with any but 0. With a ! before it, it has it not.
func scriptGateway(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 && len(args) != 3 {
		ts.Fatalf("usage: gateway SCHEDULE SERIES [VALUE]")
	}
	all := sandboxOf(ts).gateway.Series("job/relock/schedule/" + args[0])
	got, there := all[args[1]]
	switch {
	case neg && there:
		ts.Fatalf("%s is %s", args[1], got)
	case neg:
	case !there || len(args) == 2 && got == "0" || len(args) == 3 && got != args[2]:
		ts.Fatalf("%s is %q, want %q; there are %v", args[1], got, args[2:], slices.Sorted(maps.Keys(all)))
	}
}

// scriptOccupy is `occupy ADDRESS`: something listens there until the script ends.
func scriptOccupy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: occupy ADDRESS")
	}
	ln, err := net.Listen("tcp", args[0]) //nolint:noctx // it ends with the script
	if errors.Is(err, syscall.EADDRINUSE) {
		return // by somebody else
	}
	ts.Check(err)
	ts.Defer(func() { _ = ln.Close() })
}
