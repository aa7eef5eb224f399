package cli

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v3"

	"relock/internal/sandbox"
	"relock/internal/sandbox/cognito"
	"relock/internal/sandbox/demo"
)

// readPools runs poolOptions on a command line.
func readPools(t *testing.T, args ...string) (p sandboxPools, cfg sandbox.Config, err error) {
	t.Helper()
	cfg.Region = "eu-west-1"
	cmd := &cli.Command{
		Flags:                     poolFlags(func(string) cli.ValueSourceChain { return cli.ValueSourceChain{} }),
		DisableSliceFlagSeparator: true,
	}
	var c *cli.Command
	cmd.Action = func(_ context.Context, cmd *cli.Command) error { c = cmd; return nil }
	if err := cmd.Run(t.Context(), append([]string{"serve"}, args...)); err != nil {
		t.Fatal(err)
	}
	p, err = poolOptions(c, &cfg)
	return p, cfg, err
}

// What the flags ask for is there when the sandbox starts.
func TestPoolFlags(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "users.csv")
	if err := os.WriteFile(file, []byte("username,status\nana,\nbob,UNCONFIRMED\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, cfg, err := readPools(t, "--demo", "--pool", "us-east-1_AbCdEf123,on-demand=u[0-9]{1,3}", "--pool-users", file,
		"--quota", "UserAccountRecovery=15,burst=3", "--switch", "attempt-limit=7", "--ses-sandbox")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"us-east-1"}, cfg.Regions); diff != "" {
		t.Errorf("further Regions:\n%s", diff)
	}
	server, err := sandbox.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := p.create(server.Cognito())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{demo.PoolID, "us-east-1_AbCdEf123"}, ids); diff != "" {
		t.Error(diff)
	}
	pool, _ := server.Cognito().Pool("us-east-1_AbCdEf123")
	if u, ok := pool.User("bob"); !ok || u.Status != cognito.Unconfirmed {
		t.Errorf("bob is %+v, %v", u, ok)
	}
	if _, ok := pool.User("u123"); !ok {
		t.Error("u123 is not made up")
	}
	if l, _ := server.Cognito().Quota(cognito.UserAccountRecovery); l != (cognito.Limit{Rate: 15, Burst: 3}) {
		t.Errorf("the quota is %+v", l)
	}
	if n := server.Cognito().Switches().AttemptLimit; n != 7 {
		t.Errorf("the attempt limit is %d", n)
	}
	if s := server.Account().SES(); s.ProductionAccess || s.Max24HourSend != 200 {
		t.Errorf("SES is %+v", s)
	}
}

func TestPoolFlagsRefused(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"no pool ID":            {"--pool", "pool"},
		"a pool twice":          {"--pool", "eu-west-1_Aa1", "--pool", "eu-west-1_Aa1"},
		"the demo's pool twice": {"--demo", "--pool", demo.PoolID},
		"users of two pools":    {"--pool", "eu-west-1_Aa1", "--pool", "eu-west-1_Bb2", "--pool-users", "users.csv"},
		"users of no pool":      {"--pool-users", "eu-west-1_Aa1=users.csv"},
		"no such category":      {"--quota", "Shoe=1"},
		"no such switch":        {"--switch", "shoe=1"},
		"no such value":         {"--switch", "list-lag"},
	} {
		if _, _, err := readPools(t, args...); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	p, _, err := readPools(t, "--pool", "eu-west-1_Aa1", "--pool-users", "eu-west-1_Aa1="+filepath.Join(t.TempDir(), "missing.csv"))
	if err != nil {
		t.Fatal(err)
	}
	server, err := sandbox.New(sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.create(server.Cognito()); err == nil {
		t.Error("a missing file of users: no error")
	}
}
