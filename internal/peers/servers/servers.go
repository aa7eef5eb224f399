package servers

import (
	"os"
	"testing"
)

const nodeParts = "run make test-peers (it installs test/peers/package.json into .cache/peers, with npm)"

// StartMoto starts moto, with an empty account, and returns its address, for
// example "http://127.0.0.1:40123". It serves SQS, Cognito user pools, DynamoDB,
// STS and others on one port. It ends with the test.
//
// Keep queues under 400 messages, and wait for no throttle: it has none.
func StartMoto(t testing.TB) string {
	t.Helper()
	script := file(t, "moto", "test/peers/moto.sh")
	lookPath(t, "moto_server", "install moto's server, version 5.2.1 (for Python: moto[server])")
	return start(t, "moto", "", "sh", script)
}

// StartFauxqs starts fauxqs, with no queues, and returns its address. It serves
// SQS. It ends with the test.
func StartFauxqs(t testing.TB) string {
	t.Helper()
	return startNode(t, "fauxqs", "test/peers/fauxqs.mjs")
}

// StartDynalite starts dynalite, with no tables, and returns its address. It
// serves DynamoDB from memory, and its tables are active after 1 ms. It ends with
// the test.
func StartDynalite(t testing.TB) string {
	t.Helper()
	return startNode(t, "dynalite", "test/peers/dynalite.mjs")
}

// startNode runs a module as text, because imports are then looked up from the
// working directory, and the packages are in .cache/peers.
func startNode(t testing.TB, name, module string) string {
	t.Helper()
	wanted(t)
	dir := Dir(t)
	if _, err := os.Stat(dir + "/node_modules/" + name + "/package.json"); err != nil {
		missing(t, name, nodeParts)
	}
	text, err := os.ReadFile(file(t, name, module))
	if err != nil {
		t.Fatalf("reading %s: %v", module, err)
	}
	return start(t, name, dir, node(t, dir), "--input-type=module", "-e", string(text))
}

// AWSCLI returns the path of the AWS command line.
func AWSCLI(t testing.TB) string {
	t.Helper()
	return lookPath(t, "aws", "install the AWS CLI (Debian: awscli)")
}

// Promtool returns the path of Prometheus's promtool.
func Promtool(t testing.TB) string {
	t.Helper()
	return lookPath(t, "promtool", "install Prometheus (Debian: prometheus)")
}
