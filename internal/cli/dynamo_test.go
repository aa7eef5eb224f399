package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"relock/internal/peers/servers"
	"relock/internal/sandbox"
	"relock/internal/sandbox/cognito"
)

// TestDynamoDB goes the whole way with a ledger in DynamoDB: no table, a table,
// an enqueue, a worker, and what job says of it.
func TestDynamoDB(t *testing.T) {
	server, err := sandbox.New(sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	const poolID, users, unknown = "eu-west-1_Dynamo001", 30, 5
	pool, err := server.Cognito().AddPool(cognito.PoolConfig{ID: poolID})
	if err != nil {
		t.Fatal(err)
	}
	for i := range unknown { // else the list would be longer than the pool
		if err := pool.Seed(cognito.Seed{Username: fmt.Sprintf("other%02d", i)}); err != nil {
			t.Fatal(err)
		}
	}
	var list strings.Builder
	list.WriteString("username\n")
	for i := range users + unknown {
		name := fmt.Sprintf("user%02d", i)
		list.WriteString(name + "\n")
		if i >= users {
			name = "other" + name // the pool is as long as the list
		}
		if err := pool.Seed(cognito.Seed{Username: name, Email: name + "@example.com", EmailVerified: true}); err != nil {
			t.Fatal(err)
		}
	}
	if err := server.SQS().CreateWithDeadLetters("jobs", nil); err != nil {
		t.Fatal(err)
	}
	url, err := server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close(context.Background()) }) // its work is done
	file := filepath.Join(t.TempDir(), "users.csv")
	if err := os.WriteFile(file, []byte(list.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	spare := filepath.Join(t.TempDir(), "spare.csv")
	if err := os.WriteFile(spare, []byte("username\nuser00\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": url, "AWS_ENDPOINT_URL_DYNAMODB": servers.StartDynalite(t), "AWS_CA_BUNDLE": "", "AWS_PROFILE": "",
		"AWS_ACCESS_KEY_ID": sandbox.DemoAccessKeyID, "AWS_SECRET_ACCESS_KEY": sandbox.DemoSecretAccessKey,
		"AWS_REGION": "eu-west-1", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"RELOCK_USER_POOL_ID": poolID, "RELOCK_QUEUE": url + server.SQS().Path("jobs"), "RELOCK_LEDGER": "dynamodb://relock",
		"RELOCK_YES": "true", "RELOCK_MAX_USERS": "100", "RELOCK_METRICS_LISTEN": "off", "RELOCK_JOB": "",
	} {
		t.Setenv(name, value)
	}
	resets := func() (n int) {
		for u := range pool.Users() {
			n += len(u.Resets)
		}
		return n
	}
	for _, step := range []struct {
		program Program
		args    string
		code    int
		want    []string // parts of what is said
		resets  int
	}{
		{Worker, "worker --drain", ExitError, []string{"no such DynamoDB table", "relock", "enqueue --create-table"}, 0},
		{Job, "job list", ExitError, []string{"no such DynamoDB table"}, 0},
		{Enqueue, "enqueue --job one " + file, ExitError, []string{"no such DynamoDB table", "enqueue --create-table"}, 0},
		{Enqueue, "enqueue --job one --create-table --ledger file:x " + file, ExitUsage, []string{"--create-table goes with"}, 0},
		{Enqueue, "enqueue --job one --ledger dynamodb://a/b " + file, ExitUsage, []string{"not the name of a DynamoDB table"}, 0},
		{Enqueue, "enqueue --job one --create-table " + file, ExitOK, []string{"35 targets", "dynamodb://relock"}, 0},
		{Enqueue, "enqueue --job one " + file, ExitOK, nil, 0}, // it goes on
		{Job, "job status one", ExitOK, []string{"open", "35 targets"}, 0},
		{Job, "job pause one", ExitOK, nil, 0},
		{Job, "job resume one", ExitOK, nil, 0},
		{Worker, "worker --drain --rate 30", ExitSomeFailed, []string{"30  reset", "5  user_not_found", "root of its 36 records"}, users},
		{Job, "job list", ExitOK, []string{"one", "finished"}, users},
		{Job, "job failed one", ExitOK, []string{"user30,32,user_not_found"}, users},
		{Job, "job results one", ExitOK, []string{"user00,2,reset", "user29,31,reset"}, users},
		{Job, "job still-open one", ExitOK, []string{"of 35 users, 0 can still sign in"}, users},
		{Job, "job verify one", ExitOK, []string{"leaves  36", "the root of the ledger's own seal"}, users},
		{Job, "job evidence --json one", ExitOK, []string{`"balanced":true`, `"sealed":"whole"`}, users},
		{Job, "job recovery --all one", ExitOK, []string{"30 of them (100.0 %)"}, users},
		{Enqueue, "enqueue --job one " + file, ExitError, []string{"finished on"}, users},
		{Enqueue, "enqueue --job two " + file, ExitOK, nil, users},
		{Job, "job cancel two", ExitOK, []string{"35 targets were not reset"}, users},
		{Worker, "worker --drain --job two", ExitOK, []string{"35  cancelled"}, users},
		{Job, "job pending two", ExitOK, nil, users},
		{Enqueue, "enqueue --retry-failed one --job three --exclude " + spare, ExitOK, []string{"the failed targets of job one: 5", "excluded    1 user"}, users},
		{Enqueue, "enqueue --retry-failed one --job three --exclude " + spare, ExitOK, []string{"was sent before"}, users},
		{Enqueue, "enqueue --retry-failed three", ExitError, []string{"job three still runs: 5 of its targets"}, users},
		{Worker, "worker --drain --job three --same-failure-share 2", ExitSomeFailed, []string{"5  user_not_found"}, users},
		// With the exclusions of the job that it tries again.
		{Enqueue, "enqueue --dry-run --retry-failed three", ExitOK, []string{"the failed targets of job three: 5", "excluded    1 user"}, users},
	} {
		var out bytes.Buffer
		args := strings.Fields(step.args)
		code := step.program(t.Context(), t.Context(), Streams{In: strings.NewReader(""), Out: &out, Err: &out}, args)
		if code != step.code || resets() != step.resets {
			t.Fatalf("%s: exit %d, want %d; %d resets, want %d\n%s", step.args, code, step.code, resets(), step.resets, &out)
		}
		for _, want := range step.want {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: want %q in\n%s", step.args, want, &out)
			}
		}
	}
}
