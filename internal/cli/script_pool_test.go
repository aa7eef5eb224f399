package cli_test

import (
	"github.com/rogpeppe/go-internal/testscript"

	"relock/internal/sandbox/cognito"
)

// scriptPoolAdd is `pool ID[,OPTION…]`: one more pool, as `sandbox serve --pool`
// makes it.
func scriptPoolAdd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: pool ID[,OPTION…]")
	}
	cfg, err := cognito.ParsePool(args[0])
	ts.Check(err)
	_, err = sandboxOf(ts).server.Cognito().AddPool(cfg)
	ts.Check(err)
}

// scriptSeed is `seed POOL FILE`: it adds the users of a file to a pool.
func scriptSeed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: seed POOL FILE")
	}
	pool, ok := sandboxOf(ts).server.Cognito().Pool(args[0])
	if !ok {
		ts.Fatalf("there is no pool %s", args[0])
	}
	_, err := pool.SeedFile(ts.MkAbs(args[1]))
	ts.Check(err)
}

// scriptSwitch is `switch NAME VALUE`: it chooses a behaviour of the sandbox.
func scriptSwitch(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: switch NAME VALUE")
	}
	ts.Check(sandboxOf(ts).server.Cognito().SetSwitch(args[0], args[1]))
}
