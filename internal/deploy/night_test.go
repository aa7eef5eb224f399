package deploy

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"relock/internal/cli"
	"relock/internal/sandbox"
	"relock/internal/sandbox/cognito"
	"relock/internal/sandbox/fault"
	"relock/internal/sandbox/iam"
	"relock/internal/sandbox/sqs"
)

// role is who runs a program: an access key, and the policies it has.
type role struct {
	key      string
	policies []string
}

var (
	sender   = role{"AKIAENQUEUE000000001", []string{"enqueue"}}
	founder  = role{"AKIAFOUNDER000000001", []string{"enqueue", "table"}}
	worker   = role{"AKIAWORKER0000000001", []string{"worker"}}
	operator = role{"AKIAOPERATOR00000001", []string{"operator"}}
	// reader is who may look, and change nothing.
	reader = role{"AKIAREADER0000000001", []string{"reader"}}

	roles = []role{sender, founder, worker, operator, reader}
)

const users = 12

// night is a run from the list to the reports, each program under its own role.
type night struct {
	t      *testing.T
	guard  *iam.Guard
	server *sandbox.Server
	pool   *cognito.Pool
	// list has all users, and one whom the pool does not know; spared one of them.
	list, spared string
}

// newNight sets up the queues, encrypted, the pool, which sends with SES, and the
// roles. reduce changes a policy on its way to the guard.
func newNight(t *testing.T, reduce func(name string, p iam.Policy) iam.Policy) *night {
	t.Helper()
	n := &night{t: t, guard: new(iam.Guard)}
	for _, r := range roles {
		var all []iam.Policy
		for _, name := range r.policies {
			p := policy(t, name)
			if reduce != nil {
				p = reduce(name, p)
			}
			all = append(all, p)
		}
		n.guard.Set(r.key, all...)
	}
	var err error
	if n.server, err = sandbox.New(sandbox.Config{AccountID: account, Region: region, Guard: n.guard}); err != nil {
		t.Fatal(err)
	}
	n.queue("relock-dlq", map[string]string{"MessageRetentionPeriod": "1209600"})
	n.queue("relock", map[string]string{
		"MessageRetentionPeriod": "864000",
		"RedrivePolicy":          fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":20}`, deadARN),
	})
	if n.pool, err = n.server.Cognito().AddPool(cognito.PoolConfig{ID: poolID, EmailSendingAccount: "DEVELOPER"}); err != nil {
		t.Fatal(err)
	}
	var list strings.Builder
	list.WriteString("username\n")
	for i := range users {
		name := fmt.Sprintf("user%02d", i)
		list.WriteString(name + "\n")
		if err := n.pool.Seed(cognito.Seed{Username: name, Email: name + "@example.com", EmailVerified: true, Groups: []string{"staff"}, Sessions: 1}); err != nil {
			t.Fatal(err)
		}
	}
	list.WriteString("nobody\n")
	n.spared = n.file("spared.csv", "email\nuser00@example.com\n")
	n.list = n.file("users.csv", list.String())
	url, err := n.server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.server.Close(context.Background()) }) // its work is done
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": url, "AWS_CA_BUNDLE": "", "AWS_PROFILE": "", "AWS_REGION": region,
		"AWS_SECRET_ACCESS_KEY": "not/verified", "AWS_SESSION_TOKEN": "",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
		"RELOCK_USER_POOL_ID": poolID, "RELOCK_QUEUE": url + n.server.SQS().Path("relock"),
		"RELOCK_LEDGER": "file:" + filepath.Join(t.TempDir(), "ledger"), "RELOCK_METRICS_LISTEN": "off", "RELOCK_RATE": "25",
	} {
		t.Setenv(name, value)
	}
	return n
}

func (n *night) queue(name string, attributes map[string]string) {
	n.t.Helper()
	attributes["KmsMasterKeyId"] = keyARN
	attributes["SqsManagedSseEnabled"] = "false"
	if err := n.server.SQS().Create(name, attributes); err != nil {
		n.t.Fatal(err)
	}
}

func (n *night) file(name, text string) string {
	n.t.Helper()
	file := filepath.Join(n.t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		n.t.Fatal(err)
	}
	return file
}

// fault makes the sandbox fail in these ways from now on, and in no other.
func (n *night) fault(rules ...string) {
	n.t.Helper()
	var all []fault.Rule
	for _, text := range rules {
		r, err := fault.Parse(text)
		if err != nil {
			n.t.Fatal(err)
		}
		all = append(all, r)
	}
	if err := n.server.Faults().Set(all...); err != nil {
		n.t.Fatal(err)
	}
}

// run runs a program in a role, and returns its exit code and what it said.
func (n *night) run(as role, p cli.Program, args ...string) (int, string) {
	n.t.Helper()
	n.t.Setenv("AWS_ACCESS_KEY_ID", as.key)
	var out bytes.Buffer
	code := p(n.t.Context(), n.t.Context(), cli.Streams{In: strings.NewReader(""), Out: &out, Err: &out}, args)
	return code, out.String()
}

// step is run, for a program whose exit code is known.
func (n *night) step(as role, p cli.Program, want int, args ...string) (problem string) {
	n.t.Helper()
	code, out := n.run(as, p, args...)
	if code != want {
		return fmt.Sprintf("%s: exit %d, want %d\n%s", strings.Join(args, " "), code, want, out)
	}
	return ""
}

// whole is the night. It returns what went wrong.
func (n *night) whole(first role, enqueueFlags ...string) (problems []string) {
	n.t.Helper()
	do := func(as role, p cli.Program, want int, args ...string) {
		if problem := n.step(as, p, want, args...); problem != "" {
			problems = append(problems, problem)
		}
	}
	const noQuota = "error@servicequotas.GetServiceQuota=1,code=NoSuchResourceException,message=none applied"
	consent := []string{"--yes", "--max-users", "100"}
	enqueue := func(as role, want int, args ...string) {
		do(as, cli.Enqueue, want, slices.Concat([]string{"enqueue"}, consent, args)...)
	}

	// Interrupted, and goes on.
	send := slices.Concat(enqueueFlags, []string{"--job", "night", "--sign-out", "--exclude", n.spared, n.list})
	n.fault(noQuota, "error@sqs.SendMessageBatch=1,code=QueueDoesNotExist,query-code=AWS.SimpleQueueService.NonExistentQueue")
	enqueue(first, cli.ExitError, send...)
	n.fault(noQuota)
	enqueue(first, cli.ExitOK, send...)
	if err := n.server.SQS().Send("relock", "nonsense"); err != nil { // to be moved aside
		n.t.Fatal(err)
	}
	// A halt hands every message back.
	n.fault(noQuota, "access-denied@cognito-idp.AdminResetUserPassword=1,count=1,skip=2")
	do(worker, cli.Worker, cli.ExitHalted, "worker", "--drain")
	do(operator, cli.Job, cli.ExitOK, "job", "resume", "--user-pool-id", poolID)
	// A reply that is lost makes the worker ask.
	n.fault("reset-after@cognito-idp.AdminResetUserPassword=1,count=1,skip=2")
	do(worker, cli.Worker, cli.ExitSomeFailed, "worker", "--drain")
	n.fault()
	evidence := filepath.Join(n.t.TempDir(), "evidence.html")
	for _, args := range [][]string{
		{"list"}, {"status", "night"}, {"results", "night"}, {"failed", "night"}, {"pending", "night"},
		{"still-open", "--list", "night"}, {"evidence", "--output", evidence + ".reader", "night"}, {"verify", "night"},
	} {
		do(reader, cli.Job, cli.ExitOK, append([]string{"job"}, args...)...)
	}
	for _, args := range [][]string{
		{"list"}, {"status", "night"}, {"results", "night"}, {"failed", "night"}, {"pending", "night"},
		{"still-open", "--list", "night"}, {"recovery", "night"}, {"recovery", "--all", "night"},
		{"evidence", "--output", evidence, "night"}, {"verify", "night"},
	} {
		do(operator, cli.Job, cli.ExitOK, append([]string{"job"}, args...)...)
	}

	enqueue(first, cli.ExitOK, "--job", "again", "--retry-failed", "night")
	do(operator, cli.Job, cli.ExitOK, "job", "pause", "again")
	do(operator, cli.Job, cli.ExitOK, "job", "resume", "again")
	do(operator, cli.Job, cli.ExitOK, "job", "cancel", "--yes", "again")
	enqueue(first, cli.ExitOK, "--dry-run", "--all-users")
	enqueue(first, cli.ExitOK, "--dry-run", "--group", "staff")

	// A dead letter of an open job is sent again, the malformed one stays.
	enqueue(first, cli.ExitOK, "--job", "dead", "--exclude", n.spared, n.list)
	n.kill("dead")
	do(operator, cli.Job, cli.ExitOK, "job", "dead-letters")
	// The worker searches them with the same calls, once its queue has been empty for a minute.
	do(worker, cli.Job, cli.ExitOK, "job", "dead-letters")
	do(operator, cli.Job, cli.ExitOK, "job", "dead-letters", "--redrive")
	do(operator, cli.Job, cli.ExitOK, "job", "cancel", "--yes", "dead")

	resets := 0
	for u := range n.pool.Users() {
		resets += len(u.Resets)
	}
	if resets != users-1 {
		problems = append(problems, fmt.Sprintf("%d resets, want one for each of %d users but the one spared", resets, users))
	}
	if d, err := n.server.SQS().Depth("relock-dlq"); err != nil || d.Visible != 1 {
		problems = append(problems, fmt.Sprintf("the dead-letter queue has %+v (%v), want the malformed message", d, err))
	}
	return problems
}

// kill moves a message of the job to the dead-letter queue, as the queue does with
// one that was received too often.
func (n *night) kill(job string) {
	n.t.Helper()
	messages, err := n.server.SQS().Messages("relock", 0)
	if err != nil {
		n.t.Fatal(err)
	}
	i := slices.IndexFunc(messages, func(m sqs.Message) bool { return strings.Contains(m.Body, `"job":"`+job+`"`) })
	if i < 0 {
		n.t.Fatalf("no message of job %s in the queue", job)
	}
	if err := n.server.SQS().Send("relock-dlq", messages[i].Body); err != nil {
		n.t.Fatal(err)
	}
}
